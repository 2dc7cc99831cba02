#include "yaml.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "yaml_lines.h"
#include "yaml_scalar.h"

enum { DEPTH_MAX = 64 };

struct parser {
    struct yaml_lines lines;
    size_t next; /* line to parse */
    struct yaml_error *error;
};

static struct yaml_node *node_new(enum yaml_kind kind, int line)
{
    struct yaml_node *node = mem_zeroed(sizeof(*node));

    node->kind = kind;
    node->line = line;
    return node;
}

void yaml_free(struct yaml_node *node)
{
    if (node == NULL) {
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        yaml_free(node->children[i]);
    }
    free(node->children);
    free(node->text);
    free(node->key);
    free(node);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++) {
        if (strcmp(map->children[i]->key, key) == 0) {
            return map->children[i];
        }
    }
    return NULL;
}

static void node_add(struct yaml_node *parent, struct yaml_node *child)
{
    parent->children = mem_resize(parent->children, (parent->count + 1) * sizeof(*parent->children));
    parent->children[parent->count++] = child;
}

__attribute__((format(printf, 3, 4))) static void *fail(struct parser *p, int line, const char *fmt, ...)
{
    va_list args;

    p->error->line = line;
    va_start(args, fmt);
    vsnprintf(p->error->message, sizeof(p->error->message), fmt, args);
    va_end(args);
    return NULL;
}

/* The next line that is not blank, or NULL at the end. */
static struct yaml_line *peek(struct parser *p)
{
    while (p->next < p->lines.count && p->lines.at[p->next].blank) {
        p->next++;
    }
    return p->next < p->lines.count ? &p->lines.at[p->next] : NULL;
}

static bool is_dash(const char *content)
{
    return content[0] == '-' && (content[1] == '\0' || content[1] == ' ' || content[1] == '\t');
}

static bool is_comment(const char *rest)
{
    return *rest == '\0' || *rest == '#';
}

static struct yaml_node *parse_block(struct parser *p, int indent, int depth);

/*
 * A literal block: the lines deeper than the parent. The last line breaks are cut to one, or to none with a minus in
 * the header; other headers are refused.
 */
static struct yaml_node *parse_text_block(struct parser *p, const char *header, int parent, int line)
{
    bool strip = header[1] == '-';
    const char *rest = header + (strip ? 2 : 1);
    size_t blanks = strspn(rest, " \t");
    struct yaml_node *node;
    struct text out = {0};
    int indent = -1, widest = 0; /* of the empty lines before the first */
    size_t kept = 0, last = 0;

    if (rest[blanks] != '\0' && (rest[blanks] != '#' || blanks == 0)) {
        return fail(p, line, "a block header that is not understood: write | or |-");
    }
    for (; p->next < p->lines.count; p->next++) {
        struct yaml_line *at = &p->lines.at[p->next];
        int column = (int)strspn(at->raw, " ");
        bool empty = at->raw[column] == '\0' && (indent < 0 || column <= indent);

        if (!empty && column <= parent) {
            break;
        }
        if (indent < 0 && !empty) {
            indent = column;
        }
        if (empty && indent < 0 && column > widest) {
            widest = column;
        }
        if (!empty && (column < indent || indent < widest)) {
            text_free(&out);
            return fail(p, at->number, "a line of a block less indented than the first");
        }
        if (!empty) {
            text_add_str(&out, at->raw + indent);
        }
        text_add_char(&out, '\n');
        if (!empty) {
            kept = out.len;
            last = p->next;
        }
    }
    if (kept > 0 && (strip || (last + 1 == p->lines.count && p->lines.unterminated))) {
        kept--;
    }
    out.len = kept;
    node = node_new(YAML_SCALAR, line);
    node->text = text_take(&out);
    return node;
}

/* What stands behind a key or dash at column parent; the line itself has been taken. */
static struct yaml_node *parse_value(struct parser *p, const char *rest, int parent, bool of_key, int line, int depth)
{
    struct yaml_node *node;
    struct yaml_line *at;
    const char *error;

