/* Files that grow, read line by line. */
#ifndef HOST_TAIL_H
#define HOST_TAIL_H

#include <stdbool.h>

#include "memory.h"
#include "property.h"

/* NULL, with a line logged, when a key is missing or wrong. */
struct tail *tail_new(struct instance_config *config);

/*
 * Reads what there is, but no more than a few hundred KiB at a time, and calls take for the log events of each file's
 * lines. Returns whether there was anything.
 */
bool tail_read(struct tail *tail, void (*take)(void *arg, const char *tag, const struct text *events, size_t count),
               void *arg);

void tail_free(struct tail *tail);

#endif
