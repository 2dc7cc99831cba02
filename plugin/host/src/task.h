/*
 * Tasks: chunks on their way to outputs, and when to try again. Nothing here locks: the pipeline calls it with its lock
 * held.
 */
#ifndef HOST_TASK_H
#define HOST_TASK_H

#include <stdint.h>

#include "chunk.h"
#include "service.h"
#include "sink.h"

struct tasks {
    struct task *first; /* in the order they were made */
    struct sink **sinks;
    size_t sink_count;
    const struct service *service;
    /* Jobs of outputs without workers, for the pipeline's own thread. */
    struct job *own, **own_last;
    bool stopping;  /* retries come within a second then */
    size_t dropped; /* chunks that an output gave up, or refused */
    /* Called when a chunk needs no keeping any more; it may be freed. */
    void (*release)(void *arg, size_t input, struct chunk *chunk);
    void *arg;
};

/*
 * Makes a task of a chunk of the input, whose name is for messages and borrowed. The chunk's routes are the outputs that
 * match its tag; where there is none the chunk is released.
 */
void tasks_add(struct tasks *tasks, size_t input, const char *input_name, struct chunk *chunk);

/* Sends the new tasks to their outputs. */
void tasks_start(struct tasks *tasks);

/* Takes in how a job went: the task ends, or is tried again later. */
void tasks_done(struct tasks *tasks, struct job *job);

/* When the next retry is due; INT64_MAX for never. */
int64_t tasks_next_due(const struct tasks *tasks);

/* Sends the retries that are due. */
void tasks_retry(struct tasks *tasks, int64_t now);

/* Makes all retries due at once. */
void tasks_hurry(struct tasks *tasks);

/* How many are with an output or to be tried again. */
size_t tasks_count(const struct tasks *tasks);

/* Frees all tasks and leaves their chunks. No output may be running. */
void tasks_free(struct tasks *tasks);

#endif
