/* The command line. */
#ifndef HOST_ARGUMENTS_H
#define HOST_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct argument_pair {
    char *key, *value;
};

struct argument_input {
    char *name;
    struct argument_pair *pairs; /* of -p and -t, in their order */
    size_t count;
};

struct arguments {
    char **plugins;
    size_t plugin_count;
    struct argument_input *inputs;
    size_t input_count;
    char *config;   /* NULL: none */
    char *output;   /* NULL: stdout */
    double grace;   /* seconds; negative: as Fluent Bit, up to the next whole second of the clock */
    int log_level;  /* -1: the configuration's */
    bool hot_reload, with_time, check, help;
};

/* Reads the command line; false with a line on stderr when it is wrong. arguments_free either way. */
bool arguments_read(struct arguments *args, int argc, char **argv);
void arguments_free(struct arguments *args);

/* What -h prints. */
extern const char arguments_usage[];

#endif
