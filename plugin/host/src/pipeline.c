#define _XOPEN_SOURCE 700
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "memory.h"
#include "pipeline_data.h"

static void release(void *arg, size_t input, struct chunk *chunk)
{
    struct pipeline *p = arg;
    struct chunk **link = &p->origins[input].chunks;

    while (*link != chunk) {
        link = &(*link)->next;
    }
    *link = chunk->next;
    chunk_free(chunk, true);
}

static void job_done(void *arg, struct job *job)
{
    struct pipeline *p = arg;

    pthread_mutex_lock(&p->lock);
    job->next = NULL;
    *p->results_last = job;
    p->results_last = &job->next;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

char *pipeline_input_name(const struct config *config, size_t input)
{
    const struct instance_config *in = &config->inputs[input];
    struct text name = {0};
    int number = 0;

    if (in->alias != NULL) {
        return mem_copy(in->alias);
    }
    for (size_t i = 0; i < input; i++) {
        number += strcasecmp(config->inputs[i].name, in->name) == 0;
    }
    text_addf(&name, "%s.%d", in->name, number);
    return text_take(&name);
}

static void make_origins(struct pipeline *p)
{
    const struct config *config = p->config;

    p->origins = mem_zeroed((config->input_count + 1) * sizeof(*p->origins));
    p->origin_count = config->input_count + 1;
    for (size_t i = 0; i < config->input_count; i++) {
        struct origin *origin = &p->origins[i];

        origin->name = pipeline_input_name(config, i);
        origin->tag = mem_copy(config->inputs[i].tag != NULL ? config->inputs[i].tag : origin->name);
        if (config->inputs[i].filesystem) {
            struct text folder = {0};

            text_addf(&folder, "%s/%s", config->service.storage_path, origin->name);
            origin->folder = text_take(&folder);
        }
    }
    p->origins[config->input_count].name = mem_copy("storage_backlog");
}

static bool check_storage(const struct config *config)
{
    for (size_t i = 0; i < config->input_count; i++) {
        if (config->inputs[i].filesystem && config->service.storage_path == NULL) {
            log_line(LOG_ERROR, "[storage] input %s (%s) has storage.type filesystem, but the service no storage.path",
                     config->inputs[i].name, config->inputs[i].where);
            return false;
        }
    }
    return true;
}

static struct plugin *find(const char *name, struct plugin *const *plugins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (plugin_is_output(plugins[i], name)) {
            return plugins[i];
        }
    }
    return NULL;
}

/* NULL for an output that neither a plugin nor the host has. */
static struct sink *make_sink(struct pipeline *p, size_t nth, struct plugin *const *plugins, size_t count)
{
    struct instance_config *out = &p->config->outputs[nth];
    struct plugin *plugin = find(out->name, plugins, count);
    int number = (int)nth;

    if (plugin != NULL) {
        return sink_new(SINK_PLUGIN, plugin, out, number, &p->owner);
    }
    if (strcasecmp(out->name, "stdout") == 0) {
        return sink_new(SINK_STDOUT, NULL, out, number, &p->owner);
    }
    if (strcasecmp(out->name, "null") == 0) {
        return sink_new(SINK_NULL, NULL, out, number, &p->owner);
    }
    log_line(LOG_ERROR, "[config] no plugin loaded has an output named \"%s\" (%s), and the plugin host has only stdout "
                        "and null", out->name, out->where);
    return NULL;
}

static bool make_sinks(struct pipeline *p, struct plugin *const *plugins, size_t count)
{
    struct config *config = p->config;

    p->sinks = mem_zeroed(config->output_count * sizeof(*p->sinks));
    for (size_t i = 0; i < config->output_count; i++) {
        struct instance_config *out = &config->outputs[i];

        if (out->match == NULL && config->input_count == 1 && config->output_count == 1) {
            out->match = mem_copy("*");
        } else if (out->match == NULL) {
            log_line(LOG_WARN, "[router] NO match for output %s (%s)", out->name, out->where);
        }
        p->sinks[i] = make_sink(p, i, plugins, count);
        if (p->sinks[i] == NULL) {
            return false;
        }
        p->sink_count++;
    }
    return true;
}

struct pipeline *pipeline_new(struct config *config, struct plugin *const *plugins, size_t plugin_count)
{
    struct pipeline *p = mem_zeroed(sizeof(*p));
    pthread_condattr_t attributes;

