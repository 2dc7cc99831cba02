/* One run's configuration: the command line and, behind it, the YAML file. */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "arguments.h"
#include "property.h"

struct config {
    struct variables variables;
    char **plugins; /* in the order to load them */
    size_t plugin_count;
    struct input_config *inputs;
    size_t input_count;
    int log_level;
    bool hot_reload;
};

/* NULL, with a line logged that names file and line, when anything in it is wrong. config_free releases it. */
struct config *config_read(const struct arguments *args);
void config_free(struct config *config);

#endif
