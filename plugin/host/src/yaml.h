/*
 * Reads the part of YAML that Fluent Bit configurations are written in: block maps and lists, plain and quoted
 * scalars on one line, literal blocks, comments. What it does not know (flow collections, folded blocks, anchors, tags,
 * scalars over several lines, several documents) is an error with its line, never a guess.
 */
#ifndef HOST_YAML_H
#define HOST_YAML_H

#include <stddef.h>

enum yaml_kind {
    YAML_EMPTY, /* a key or dash with nothing behind it */
    YAML_SCALAR,
    YAML_MAP,
    YAML_LIST,
};

struct yaml_node {
    enum yaml_kind kind;
    int line;          /* counted from 1 */
    char *text;        /* of a scalar */
    char *key;         /* where the node is a map's value */
    int key_line;      /* of that key */
    struct yaml_node **children;
    size_t count;
};

struct yaml_error {
    int line; /* 0 where the file itself is the trouble */
    char message[256];
};

/* The document of a file, or NULL with *error set. yaml_free releases it. */
struct yaml_node *yaml_read(const char *path, struct yaml_error *error);
void yaml_free(struct yaml_node *node);

/* A map's value, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

#endif
