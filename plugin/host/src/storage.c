#define _XOPEN_SOURCE 700
#include "storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "msgpack.h"

enum { MAGIC_LEN = 8, HEAD_LEN = MAGIC_LEN + 4, TAG_MOST = 65536 };

/* Behind the chunk's name: Fluent Bit takes what ends in .flb for its own. */
#define SUFFIX ".host"

static const char magic[MAGIC_LEN + 1] = "lshchnk1";

static char *join(const char *folder, const char *name, const char *suffix)
{
    struct text path = {0};

    text_addf(&path, "%s/%s%s", folder, name, suffix);
    return text_take(&path);
}

/* As mkdir -p. */
static bool make_folder(const char *path)
{
    char *copy = mem_copy(path);
    bool ok;

    for (char *p = copy + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            mkdir(copy, 0777); /* what went wrong shows at the last one */
            *p = '/';
        }
    }
    ok = mkdir(copy, 0777) == 0 || errno == EEXIST;
    free(copy);
    return ok;
}

static bool write_at(int fd, const char *data, size_t len, size_t at)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, data, len, (off_t)at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
        at += (size_t)n;
    }
    return true;
}

static bool read_at(int fd, char *out, size_t len, size_t at)
{
    while (len > 0) {
        ssize_t n = pread(fd, out, len, (off_t)at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        out += n;
        len -= (size_t)n;
        at += (size_t)n;
    }
    return true;
}

bool storage_create(struct chunk *chunk, const char *folder)
{
    size_t len = strlen(chunk->tag);
    char head[HEAD_LEN];

    chunk->path = join(folder, chunk->name, SUFFIX);
    chunk->offset = HEAD_LEN + len;
    memcpy(head, magic, MAGIC_LEN);
    for (int i = 0; i < 4; i++) {
        head[MAGIC_LEN + i] = (char)(len >> (24 - 8 * i));
    }
    if (make_folder(folder)) {
        chunk->fd = open(chunk->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    if (chunk->fd < 0 || !write_at(chunk->fd, chunk->tag, len, HEAD_LEN) || !write_at(chunk->fd, head, HEAD_LEN, 0)) {
        log_line(LOG_ERROR, "[storage] cannot create %s: %s", chunk->path, strerror(errno));
        return false;
    }
    return true;
}

static int descriptor(const struct chunk *chunk)
{
    return chunk->fd >= 0 ? chunk->fd : open(chunk->path, O_RDWR | O_CLOEXEC);
}

static void release(const struct chunk *chunk, int fd)
{
    if (fd >= 0 && fd != chunk->fd) {
        close(fd);
    }
}

bool storage_write(struct chunk *chunk, const void *data, size_t len)
{
    int fd = descriptor(chunk);
    bool ok = fd >= 0 && write_at(fd, data, len, chunk->offset + chunk->len);

    if (!ok) {
        log_line(LOG_ERROR, "[storage] cannot write to %s: %s", chunk->path, strerror(errno));
    }
    release(chunk, fd);
    return ok;
}

bool storage_read(const struct chunk *chunk, void *out)
{
    int fd = descriptor(chunk);
    bool ok = fd >= 0 && read_at(fd, out, chunk->len, chunk->offset);

    if (!ok) {
        log_line(LOG_ERROR, "[storage] cannot read %s: %s", chunk->path, strerror(errno));
    }
    release(chunk, fd);
    return ok;
}

/* Reads the head; false where the file is none of a chunk. */
static bool read_head(struct chunk *chunk)
{
    unsigned char head[HEAD_LEN];
    size_t len = 0;

    if (!read_at(chunk->fd, (char *)head, HEAD_LEN, 0) || memcmp(head, magic, MAGIC_LEN) != 0) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        len = len << 8 | head[MAGIC_LEN + i];
    }
    if (len == 0 || len > TAG_MOST) {
        return false;
    }
    chunk->tag = mem_zeroed(len + 1);
    chunk->offset = HEAD_LEN + len;
    return read_at(chunk->fd, chunk->tag, len, HEAD_LEN);
}

/* Sets len and records to what is whole in the file. */
static bool measure(struct chunk *chunk)
{
    struct msgpack_result result;
    struct stat about;
    char *data;
    bool ok;

    if (fstat(chunk->fd, &about) != 0 || about.st_size < (off_t)chunk->offset) {
        return false;
    }
    chunk->len = (size_t)about.st_size - chunk->offset;
    data = mem_zeroed(chunk->len);
    ok = storage_read(chunk, data);
    if (ok) {
        result = msgpack_check(data, chunk->len);
        if (result.error != NULL) {
            log_line(LOG_WARN, "[storage] %s: %zu bytes at its end are no whole event and left out", chunk->path,
                     chunk->len - result.whole);
        }
        chunk->len = result.whole;
        chunk->records = result.records;
    }
    free(data);
    return ok;
}

static struct chunk *load(const char *folder, const char *name)
{
    struct chunk *chunk = mem_zeroed(sizeof(*chunk));

    chunk->name = mem_copy_len(name, strlen(name) - strlen(SUFFIX));
    chunk->path = join(folder, name, "");
    chunk->backlog = true;
    chunk->fd = open(chunk->path, O_RDWR | O_CLOEXEC);
    if (chunk->fd < 0 || !read_head(chunk) || !measure(chunk)) {
        log_line(LOG_ERROR, "[storage] %s is no chunk and is left alone", chunk->path);
        chunk_free(chunk, false);
        return NULL;
    }
    chunk_rest(chunk);
    return chunk;
}

/* The time in a chunk's name: what is behind the process's number. */
static const char *time_of(const struct chunk *chunk)
{
    const char *dash = strchr(chunk->name, '-');

    return dash != NULL ? dash : chunk->name;
}

static void insert(struct chunk **list, struct chunk *chunk)
{
    while (*list != NULL && strcmp(time_of(*list), time_of(chunk)) <= 0) {
        list = &(*list)->next;
    }
    chunk->next = *list;
    *list = chunk;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), tail = strlen(suffix);

    return len > tail && strcmp(name + len - tail, suffix) == 0;
}

static void load_folder(struct chunk **list, const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct chunk *chunk = has_suffix(entry->d_name, ".flb" SUFFIX) ? load(folder, entry->d_name) : NULL;

        if (chunk != NULL) {
            insert(list, chunk);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

struct chunk *chunk_load_all(const char *path)
{
    struct chunk *list = NULL;
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            char *folder = join(path, entry->d_name, "");

            load_folder(&list, folder);
            free(folder);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return list;
}
