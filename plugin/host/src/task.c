#define _GNU_SOURCE
#include "task.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "match.h"
#include "memory.h"

/* One output that a task goes to. The job comes first: it is the route. */
struct route {
    struct job job;
    struct task *task;
    int output;   /* counted from 0 */
    int attempts; /* retries so far */
    int64_t due;  /* of the next retry; 0: none */
    bool open;    /* neither delivered nor given up */
};

struct task {
    struct task *next;
    int id;
    size_t input;
    const char *input_name;
    struct chunk *chunk;
    struct route *routes;
    size_t route_count;
    bool started;
};

/* The lowest number that is free, as Fluent Bit numbers its tasks. */
static int free_id(const struct tasks *tasks)
{
    for (int id = 0;; id++) {
        const struct task *task = tasks->first;

        while (task != NULL && task->id != id) {
            task = task->next;
        }
        if (task == NULL) {
            return id;
        }
    }
}

void tasks_add(struct tasks *tasks, size_t input, const char *input_name, struct chunk *chunk)
{
    struct task *task = mem_zeroed(sizeof(*task)), **last = &tasks->first;

    task->routes = mem_zeroed(tasks->sink_count * sizeof(*task->routes));
    for (size_t i = 0; i < tasks->sink_count; i++) {
        const char *match = sink_config(tasks->sinks[i])->match;

        if (match != NULL && match_tag(match, chunk->tag)) {
            task->routes[task->route_count++] = (struct route){
                .job = {.sink = tasks->sinks[i], .chunk = chunk}, .task = task, .output = (int)i, .open = true};
        }
    }
    if (task->route_count == 0) {
        log_line(LOG_DEBUG, "[task] chunk '%s' has no output that matches tag %s and is dropped", chunk->name,
                 chunk->tag);
        free(task->routes);
        free(task);
        tasks->release(tasks->arg, input, chunk);
        return;
    }
    task->id = free_id(tasks);
    task->input = input;
    task->input_name = input_name;
    task->chunk = chunk;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = task;
}

static void send(struct tasks *tasks, struct route *route)
{
    route->due = 0;
    if (!sink_send(route->job.sink, &route->job)) {
        route->job.next = NULL;
        *tasks->own_last = &route->job;
        tasks->own_last = &route->job.next;
    }
}

void tasks_start(struct tasks *tasks)
{
    for (struct task *task = tasks->first; task != NULL; task = task->next) {
        if (task->started) {
            continue;
        }
        task->started = true;
        for (size_t i = 0; i < task->route_count; i++) {
            send(tasks, &task->routes[i]);
        }
    }
}

static int random_between(int least, int most)
{
    unsigned value;

    if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value)) {
        value = (unsigned)clock_now();
    }
    return least + (int)(value % (unsigned)(most - least + 1));
}

/* Full jitter: between the base and the base doubled with each attempt, up to the cap; one second more than that. */
static int backoff(const struct tasks *tasks, int attempts)
{
    double base = tasks->service->scheduler_base, cap = tasks->service->scheduler_cap, most = base;

    if (tasks->stopping) {
        return 1;
    }
    for (int i = 0; i < attempts && most < cap; i++) {
        most *= 2;
    }
    if (most > cap) {
        most = cap;
    }
    return (most > base ? random_between((int)base, (int)most) : (int)base) + 1;
}

static void end_if_over(struct tasks *tasks, struct task *task)
{
    struct task **link = &tasks->first;

    for (size_t i = 0; i < task->route_count; i++) {
        if (task->routes[i].open) {
            return;
        }
    }
    while (*link != task) {
        link = &(*link)->next;
    }
    *link = task->next;
    tasks->release(tasks->arg, task->input, task->chunk);
    free(task->routes);
    free(task);
}

