/*
 * The way of the records where there are outputs: what inputs return is collected by tag into chunks, which are handed
 * to the outputs that match at each flush, and kept until they have been delivered or given up. As in Fluent Bit one
 * thread does all of it but the flushes of outputs with workers.
 */
#ifndef HOST_PIPELINE_H
#define HOST_PIPELINE_H

#include "config.h"
#include "plugin.h"

/*
 * Ties the outputs of the configuration to the plugins. config and plugins are borrowed. NULL with a line logged when an
 * output is of no plugin.
 */
struct pipeline *pipeline_new(struct config *config, struct plugin *const *plugins, size_t plugin_count);

/*
 * Starts the thread, has it take in the chunks of earlier runs and call Init of each output in turn. False with a line
 * logged at the first that fails; those before it have exited then.
 */
bool pipeline_init(struct pipeline *p);

/* Has the outputs' PreRun called, and the flushes begin. Returns once PreRun has returned. */
void pipeline_run(struct pipeline *p);

/*
 * Takes records of the input with that number, with its tag where tag is NULL, and returns once they are in a chunk:
 * one of their own if alone. What cannot be written to the storage ends the process: they must not look accepted. What
 * comes once the outputs have exited is dropped, with a line logged.
 */
void pipeline_append(struct pipeline *p, size_t input, const char *tag, const void *data, size_t len, size_t records,
                     bool alone);

/* Bytes of an input that have not been delivered. */
size_t pipeline_pending(struct pipeline *p, size_t input);

/*
 * Flushes, calls pause, waits for what is on its way (grace in seconds, of the configuration if negative), calls pause
 * again and ends the outputs.
 */
void pipeline_stop(struct pipeline *p, double grace, bool hot, void (*pause)(void *arg), void *arg);

/* Ends outputs that were initialised but never run. */
void pipeline_exit(struct pipeline *p, bool hot);

/* Frees all, with a line logged about what was not delivered. */
void pipeline_free(struct pipeline *p);

/* An input's name for messages, "live_status.0" or its alias. The caller frees it. */
char *pipeline_input_name(const struct config *config, size_t input);

#endif
