#define _XOPEN_SOURCE 700
#include "feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "memory.h"
#include "msgpack.h"
#include "tail.h"

enum {
    POLL = CLOCK_SECOND / 4,
    PENDING_MOST = 50000000, /* bytes of chunks in memory before tail waits, unless mem_buf_limit says otherwise */
};

struct feed {
    struct instance_config *config;
    size_t number;
    struct pipeline *pipeline;
    struct tail *tail;  /* NULL for chunk */
    struct text chunk;  /* what the chunk's file holds */
    pthread_t thread;
    bool joinable;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
};

bool feed_is_known(const char *name)
{
    return strcasecmp(name, "tail") == 0 || strcasecmp(name, "chunk") == 0;
}

static bool read_chunk(struct feed *feed)
{
    const char *path = instance_config_get(feed->config, "path");
    char buffer[65536];
    size_t n;
    FILE *file;
    bool ok;

    if (path == NULL) {
        log_line(LOG_ERROR, "[config] input chunk (%s) has no path", feed->config->where);
        return false;
    }
    file = fopen(path, "rb");
    while (file != NULL && (n = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        text_add(&feed->chunk, buffer, n);
    }
    ok = file != NULL && ferror(file) == 0;
    if (!ok) {
        log_line(LOG_ERROR, "[chunk] cannot read %s: %s", path, strerror(errno));
    }
    if (file != NULL) {
        fclose(file);
    }
    return ok;
}

struct feed *feed_new(struct instance_config *config, size_t number, struct pipeline *pipeline)
{
    struct feed *feed = mem_zeroed(sizeof(*feed));
    pthread_condattr_t attributes;
    bool ok;

    feed->config = config;
    feed->number = number;
    feed->pipeline = pipeline;
    pthread_mutex_init(&feed->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&feed->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (strcasecmp(config->name, "tail") == 0) {
        feed->tail = tail_new(config);
        ok = feed->tail != NULL;
    } else {
        ok = read_chunk(feed);
    }
    if (!ok) {
        feed_free(feed);
        return NULL;
    }
    return feed;
}

/* Waits; true when it is to stop. */
static bool wait_for_stop(struct feed *feed, int64_t nanoseconds)
{
    int64_t when = clock_now() + nanoseconds;
    struct timespec at = {.tv_sec = (time_t)(when / CLOCK_SECOND), .tv_nsec = (long)(when % CLOCK_SECOND)};
    bool stop;

    pthread_mutex_lock(&feed->lock);
    while (!feed->stop && nanoseconds > 0) {
        if (pthread_cond_timedwait(&feed->changed, &feed->lock, &at) == ETIMEDOUT) {
            break;
        }
    }
    stop = feed->stop;
    pthread_mutex_unlock(&feed->lock);
    return stop;
}

static void take(void *arg, const char *tag, const struct text *events, size_t count)
{
    struct feed *feed = arg;

    pipeline_append(feed->pipeline, feed->number, tag, events->data, events->len, count, false);
}

static bool is_full(const struct feed *feed)
{
    size_t most = feed->config->mem_buf_limit > 0 ? feed->config->mem_buf_limit : PENDING_MOST;

    return !feed->config->filesystem && pipeline_pending(feed->pipeline, feed->number) >= most;
}

static void hand_over_chunk(struct feed *feed)
{
    struct msgpack_result result = msgpack_check(feed->chunk.data, feed->chunk.len);
    size_t records = result.records;

    if (result.error != NULL) {
        log_line(LOG_WARN, "[chunk] malformed records: %s, at byte %zu of %zu; handed over as they are", result.error,
                 result.offset, feed->chunk.len);
        records += records == 0;
    }
    if (feed->chunk.len > 0) {
        pipeline_append(feed->pipeline, feed->number, NULL, feed->chunk.data, feed->chunk.len, records, true);
    }
    text_free(&feed->chunk);
}

static void *thread_main(void *arg)
{
    struct feed *feed = arg;
    bool more = true;

    if (feed->tail == NULL) {
        hand_over_chunk(feed);
        return NULL;
    }
    while (!wait_for_stop(feed, more ? 0 : POLL)) {
        more = !is_full(feed) && tail_read(feed->tail, take, feed);
    }
    return NULL;
}

bool feed_run(struct feed *feed)
{
    int error = pthread_create(&feed->thread, NULL, thread_main, feed);

    if (error != 0) {
        log_line(LOG_ERROR, "[input:%s] no thread: %s", feed->config->name, strerror(error));
        return false;
    }
    feed->joinable = true;
    return true;
}

void feed_pause(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    feed->stop = true;
    pthread_cond_signal(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
}

void feed_free(struct feed *feed)
{
    feed_pause(feed);
    if (feed->joinable) {
        pthread_join(feed->thread, NULL);
    }
    if (feed->tail != NULL) {
        tail_free(feed->tail);
    }
    text_free(&feed->chunk);
    pthread_mutex_destroy(&feed->lock);
    pthread_cond_destroy(&feed->changed);
    free(feed);
}
