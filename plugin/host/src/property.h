/* The keys of one input: which of them the host takes for itself and which the plugin can ask for. */
#ifndef HOST_PROPERTY_H
#define HOST_PROPERTY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Names defined in a configuration's env section; looked up before the process's environment. */
struct variable {
    char *name, *value;
};

struct variables {
    struct variable *at;
    size_t count;
};

void variables_add(struct variables *vars, const char *name, const char *value);
void variables_free(struct variables *vars);

/* value with ${NAME} and ${NAME:-default} replaced, the caller's to free. A name not set becomes nothing and a warning. */
char *variables_expand(const struct variables *vars, const char *value);

struct property {
    char *key;
    char *value; /* NULL when empty, as Fluent Bit keeps it */
    char *where; /* "conf.yaml:12" or "command line" */
    atomic_bool asked;
};

struct input_config {
    char *name, *where;
    char *tag, *alias;
    int log_level; /* -1: that of the service */
    struct property *properties;
    size_t count;
};

/*
 * Sets a key as Fluent Bit 5.1 does: camelCase in snake_case, variables replaced, blanks around it cut off, the keys of
 * Fluent Bit's own checked and kept. False, with a line logged that never shows the value, for a value that Fluent Bit
 * refuses.
 */
bool input_config_set(struct input_config *in, const struct variables *vars, const char *key, const char *value,
                      const char *where);

/* The value of a plugin's key, whatever its case, or NULL. The first of several wins. Marks the key as asked for. */
const char *input_config_get(struct input_config *in, const char *key);

void input_config_free(struct input_config *in);

#endif