    if (is_comment(rest)) {
        at = peek(p);
        if (at != NULL && at->indent > parent) {
            return parse_block(p, at->indent, depth);
        }
        if (at != NULL && of_key && at->indent == parent && is_dash(at->content)) {
            return parse_block(p, at->indent, depth);
        }
        return node_new(YAML_EMPTY, line);
    }
    if (*rest == '|') {
        return parse_text_block(p, rest, parent, line);
    }
    node = node_new(YAML_SCALAR, line);
    node->text = yaml_scalar(rest, &error);
    if (node->text == NULL) {
        yaml_free(node);
        return fail(p, line, "%s", error);
    }
    at = peek(p);
    if (at != NULL && at->indent > parent) {
        yaml_free(node);
        return fail(p, at->number, "deeper than the line before, which already has its value");
    }
    return node;
}

static struct yaml_node *parse_item(struct parser *p, struct yaml_line *at, int depth)
{
    const char *behind = at->content + 1 + strspn(at->content + 1, " \t");
    const char *rest, *error;
    char *key;

    if (!is_comment(behind)) {
        key = yaml_key(behind, &rest, &error);
        if (key == NULL && error != NULL) {
            return fail(p, at->number, "%s", error);
        }
        free(key);
        if (key != NULL || is_dash(behind)) {
            /* A map or list that begins behind the dash: its column is where it stands. */
            at->indent += (int)(behind - at->content);
            at->content = at->raw + at->indent;
            return parse_block(p, at->indent, depth);
        }
    }
    p->next++;
    return parse_value(p, behind, at->indent, false, at->number, depth);
}

static struct yaml_node *parse_list(struct parser *p, int indent, int depth)
{
    struct yaml_line *at = peek(p);
    struct yaml_node *list = node_new(YAML_LIST, at->number);

    while (at != NULL && at->indent == indent && is_dash(at->content)) {
        struct yaml_node *item = parse_item(p, at, depth + 1);

        if (item == NULL) {
            yaml_free(list);
            return NULL;
        }
        node_add(list, item);
        at = peek(p);
    }
    if (at != NULL && at->indent > indent) {
        yaml_free(list);
        return fail(p, at->number, "indented differently from what it belongs to");
    }
    return list;
}

static struct yaml_node *parse_map(struct parser *p, int indent, int depth)
{
    struct yaml_line *at = peek(p);
    struct yaml_node *map = node_new(YAML_MAP, at->number);

    for (; at != NULL && at->indent == indent && !is_dash(at->content); at = peek(p)) {
        int line = at->number;
        const char *rest = "", *error;
        struct yaml_node *value;
        char *key = yaml_key(at->content, &rest, &error);

        if (key == NULL) {
            yaml_free(map);
            return fail(p, line, "%s", error != NULL ? error : "neither \"key: value\" nor a list item");
        }
        p->next++;
        value = parse_value(p, rest, indent, true, line, depth + 1);
        if (value == NULL) {
            free(key);
            yaml_free(map);
            return NULL;
        }
        value->key = key;
        value->key_line = line;
        node_add(map, value);
    }
    if (at != NULL && at->indent >= indent) {
        yaml_free(map);
        return fail(p, at->number, "indented differently from what it belongs to");
    }
    return map;
}

static struct yaml_node *parse_block(struct parser *p, int indent, int depth)
{
    struct yaml_line *at = peek(p);

    if (depth > DEPTH_MAX) {
        return fail(p, at->number, "nested too deep");
    }
    return is_dash(at->content) ? parse_list(p, indent, depth) : parse_map(p, indent, depth);
}

/* The line that may begin a document. */
static bool is_marker(const char *content)
{
    size_t blanks;

    if (strncmp(content, "---", 3) != 0) {
        return false;
    }
    blanks = strspn(content + 3, " \t");
    return content[3 + blanks] == '\0' || (blanks > 0 && content[3 + blanks] == '#');
}

static struct yaml_node *parse_document(struct parser *p)
{
    struct yaml_line *at = peek(p);
    struct yaml_node *root;

    if (at != NULL && at->indent == 0 && is_marker(at->content)) {
        p->next++;
        at = peek(p);
    }
    if (at == NULL) {
        return fail(p, 0, "holds no configuration");
    }
    root = parse_block(p, at->indent, 0);
    if (root == NULL) {
        return NULL;
    }
    at = peek(p);
    if (at != NULL) {
        yaml_free(root);
        return fail(p, at->number, "indented differently from what it belongs to");
    }
    return root;
}

struct yaml_node *yaml_read(const char *path, struct yaml_error *error)
{
    struct parser p = {.error = error};
    struct yaml_node *root = NULL;

    if (yaml_lines_read(&p.lines, path, error)) {
        root = parse_document(&p);
    }
    yaml_lines_free(&p.lines);
    return root;
}
