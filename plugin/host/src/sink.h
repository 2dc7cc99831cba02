/*
 * One running output: a plugin's, or one of the host's own. As in Fluent Bit its calls but those to flush come on the
 * pipeline's thread, and those to flush on its workers' threads, or where it has none on the pipeline's, each on a
 * stack of its own.
 */
#ifndef HOST_SINK_H
#define HOST_SINK_H

#include "chunk.h"
#include "plugin.h"
#include "property.h"

enum sink_kind { SINK_PLUGIN, SINK_STDOUT, SINK_NULL };

/* A chunk to flush, and how that went. */
struct job {
    struct job *next;
    struct sink *sink;
    const struct chunk *chunk;
    int result; /* ABI_OK, ABI_RETRY or ABI_ERROR */
};

/* Told of each job that is done, on the thread that did it. */
struct sink_owner {
    void (*done)(void *arg, struct job *job);
    void *arg;
    size_t stack_size;
};

/* plugin is NULL for the host's own; it, config and owner are borrowed. */
struct sink *sink_new(enum sink_kind kind, struct plugin *plugin, struct instance_config *config, int number,
                      const struct sink_owner *owner);

/* Calls FLBPluginInit and starts the workers. False, with a line logged, when that fails. */
bool sink_init(struct sink *sink);

/* Calls FLBPluginOutputPreRun. */
void sink_pre_run(struct sink *sink, bool hot_reload_enabled);

/* Has a worker do the job; the workers take turns. False where there are none: call sink_flush then. */
bool sink_send(struct sink *sink, struct job *job);

/* Does the job on this thread and tells the owner. */
void sink_flush(struct sink *sink, struct job *job);

/* Waits for the workers to do what they were sent, then calls FLBPluginOutputPreExit and FLBPluginExitCtx. */
void sink_exit(struct sink *sink, bool hot);

/* Frees an output that has exited, or whose Init failed or was never called. */
void sink_free(struct sink *sink);

/* "live_status.0" or the alias, as in Fluent Bit's logs. */
const char *sink_name(const struct sink *sink);

const struct instance_config *sink_config(const struct sink *sink);

#endif