    p->config = config;
    p->owner = (struct sink_owner){job_done, p, config->service.coro_stack_size};
    p->results_last = &p->results;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!check_storage(config) || !make_sinks(p, plugins, plugin_count)) {
        pipeline_free(p);
        return NULL;
    }
    make_origins(p);
    p->tasks = (struct tasks){.sinks = p->sinks,
                              .sink_count = p->sink_count,
                              .service = &config->service,
                              .own_last = &p->tasks.own,
                              .release = release,
                              .arg = p};
    return p;
}

bool pipeline_init(struct pipeline *p)
{
    int error = pthread_create(&p->thread, NULL, pipeline_thread, p);

    if (error != 0) {
        log_line(LOG_ERROR, "[engine] no thread: %s", strerror(error));
        return false;
    }
    p->joinable = true;
    return pipeline_wait_phase(p, STARTING) == READY;
}

void pipeline_run(struct pipeline *p)
{
    pipeline_set_phase(p, RUNNING);
    pthread_mutex_lock(&p->lock);
    while (!p->pre_ran) {
        pthread_cond_wait(&p->changed, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

/* The chunk that takes records of a tag; NULL, with a line logged, when there is none to be had. */
static struct chunk *open_chunk(struct origin *origin, const char *tag, bool alone)
{
    struct chunk **last = &origin->chunks;

    for (; *last != NULL; last = &(*last)->next) {
        if (!alone && !(*last)->taken && !(*last)->full && strcmp((*last)->tag, tag) == 0) {
            return *last;
        }
    }
    *last = chunk_new(tag, origin->folder);
    return *last;
}

void pipeline_append(struct pipeline *p, size_t input, const char *tag, const void *data, size_t len, size_t records,
                     bool alone)
{
    struct origin *origin = &p->origins[input];
    struct chunk *chunk;

    pthread_mutex_lock(&p->lock);
    if (p->phase == OVER) {
        pthread_mutex_unlock(&p->lock);
        log_line(LOG_WARN, "[input:%s] %zu records came when the outputs had ended and are lost", origin->name, records);
        return;
    }
    chunk = open_chunk(origin, tag != NULL ? tag : origin->tag, alone);
    if (chunk == NULL || !chunk_append(chunk, data, len, records)) {
        _exit(1);
    }
    chunk->full = alone || chunk->len > CHUNK_FULL;
    pthread_mutex_unlock(&p->lock);
}

size_t pipeline_pending(struct pipeline *p, size_t input)
{
    size_t bytes = 0;

    pthread_mutex_lock(&p->lock);
    for (const struct chunk *chunk = p->origins[input].chunks; chunk != NULL; chunk = chunk->next) {
        bytes += chunk->len;
    }
    pthread_mutex_unlock(&p->lock);
    return bytes;
}

static void join(struct pipeline *p)
{
    if (p->joinable) {
        pthread_join(p->thread, NULL);
        p->joinable = false;
    }
}

void pipeline_stop(struct pipeline *p, double grace, bool hot, void (*pause)(void *arg), void *arg)
{
    p->grace = grace;
    p->hot = hot;
    p->pause = pause;
    p->pause_arg = arg;
    pipeline_set_phase(p, STOPPING);
    join(p);
}

void pipeline_exit(struct pipeline *p, bool hot)
{
    if (p->joinable) {
        p->hot = hot;
        pipeline_set_phase(p, EXITING);
        join(p);
    }
}

static void report(const struct pipeline *p)
{
    size_t bytes, filed, count = pipeline_chunks(p, &bytes, &filed);

    if (p->tasks.dropped > 0) {
        log_line(LOG_WARN, "[host] %zu chunks were given up by an output", p->tasks.dropped);
    }
    if (count > 0) {
        log_line(LOG_WARN, "[host] %zu chunks (%zu bytes) were not delivered: %zu are kept in %s, %zu are lost", count,
                 bytes, filed, p->config->service.storage_path != NULL ? p->config->service.storage_path : "memory",
                 count - filed);
    }
}

void pipeline_free(struct pipeline *p)
{
    pipeline_exit(p, false);
    if (p->pre_ran) {
        report(p);
    }
    tasks_free(&p->tasks);
    for (size_t i = 0; i < p->sink_count; i++) {
        sink_free(p->sinks[i]);
    }
    for (size_t i = 0; i < p->origin_count; i++) {
        struct origin *origin = &p->origins[i];

        while (origin->chunks != NULL) {
            struct chunk *chunk = origin->chunks;

            origin->chunks = chunk->next;
            chunk_free(chunk, false);
        }
        free(origin->name);
        free(origin->tag);
        free(origin->folder);
    }
    free(p->sinks);
    free(p->origins);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
    free(p);
}
