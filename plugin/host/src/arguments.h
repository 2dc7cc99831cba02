/* The command line. */
#ifndef HOST_ARGUMENTS_H
#define HOST_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct argument_pair {
    char *key, *value;
};

/* An input or an output. */
struct argument_instance {
    char *name;
    struct argument_pair *pairs; /* of -p, -t and -m, in their order */
    size_t count;
};

struct arguments {
    char **plugins;
    size_t plugin_count;
    struct argument_instance *inputs, *outputs;
    size_t input_count, output_count;
    bool output_last; /* whether -p is for the last output, not the last input */
    char *config;   /* NULL: none */
    char *output;   /* NULL: stdout */
    double flush;   /* seconds between flushes; 0: the configuration's */
    double grace;   /* seconds; negative: as Fluent Bit */
    int log_level;  /* -1: the configuration's */
    bool hot_reload, with_time, check, help;
};

/* Reads the command line; false with a line on stderr when it is wrong. arguments_free either way. */
bool arguments_read(struct arguments *args, int argc, char **argv);
void arguments_free(struct arguments *args);

/* What -h prints. */
extern const char arguments_usage[];

#endif
