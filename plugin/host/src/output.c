#define _XOPEN_SOURCE 700
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "msgpack.h"

static struct {
    pthread_mutex_t lock; /* keeps the lines of a batch together */
    int fd;
    const char *name;
    bool with_time;
} output = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDOUT_FILENO, .name = "stdout"};

bool output_open(const char *path, bool with_time)
{
    output.with_time = with_time;
    if (path == NULL || strcmp(path, "-") == 0 || strcmp(path, "stdout") == 0) {
        return true;
    }
    output.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (output.fd < 0) {
        log_line(LOG_ERROR, "[host] cannot open %s for the records: %s", path, strerror(errno));
        return false;
    }
    output.name = path;
    return true;
}

/*
 * Ends the process without the plugins' exit calls, as if it had been killed: a plugin that saw another call would have
 * to take this batch for accepted.
 */
_Noreturn static void give_up(void)
{
    log_line(LOG_ERROR, "[host] cannot write records to %s: %s", output.name, strerror(errno));
    _exit(1);
}

static void write_all(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(output.fd, data, len);

        if (n >= 0) {
            data += n;
            len -= (size_t)n;
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd ready = {.fd = output.fd, .events = POLLOUT};

            if (poll(&ready, 1, -1) >= 0 || errno == EINTR) {
                continue;
            }
        } else if (errno == EINTR) {
            continue;
        }
        give_up();
    }
}

bool output_batch(const char *kind, const char *source, const void *data, size_t len)
{
    struct text lines = {0};
    struct msgpack_result result = msgpack_lines(&lines, data, len, output.with_time);

    if (lines.len > 0) {
        pthread_mutex_lock(&output.lock);
        write_all(lines.data, lines.len);
        pthread_mutex_unlock(&output.lock);
    }
    text_free(&lines);
    if (result.error != NULL) {
        log_line(LOG_ERROR, "[%s:%s] malformed records: %s, at byte %zu of %zu; %zu records before it are printed",
                 kind, source, result.error, result.offset, len, result.records);
        return false;
    }
    log_line(LOG_DEBUG, "[%s:%s] %zu records, %zu bytes", kind, source, result.records, len);
    return true;
}

bool output_close(void)
{
    if (output.fd != STDOUT_FILENO && close(output.fd) != 0) {
        log_line(LOG_ERROR, "[host] cannot write records to %s: %s", output.name, strerror(errno));
        return false;
    }
    return true;
}
