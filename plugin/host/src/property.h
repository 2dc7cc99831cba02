/* The keys of one input or output: which of them the host takes for itself and which the plugin can ask for. */
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

enum instance_kind { INSTANCE_INPUT, INSTANCE_OUTPUT };

/* retry_limit of an output. */
enum { RETRY_UNLIMITED = -1, RETRY_NONE = 0, RETRY_DEFAULT = 1 };

struct instance_config {
    enum instance_kind kind;
    char *name, *where;
    char *alias;
    int log_level; /* -1: that of the service */
    struct property *properties;
    size_t count;
    /* Of inputs. */
    char *tag;
    bool filesystem;      /* storage.type */
    size_t mem_buf_limit; /* bytes; 0: none */
    /* Of outputs. */
    char *match; /* NULL: none given */
    int workers, retry_limit;
};

/* "input" or "output", for messages. */
const char *instance_kind_name(const struct instance_config *in);

/*
 * Sets a key as Fluent Bit 5.1 does: camelCase in snake_case, variables replaced, blanks around it cut off, the keys of
 * Fluent Bit's own checked and kept. False, with a line logged that never shows the value, for a value that Fluent Bit
 * refuses.
 */
bool instance_config_set(struct instance_config *in, const struct variables *vars, const char *key, const char *value,
                      const char *where);

/* The value of a plugin's key, whatever its case, or NULL. The first of several wins. Marks the key as asked for. */
const char *instance_config_get(struct instance_config *in, const char *key);

void instance_config_free(struct instance_config *in);

#endif
