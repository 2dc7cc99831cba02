/* The items of msgpack, one after the other: what msgpack.c builds on. */
#ifndef HOST_ITEM_H
#define HOST_ITEM_H

#include <stdint.h>

#include "memory.h"

struct item_reader {
    const unsigned char *data;
    size_t len, pos;
    const char *error;
    size_t error_at;
    struct text *out; /* for what is made of the items */
};

enum kind { NIL, BOOLEAN, UNSIGNED, SIGNED, FLOAT32, FLOAT64, STRING, BINARY, ARRAY, MAP, EXTENSION };

/* One item's head; for STRING, BINARY and EXTENSION the bytes too. */
struct item {
    enum kind kind;
    size_t at; /* of its first byte */
    uint64_t unsigned_value;
    int64_t signed_value;
    double float_value;
    uint32_t count; /* elements, pairs or bytes */
    int extension;
    const unsigned char *bytes;
};

/* Reads the next item's head, and the bytes of a string, binary or ext. False with the reader's error set. */
bool item_next(struct item_reader *r, struct item *it);

/* Sets the reader's error, if it is the first, and returns false. */
bool item_fail(struct item_reader *r, size_t at, const char *error);

#endif
