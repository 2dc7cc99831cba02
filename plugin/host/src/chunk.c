#define _XOPEN_SOURCE 700
#include "chunk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "storage.h"

/* A name as Fluent Bit gives: process and time. Names that are compared come in the order they were given. */
static char *new_name(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct timespec last;
    struct timespec now;
    struct text name = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&lock);
    if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec <= last.tv_nsec)) {
        now = last;
        now.tv_nsec++;
        if (now.tv_nsec == 1000000000) {
            now.tv_sec++;
            now.tv_nsec = 0;
        }
    }
    last = now;
    pthread_mutex_unlock(&lock);
    text_addf(&name, "%ld-%ld.%09ld.flb", (long)getpid(), (long)now.tv_sec, now.tv_nsec);
    return text_take(&name);
}

struct chunk *chunk_new(const char *tag, const char *folder)
{
    struct chunk *chunk = mem_zeroed(sizeof(*chunk));

    chunk->name = new_name();
    chunk->tag = mem_copy(tag);
    chunk->fd = -1;
    if (folder != NULL && !storage_create(chunk, folder)) {
        chunk_free(chunk, false);
        return NULL;
    }
    return chunk;
}

bool chunk_append(struct chunk *chunk, const void *data, size_t len, size_t records)
{
    if (chunk->path == NULL) {
        text_add(&chunk->memory, data, len);
    } else if (!storage_write(chunk, data, len)) {
        return false;
    }
    chunk->len += len;
    chunk->records += records;
    return true;
}

bool chunk_read(const struct chunk *chunk, void *out)
{
    if (chunk->path != NULL) {
        return storage_read(chunk, out);
    }
    if (chunk->len > 0) {
        memcpy(out, chunk->memory.data, chunk->len);
    }
    return true;
}

void chunk_rest(struct chunk *chunk)
{
    if (chunk->fd >= 0) {
        close(chunk->fd);
        chunk->fd = -1;
    }
}

void chunk_free(struct chunk *chunk, bool dealt_with)
{
    chunk_rest(chunk);
    if (dealt_with && chunk->path != NULL && unlink(chunk->path) != 0) {
        log_line(LOG_ERROR, "[storage] cannot remove %s: %s", chunk->path, strerror(errno));
    }
    free(chunk->path);
    free(chunk->name);
    free(chunk->tag);
    text_free(&chunk->memory);
    free(chunk);
}
