#define _XOPEN_SOURCE 700
#include <stdint.h>
#include <time.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "clock.h"
#include "log.h"
#include "pipeline_data.h"

void pipeline_set_phase(struct pipeline *p, enum phase phase)
{
    pthread_mutex_lock(&p->lock);
    p->phase = phase;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void exit_sinks(struct pipeline *p)
{
    for (size_t i = 0; i < p->sink_count; i++) {
        sink_exit(p->sinks[i], p->hot);
    }
}

static bool init_sinks(struct pipeline *p)
{
    for (size_t i = 0; i < p->sink_count; i++) {
        if (!sink_init(p->sinks[i])) {
            log_line(LOG_ERROR, "[engine] output initialization failed");
            return false;
        }
    }
    return true;
}

/* Each chunk that is not on its way yet becomes a task. Called with the lock held. */
static void flush_all(struct pipeline *p)
{
    for (size_t i = 0; i < p->origin_count; i++) {
        struct chunk *next;

        for (struct chunk *chunk = p->origins[i].chunks; chunk != NULL; chunk = next) {
            next = chunk->next;
            if (chunk->taken) {
                continue;
            }
            chunk->taken = true;
            chunk_rest(chunk);
            if (chunk->records == 0) {
                /* As Fluent Bit, which hands over no chunk of marks of groups alone. */
                p->tasks.release(p, i, chunk);
                continue;
            }
            tasks_add(&p->tasks, i, p->origins[i].name, chunk);
        }
        tasks_start(&p->tasks);
    }
}

size_t pipeline_chunks(const struct pipeline *p, size_t *bytes, size_t *filed)
{
    size_t count = 0;

    *bytes = *filed = 0;
    for (size_t i = 0; i < p->origin_count; i++) {
        for (const struct chunk *chunk = p->origins[i].chunks; chunk != NULL; chunk = chunk->next) {
            count++;
            *bytes += chunk->len;
            *filed += chunk->path != NULL;
        }
    }
    return count;
}

static void take_results(struct pipeline *p)
{
    while (p->results != NULL) {
        struct job *job = p->results;

        p->results = job->next;
        tasks_done(&p->tasks, job);
    }
    p->results_last = &p->results;
}

/* Does one flush of an output without workers; false when there is none to do. Lets go of the lock meanwhile. */
static bool flush_own(struct pipeline *p)
{
    struct job *job = p->tasks.own;

    if (job == NULL) {
        return false;
    }
    p->tasks.own = job->next;
    if (p->tasks.own == NULL) {
        p->tasks.own_last = &p->tasks.own;
    }
    pthread_mutex_unlock(&p->lock);
    sink_flush(job->sink, job);
    pthread_mutex_lock(&p->lock);
    return true;
}

static void wait_until(struct pipeline *p, int64_t when)
{
    struct timespec at = {.tv_sec = (time_t)(when / CLOCK_SECOND), .tv_nsec = (long)(when % CLOCK_SECOND)};

    pthread_cond_timedwait(&p->changed, &p->lock, &at);
}

/* What is due now, but for flushes; until then it waits for it, or for a result or another phase. */
static void step(struct pipeline *p, int64_t next)
{
    int64_t due;

    take_results(p);
    if (flush_own(p)) {
        return;
    }
    due = tasks_next_due(&p->tasks);
    if (due <= clock_now()) {
        tasks_retry(&p->tasks, clock_now());
        return;
    }
    wait_until(p, due < next ? due : next);
}

static void pre_run(struct pipeline *p)
{
    for (size_t i = 0; i < p->sink_count; i++) {
        sink_pre_run(p->sinks[i], p->config->service.hot_reload);
    }
    pthread_mutex_lock(&p->lock);
    p->pre_ran = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* Fluent Bit's timers have their first time on a whole second. */
static enum phase run(struct pipeline *p)
{
    int64_t every = (int64_t)(p->config->service.flush * CLOCK_SECOND), now = clock_now();
    int64_t next = (now / CLOCK_SECOND + every / CLOCK_SECOND) * CLOCK_SECOND;
    enum phase phase;

    if (every < 1000000) {
        every = 1000000;
    }
    pthread_mutex_lock(&p->lock);
    while (p->phase == RUNNING) {
        now = clock_now();
        if (now >= next) {
            flush_all(p);
            next += ((now - next) / every + 1) * every;
        }
        step(p, next);
    }
    phase = p->phase;
    pthread_mutex_unlock(&p->lock);
    return phase;
}

/* Whether all is delivered. Called with the lock held. */
static bool is_done(struct pipeline *p, int round)
{
    size_t bytes, filed, count = pipeline_chunks(p, &bytes, &filed);

    if (count > 0) {
        log_line(LOG_INFO, "[engine] pending chunk count: memory=%zu, filesystem=%zu; grace_timer=%d", count - filed,
                 filed, round);
    }
    return count == 0;
}

static void drain(struct pipeline *p)
{
    double grace = p->config->service.grace;
    int64_t next, end = p->grace >= 0 ? clock_now() + (int64_t)(p->grace * CLOCK_SECOND) : INT64_MAX;
    int round = 0;

    pthread_mutex_lock(&p->lock);
    take_results(p);
    flush_all(p);
    p->tasks.stopping = true;
    tasks_hurry(&p->tasks);
    pthread_mutex_unlock(&p->lock);
    log_line(LOG_INFO, "[engine] pausing all inputs..");
    p->pause(p->pause_arg);
    next = clock_next_second();
    pthread_mutex_lock(&p->lock);
    for (;;) {
        int64_t now = clock_now();

        if (now >= next || now >= end) {
            round++;
            take_results(p);
            if (is_done(p, round) || now >= end || (p->grace < 0 && grace >= 0 && round >= (int)grace)) {
                break;
            }
            flush_all(p);
            next = clock_next_second();
        }
        step(p, next < end ? next : end);
    }
    log_line(LOG_INFO, "[engine] service has stopped (%zu pending tasks)", tasks_count(&p->tasks));
    pthread_mutex_unlock(&p->lock);
}

enum phase pipeline_wait_phase(struct pipeline *p, enum phase left)
{
    enum phase phase;

    pthread_mutex_lock(&p->lock);
    while (p->phase == left) {
        pthread_cond_wait(&p->changed, &p->lock);
    }
    phase = p->phase;
    pthread_mutex_unlock(&p->lock);
    return phase;
}

void *pipeline_thread(void *arg)
{
    struct pipeline *p = arg;
    enum phase phase;

#ifdef __linux__
    prctl(PR_SET_NAME, "pipeline", 0, 0, 0);
#endif
    if (p->config->service.storage_path != NULL) {
        p->origins[p->origin_count - 1].chunks = chunk_load_all(p->config->service.storage_path);
    }
    if (!init_sinks(p)) {
        exit_sinks(p);
        pipeline_set_phase(p, FAILED);
        return NULL;
    }
    pipeline_set_phase(p, READY);
    phase = pipeline_wait_phase(p, READY);
    if (phase == RUNNING) {
        pre_run(p);
        phase = run(p);
    }
    if (phase == STOPPING) {
        drain(p);
        /* Fluent Bit pauses once when it stops taking records and once when it shuts down. */
        p->pause(p->pause_arg);
    }
    exit_sinks(p);
    pthread_mutex_lock(&p->lock);
    take_results(p); /* of the workers' last flushes */
    pthread_mutex_unlock(&p->lock);
    pipeline_set_phase(p, OVER);
    return NULL;
}
