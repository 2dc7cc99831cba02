/* What pipeline.c builds and pipeline_run.c runs. */
#ifndef HOST_PIPELINE_DATA_H
#define HOST_PIPELINE_DATA_H

#include <pthread.h>

#include "chunk.h"
#include "pipeline.h"
#include "sink.h"
#include "task.h"

/* Main asks for RUNNING, STOPPING and EXITING, the thread tells of the others. */
enum phase { STARTING, READY, FAILED, RUNNING, STOPPING, EXITING, OVER };

/* The chunks of one input. */
struct origin {
    char *name, *tag, *folder; /* folder is NULL for chunks in memory */
    struct chunk *chunks;      /* in the order they were made */
};

struct pipeline {
    struct config *config;
    struct sink **sinks;
    size_t sink_count;
    struct sink_owner owner;
    struct origin *origins; /* of the inputs, and at the end of the chunks of earlier runs */
    size_t origin_count;
    pthread_t thread;
    bool joinable;
    pthread_mutex_t lock; /* of all below, and of origins */
    pthread_cond_t changed;
    enum phase phase;
    bool pre_ran;
    struct tasks tasks;
    struct job *results, **results_last; /* jobs that are done */
    double grace;
    bool hot;
    void (*pause)(void *arg);
    void *pause_arg;
};

/* What the thread does. arg is the pipeline. */
void *pipeline_thread(void *arg);

void pipeline_set_phase(struct pipeline *p, enum phase phase);

/* The phase that comes after one. */
enum phase pipeline_wait_phase(struct pipeline *p, enum phase left);

/* The chunks that are kept, their bytes, and how many of them are in files. Called with the lock held. */
size_t pipeline_chunks(const struct pipeline *p, size_t *bytes, size_t *filed);

#endif
