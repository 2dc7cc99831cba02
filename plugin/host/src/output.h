/* Where the records go: one file descriptor, shared by the inputs' threads. */
#ifndef HOST_OUTPUT_H
#define HOST_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Opens path for appending; NULL, "-" or "stdout" is standard output. False with a line logged when it cannot. */
bool output_open(const char *path, bool with_time);

/*
 * Writes the records of one batch, one line each, and returns when the system has taken them. kind and source name the
 * input or output in messages. False when the batch is malformed: the records before the fault are written, and it is logged. When the
 * lines cannot be written the process ends at once with code 1.
 */
bool output_batch(const char *kind, const char *source, const void *data, size_t len);

/* Closes; false with a line logged when the system could not keep what was written. */
bool output_close(void);

#endif
