/*
 * The host's own inputs, which feed outputs where no plugin does: tail, as Fluent Bit's of that name in what it knows,
 * and chunk, which hands over a file of recorded msgpack as one chunk.
 */
#ifndef HOST_FEED_H
#define HOST_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline.h"
#include "property.h"

/* Whether there is an input of the host's own of that name. */
bool feed_is_known(const char *name);

/* The configuration's input with that number. config and pipeline are borrowed. NULL, with a line logged, on failure. */
struct feed *feed_new(struct instance_config *config, size_t number, struct pipeline *pipeline);

/* Starts to read, on a thread of its own. False with a line logged. */
bool feed_run(struct feed *feed);

/* Stops reading. Returns at once. */
void feed_pause(struct feed *feed);

/* Ends the thread and frees all. */
void feed_free(struct feed *feed);

#endif
