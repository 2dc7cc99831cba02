#define _XOPEN_SOURCE 700
#include "sink.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "borrowed.h"
#include "coro.h"
#include "log.h"
#include "memory.h"
#include "output.h"

struct worker {
    struct sink *sink;
    int number;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job *first, **last; /* in the order they came */
    bool stop;
};

struct sink {
    struct abi_output_context context;
    enum sink_kind kind;
    struct plugin *plugin;
    struct instance_config *config;
    const struct sink_owner *owner;
    char *name;
    bool ready; /* Init went well, exit has not been called */
    struct worker *workers;
    int worker_count, turn;
};

struct sink *sink_new(enum sink_kind kind, struct plugin *plugin, struct instance_config *config, int number,
                      const struct sink_owner *owner)
{
    struct sink *sink = mem_zeroed(sizeof(*sink));
    struct text name = {0};

    sink->kind = kind;
    sink->plugin = plugin;
    sink->config = config;
    sink->owner = owner;
    sink->context.proxy = plugin;
    if (config->alias != NULL) {
        text_add_str(&name, config->alias);
    } else {
        text_addf(&name, "%s.%d", plugin != NULL ? plugin->sink.name : config->name, number);
    }
    sink->name = text_take(&name);
    return sink;
}

const char *sink_name(const struct sink *sink)
{
    return sink->name;
}

const struct instance_config *sink_config(const struct sink *sink)
{
    return sink->config;
}

/* What a flush needs on its stack. */
struct call {
    const struct sink *sink;
    const void *data;
    size_t len;
    char *tag;
    int result;
};

static void call_flush(void *arg)
{
    struct call *call = arg;
    const struct abi_output_plugin *abi = &call->sink->plugin->sink;

    if (abi->flush_ctx != NULL) {
        call->result = abi->flush_ctx(call->sink->context.remote_context, call->data, call->len, call->tag);
    } else {
        call->result = abi->flush(call->data, call->len, call->tag);
    }
}

static int flush_plugin(const struct sink *sink, const struct chunk *chunk)
{
    struct borrowed data = borrowed_new(chunk->len), tag = borrowed_new(strlen(chunk->tag) + 1);
    struct call call = {.sink = sink, .data = data.data, .len = chunk->len, .tag = tag.data, .result = ABI_RETRY};
    size_t used = 0;

    if (data.data == NULL || tag.data == NULL || !chunk_read(chunk, data.data)) {
        log_line(LOG_ERROR, "[output:%s:%s] chunk '%s' cannot be brought into memory", sink->config->name, sink->name,
                 chunk->name);
    } else {
        memcpy(tag.data, chunk->tag, tag.len);
        used = coro_run(sink->owner->stack_size, call_flush, &call);
        log_line(LOG_DEBUG, "[output:%s:%s] flush of '%s' touched %zu of %zu bytes of its stack and returned %d",
                 sink->config->name, sink->name, chunk->name, used, sink->owner->stack_size, call.result);
    }
    if (data.data != NULL) {
        borrowed_free(&data);
    }
    if (tag.data != NULL) {
        borrowed_free(&tag);
    }
    return call.result;
}

static int flush_stdout(const struct sink *sink, const struct chunk *chunk)
{
    char *data = mem_zeroed(chunk->len);
    int result = ABI_RETRY;

    if (chunk_read(chunk, data)) {
        result = output_batch("output", sink->name, data, chunk->len) ? ABI_OK : ABI_ERROR;
    }
    free(data);
    return result;
}

void sink_flush(struct sink *sink, struct job *job)
{
    if (sink->kind == SINK_NULL) {
        job->result = ABI_OK;
    } else if (sink->kind == SINK_STDOUT) {
        job->result = flush_stdout(sink, job->chunk);
    } else {
        job->result = flush_plugin(sink, job->chunk);
    }
    if (job->result != ABI_OK && job->result != ABI_RETRY) {
        job->result = ABI_ERROR;
    }
    sink->owner->done(sink->owner->arg, job);
}

/* The next job, or NULL when there is none left and the worker is to end. */
static struct job *next_job(struct worker *worker)
{
    struct job *job;

    pthread_mutex_lock(&worker->lock);
    while (worker->first == NULL && !worker->stop) {
        pthread_cond_wait(&worker->changed, &worker->lock);
    }
    job = worker->first;
    if (job != NULL) {
        worker->first = job->next;
        if (worker->first == NULL) {
            worker->last = &worker->first;
        }
    }
    pthread_mutex_unlock(&worker->lock);
    return job;
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct sink *sink = worker->sink;
    struct job *job;

#ifdef __linux__
    char name[32]; /* the system keeps 15 of them */

