/*
 * Walks the msgpack that an input returns, concatenated log events, and writes them as JSON Lines. An event is
 * [[time, metadata], body] or [time, body]; time is an ext of type 0 and 8 bytes (seconds and nanoseconds, big-endian),
 * an unsigned integer or a float of seconds.
 */
#ifndef HOST_MSGPACK_H
#define HOST_MSGPACK_H

#include "memory.h"

struct msgpack_result {
    size_t records;    /* lines written */
    const char *error; /* NULL, or what is wrong; nothing of that event is written, nor what follows */
    size_t offset;     /* where: bytes from the start of the data */
    size_t whole;      /* bytes from the start that are whole events */
};

/* Containers within containers beyond this depth are an error: the walk recurses. */
enum { MSGPACK_MAX_DEPTH = 128 };

/*
 * Appends one line per event to out: the body, or with_time an object of time, metadata and record. Events that only
 * mark the start or end of a group (seconds 0xFFFFFFFF and 0xFFFFFFFE) are left out.
 */
struct msgpack_result msgpack_lines(struct text *out, const void *data, size_t len, bool with_time);

/* As msgpack_lines, with nothing written. */
struct msgpack_result msgpack_check(const void *data, size_t len);

#endif