static void delivered(const struct route *route)
{
    const struct task *task = route->task;

    if (route->attempts > 0) {
        log_line(LOG_INFO, "[engine] flush chunk '%s' succeeded at retry %d: task_id=%d, input=%s > output=%s (out_id=%d)",
                 task->chunk->name, route->attempts, task->id, task->input_name, sink_name(route->job.sink),
                 route->output);
    } else if (task->chunk->backlog) {
        log_line(LOG_INFO, "[engine] flush backlog chunk '%s' succeeded: task_id=%d, input=%s > output=%s (out_id=%d)",
                 task->chunk->name, task->id, task->input_name, sink_name(route->job.sink), route->output);
    }
}

/* Plans the next retry; false when there is to be none. */
static bool try_again(struct tasks *tasks, struct route *route)
{
    const struct task *task = route->task;
    int limit = sink_config(route->job.sink)->retry_limit, seconds;

    if (limit == RETRY_NONE) {
        log_line(LOG_INFO, "[engine] chunk '%s' is not retried (no retry config): task_id=%d, input=%s > output=%s "
                           "(out_id=%d)", task->chunk->name, task->id, task->input_name, sink_name(route->job.sink),
                 route->output);
        return false;
    }
    if (limit != RETRY_UNLIMITED && route->attempts >= limit) {
        log_line(LOG_ERROR, "[engine] chunk '%s' cannot be retried: task_id=%d, input=%s > output=%s",
                 task->chunk->name, task->id, task->input_name, sink_name(route->job.sink));
        return false;
    }
    route->attempts++;
    seconds = backoff(tasks, route->attempts);
    /* Fluent Bit's timers fire at whole seconds of the clock. */
    route->due = (clock_now() / CLOCK_SECOND + seconds) * CLOCK_SECOND;
    log_line(LOG_WARN, "[engine] failed to flush chunk '%s', retry in %d seconds: task_id=%d, input=%s > output=%s "
                       "(out_id=%d)", task->chunk->name, seconds, task->id, task->input_name,
             sink_name(route->job.sink), route->output);
    return true;
}

void tasks_done(struct tasks *tasks, struct job *job)
{
    struct route *route = (struct route *)job;

    if (job->result == ABI_OK) {
        delivered(route);
    } else if (job->result == ABI_RETRY && try_again(tasks, route)) {
        return;
    } else {
        tasks->dropped++;
        if (job->result == ABI_ERROR) {
            /* Fluent Bit says nothing here. */
            log_line(LOG_ERROR, "[host] chunk '%s' was refused and is dropped: task_id=%d, input=%s > output=%s",
                     route->task->chunk->name, route->task->id, route->task->input_name, sink_name(job->sink));
        }
    }
    route->open = false;
    end_if_over(tasks, route->task);
}

int64_t tasks_next_due(const struct tasks *tasks)
{
    int64_t next = INT64_MAX;

    for (const struct task *task = tasks->first; task != NULL; task = task->next) {
        for (size_t i = 0; i < task->route_count; i++) {
            int64_t due = task->routes[i].due;

            if (due != 0 && due < next) {
                next = due;
            }
        }
    }
    return next;
}

void tasks_retry(struct tasks *tasks, int64_t now)
{
    for (struct task *task = tasks->first; task != NULL; task = task->next) {
        for (size_t i = 0; i < task->route_count; i++) {
            if (task->routes[i].due != 0 && task->routes[i].due <= now) {
                send(tasks, &task->routes[i]);
            }
        }
    }
}

void tasks_hurry(struct tasks *tasks)
{
    for (struct task *task = tasks->first; task != NULL; task = task->next) {
        for (size_t i = 0; i < task->route_count; i++) {
            if (task->routes[i].due != 0) {
                task->routes[i].due = 1;
            }
        }
    }
}

size_t tasks_count(const struct tasks *tasks)
{
    size_t count = 0;

    for (const struct task *task = tasks->first; task != NULL; task = task->next) {
        count++;
    }
    return count;
}

void tasks_free(struct tasks *tasks)
{
    while (tasks->first != NULL) {
        struct task *task = tasks->first;

        tasks->first = task->next;
        free(task->routes);
        free(task);
    }
    tasks->own = NULL;
    tasks->own_last = &tasks->own;
}
