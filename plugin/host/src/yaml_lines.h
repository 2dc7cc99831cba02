/* The lines of a YAML file, with their indentation measured: what yaml.c parses. */
#ifndef HOST_YAML_LINES_H
#define HOST_YAML_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "yaml.h"

struct yaml_line {
    char *raw;     /* without its end; owned by struct yaml_lines */
    char *content; /* raw behind the indentation, or behind the dashes already dealt with */
    int indent;    /* column of content */
    int number;
    bool blank; /* nothing or only a comment */
};

struct yaml_lines {
    char *data;
    struct yaml_line *at;
    size_t count;
    bool unterminated; /* the last line has no line break */
};

/* Reads a file; false with *error set when it cannot be read, holds NUL bytes or has tabs in an indentation. */
bool yaml_lines_read(struct yaml_lines *lines, const char *path, struct yaml_error *error);
void yaml_lines_free(struct yaml_lines *lines);

#endif