    snprintf(name, sizeof(name), "out-%.8s-w%d", sink->name, worker->number);
    prctl(PR_SET_NAME, name, 0, 0, 0);
#endif
    log_line(LOG_INFO, "[output:%s:%s] worker #%d started", sink->config->name, sink->name, worker->number);
    while ((job = next_job(worker)) != NULL) {
        sink_flush(sink, job);
    }
    log_line(LOG_INFO, "[output:%s:%s] thread worker #%d stopped", sink->config->name, sink->name, worker->number);
    return NULL;
}

static bool start_worker(struct worker *worker)
{
    int error;

    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->changed, NULL);
    worker->last = &worker->first;
    error = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (error != 0) {
        log_line(LOG_ERROR, "[output:%s:%s] no thread: %s", worker->sink->config->name, worker->sink->name,
                 strerror(error));
        pthread_mutex_destroy(&worker->lock);
        pthread_cond_destroy(&worker->changed);
        return false;
    }
    return true;
}

static bool start_workers(struct sink *sink)
{
    int count = sink->config->workers;

    if (count <= 0) {
        return true;
    }
    sink->workers = mem_zeroed((size_t)count * sizeof(*sink->workers));
    for (int i = 0; i < count; i++) {
        sink->workers[i].sink = sink;
        sink->workers[i].number = i;
        if (!start_worker(&sink->workers[i])) {
            return false;
        }
        sink->worker_count++;
    }
    return true;
}

static void stop_workers(struct sink *sink)
{
    for (int i = 0; i < sink->worker_count; i++) {
        struct worker *worker = &sink->workers[i];

        log_line(LOG_INFO, "[output:%s:%s] thread worker #%d stopping...", sink->config->name, sink->name, i);
        pthread_mutex_lock(&worker->lock);
        worker->stop = true;
        pthread_cond_signal(&worker->changed);
        pthread_mutex_unlock(&worker->lock);
        pthread_join(worker->thread, NULL);
        pthread_mutex_destroy(&worker->lock);
        pthread_cond_destroy(&worker->changed);
    }
    sink->worker_count = 0;
}

static bool init_plugin(struct sink *sink)
{
    struct abi_output_plugin *abi = &sink->plugin->sink;

    if (abi->flush == NULL && abi->flush_ctx == NULL) {
        /* Fluent Bit would call a null pointer at the first flush. */
        log_line(LOG_ERROR, "[host] %s: has neither FLBPluginFlushCtx nor FLBPluginFlush", sink->plugin->path);
        return false;
    }
    abi->instance = sink->config;
    abi->context = &sink->context;
    if (abi->init(abi) <= 0) {
        log_line(LOG_ERROR, "[go proxy]: plugin '%s' failed to initialize", abi->name);
        return false;
    }
    return true;
}

bool sink_init(struct sink *sink)
{
    if (sink->kind == SINK_PLUGIN && !init_plugin(sink)) {
        log_line(LOG_ERROR, "[output] failed to initialize '%s' plugin", sink->config->name);
        return false;
    }
    sink->ready = true;
    if (!start_workers(sink)) {
        log_line(LOG_ERROR, "[output] could not start thread pool for '%s' plugin", sink->name);
        return false;
    }
    return true;
}

void sink_pre_run(struct sink *sink, bool hot_reload_enabled)
{
    if (sink->plugin != NULL && sink->plugin->pre_run != NULL) {
        sink->plugin->pre_run(hot_reload_enabled);
    }
}

bool sink_send(struct sink *sink, struct job *job)
{
    struct worker *worker;

    if (sink->worker_count == 0) {
        return false;
    }
    worker = &sink->workers[sink->turn];
    sink->turn = (sink->turn + 1) % sink->worker_count;
    job->next = NULL;
    pthread_mutex_lock(&worker->lock);
    *worker->last = job;
    worker->last = &job->next;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    return true;
}

void sink_exit(struct sink *sink, bool hot)
{
    stop_workers(sink);
    if (!sink->ready) {
        return;
    }
    sink->ready = false;
    if (sink->plugin == NULL) {
        return;
    }
    if (sink->plugin->pre_exit != NULL) {
        sink->plugin->pre_exit(hot);
    }
    log_line(LOG_DEBUG, "[GO] running exit callback");
    if (sink->plugin->sink.exit_ctx != NULL) {
        sink->plugin->sink.exit_ctx(sink->context.remote_context);
    } else if (sink->plugin->sink.exit != NULL) {
        sink->plugin->sink.exit();
    }
}

void sink_free(struct sink *sink)
{
    stop_workers(sink);
    free(sink->workers);
    free(sink->name);
    free(sink);
}
