/* Chunks: records of one tag that are handed to the outputs together, in memory or in a file. */
#ifndef HOST_CHUNK_H
#define HOST_CHUNK_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

/* Above this many bytes nothing is added to a chunk any more: Fluent Bit's limit. */
enum { CHUNK_FULL = 2048000 };

struct chunk {
    struct chunk *next; /* of the same input */
    char *name, *tag;
    size_t len, records;
    bool taken;   /* a task has it: nothing is added any more */
    bool full;    /* nothing is added any more */
    bool backlog; /* found in the storage at the start */
    struct text memory;
    char *path; /* of the file, NULL where the bytes are in memory */
    int fd;
    size_t offset; /* of the bytes in the file */
};

/* A new chunk, in folder unless that is NULL. NULL with a line logged when it cannot be made. */
struct chunk *chunk_new(const char *tag, const char *folder);

/* Adds records. False with a line logged when they could not be written. */
bool chunk_append(struct chunk *chunk, const void *data, size_t len, size_t records);

/* Copies the chunk's len bytes to out. False with a line logged when they could not be read. */
bool chunk_read(const struct chunk *chunk, void *out);

/* Closes the chunk's file, if it has one, which is opened for each read then. */
void chunk_rest(struct chunk *chunk);

/* Frees a chunk, and removes its file when it has been dealt with. */
void chunk_free(struct chunk *chunk, bool dealt_with);

/*
 * Chunks that earlier runs left in the folders below path, oldest first. An event that is not whole, as after a crash,
 * is left out. Files that are no chunks are left alone, with a line logged.
 */
struct chunk *chunk_load_all(const char *path);

#endif
