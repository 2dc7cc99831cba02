/* JSON to msgpack. */
#ifndef HOST_JSONPACK_H
#define HOST_JSONPACK_H

#include <stdbool.h>

#include "memory.h"

/*
 * Appends a JSON object as a msgpack map: whole numbers that fit 64 bits as integers, others as floats of 64 bits, keys
 * in their order. False, with nothing appended, when the text is not one object or nested beyond JSONPACK_MAX_DEPTH.
 */
bool jsonpack_object(struct text *out, const char *json, size_t len);

enum { JSONPACK_MAX_DEPTH = 100 };

/* Appends a msgpack string. */
void jsonpack_string(struct text *out, const char *bytes, size_t len);

#endif
