/*
 * Chunks in files: storage.path/INPUT/NAME.host. A file is the magic of eight bytes, the length of the tag as four bytes
 * big-endian, the tag and the records as they came. Not Fluent Bit's format.
 */
#ifndef HOST_STORAGE_H
#define HOST_STORAGE_H

#include "chunk.h"

/* Creates the file, and the folder where it is not there yet. False with a line logged. */
bool storage_create(struct chunk *chunk, const char *folder);

/* Appends to the file. False with a line logged; part of the data may be in the file then, but not in its len. */
bool storage_write(struct chunk *chunk, const void *data, size_t len);

/* Reads the records. False with a line logged. */
bool storage_read(const struct chunk *chunk, void *out);

#endif
