#include "yaml_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { FILE_MAX_BYTES = 4 * 1024 * 1024 };

static bool slurp(const char *path, struct text *t, struct yaml_error *error)
{
    char block[8192];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (f == NULL) {
        snprintf(error->message, sizeof(error->message), "cannot open: %s", strerror(errno));
        return false;
    }
    while ((n = fread(block, 1, sizeof(block), f)) > 0 && t->len <= FILE_MAX_BYTES) {
        text_add(t, block, n);
    }
    if (ferror(f)) {
        snprintf(error->message, sizeof(error->message), "cannot read: %s", strerror(errno));
        fclose(f);
        return false;
    }
    fclose(f);
    if (t->len > FILE_MAX_BYTES) {
        snprintf(error->message, sizeof(error->message), "larger than %d bytes", FILE_MAX_BYTES);
        return false;
    }
    return true;
}

static bool measure(struct yaml_line *line, struct yaml_error *error)
{
    size_t indent = strspn(line->raw, " ");
    const char *behind = line->raw + indent;
    size_t blanks = strspn(behind, " \t");

    line->indent = (int)indent;
    line->content = line->raw + indent;
    line->blank = behind[blanks] == '\0' || behind[blanks] == '#';
    if (blanks > 0 && !line->blank) {
        error->line = line->number;
        snprintf(error->message, sizeof(error->message), "a tab in the indentation: YAML wants blanks");
        return false;
    }
    return true;
}

bool yaml_lines_read(struct yaml_lines *lines, const char *path, struct yaml_error *error)
{
    struct text t = {0};
    char *line;
    size_t len;

    *lines = (struct yaml_lines){0};
    *error = (struct yaml_error){0};
    if (!slurp(path, &t, error)) {
        text_free(&t);
        return false;
    }
    len = t.len;
    lines->data = text_take(&t);
    if (strlen(lines->data) != len) {
        snprintf(error->message, sizeof(error->message), "holds NUL bytes: is it a text file?");
        return false;
    }
    line = lines->data;
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0) {
        line += 3;
    }
    while (line != NULL && *line != '\0') {
        char *end = strchr(line, '\n');
        char *last = end != NULL ? end : line + strlen(line);
        struct yaml_line *at;

        if (end != NULL) {
            *end = '\0';
        }
        if (last > line && last[-1] == '\r') {
            last[-1] = '\0';
        }
        lines->at = mem_resize(lines->at, (lines->count + 1) * sizeof(*lines->at));
        at = &lines->at[lines->count];
        *at = (struct yaml_line){.raw = line, .number = (int)lines->count + 1};
        lines->count++;
        if (!measure(at, error)) {
            return false;
        }
        lines->unterminated = end == NULL;
        line = end != NULL ? end + 1 : NULL;
    }
    return true;
}

void yaml_lines_free(struct yaml_lines *lines)
{
    free(lines->at);
    free(lines->data);
    *lines = (struct yaml_lines){0};
}
