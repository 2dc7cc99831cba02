/* The scalars of JSON, appended to a text. */
#ifndef HOST_JSON_H
#define HOST_JSON_H

#include "memory.h"

/* A quoted string. Each invalid part of the UTF-8 becomes one U+FFFD, as the Unicode standard advises. */
void json_string(struct text *out, const void *bytes, size_t len);

/* A quoted string with the bytes in base64 (RFC 4648, padded). */
void json_base64(struct text *out, const void *bytes, size_t len);

/* The shortest number that reads back as the same value; JSON has no NaN and no infinity, so these are null. */
void json_double(struct text *out, double value);
void json_float(struct text *out, float value);

#endif
