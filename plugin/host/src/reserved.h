/* The keys of an input or an output that Fluent Bit 5.1 takes for itself and never hands to the plugin. */
#ifndef HOST_RESERVED_H
#define HOST_RESERVED_H

#include <stdbool.h>
#include <stddef.h>

enum reserved {
    RESERVED_NOT,     /* the plugin's */
    RESERVED_TAKEN,   /* Fluent Bit's */
    RESERVED_REFUSED, /* Fluent Bit's, and it does not start with this value: *why says what is wrong */
};

/* Whose a key is. value is NULL when empty: most of Fluent Bit's own keys are the plugin's then. */
enum reserved reserved_check(bool output, const char *key, const char *value, const char **why);

/* The bytes of a size such as 10M or 512KB; units are powers of ten, as Fluent Bit counts. */
size_t reserved_size(const char *value);

/* 1, 0, or -1 for text that is no boolean to Fluent Bit. */
int reserved_bool(const char *value);

#endif
