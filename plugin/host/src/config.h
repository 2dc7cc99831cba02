/* One run's configuration: the command line and, behind it, the YAML file. */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "arguments.h"
#include "property.h"
#include "service.h"

/* A key of an output as it was written. value is NULL where it is a map, which no key of an output may be. */
struct raw_pair {
    char *key, *value, *where;
};

struct raw_output {
    char *name, *where;
    struct raw_pair *pairs;
    size_t count;
};

struct config {
    struct variables variables;
    char **plugins; /* in the order to load them */
    size_t plugin_count;
    struct instance_config *inputs;
    size_t input_count;
    struct raw_output *raw_outputs;
    size_t raw_output_count;
    struct instance_config *outputs; /* set by config_take_outputs */
    size_t output_count;
    struct service service;
};

/* NULL, with a line logged that names file and line, when anything in it is wrong. config_free releases it. */
struct config *config_read(const struct arguments *args);
void config_free(struct config *config);

/*
 * Makes outputs of the raw ones. Not done while reading: where no output is to be run their keys are not looked at,
 * since they may be those of any of Fluent Bit's own outputs. False with a line logged when one is wrong.
 */
bool config_take_outputs(struct config *config);

#endif
