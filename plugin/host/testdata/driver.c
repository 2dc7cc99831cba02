/*
 * Runs the host's decoders over frames from stdin, for fuzzing: a letter, a length of four bytes (big-endian), and that
 * many bytes. The answer is a length and text. 'm' and 't' walk msgpack (t with times): the lines, then "!offset error"
 * where it is malformed. 'y' parses YAML: the tree as JSON, or "!line error". 'j' packs a JSON object as msgpack and
 * walks that; "!" where it is none. 'g' is a pattern, a NUL and a tag: "yes" or "no".
 */
#define _XOPEN_SOURCE 700
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "jsonpack.h"
#include "match.h"
#include "memory.h"
#include "msgpack.h"
#include "yaml.h"

static void walk(struct text *answer, const unsigned char *data, size_t len, bool with_time)
{
    /* An allocation of the exact size, so that a sanitizer sees a read behind the end. */
    unsigned char *exact = malloc(len > 0 ? len : 1);
    struct msgpack_result result;

    memcpy(exact, data, len);
    result = msgpack_lines(answer, exact, len, with_time);
    if (result.error != NULL) {
        text_addf(answer, "!%zu %s", result.offset, result.error);
    }
    free(exact);
}

static void add_tree(struct text *answer, const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_EMPTY:
        text_add_str(answer, "null");
        return;
    case YAML_SCALAR:
        json_string(answer, node->text, strlen(node->text));
        return;
    default:
        break;
    }
    text_add_char(answer, node->kind == YAML_MAP ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0) {
            text_add_char(answer, ',');
        }
        if (node->kind == YAML_MAP) {
            json_string(answer, node->children[i]->key, strlen(node->children[i]->key));
            text_add_char(answer, ':');
        }
        add_tree(answer, node->children[i]);
    }
    text_add_char(answer, node->kind == YAML_MAP ? '}' : ']');
}

static void parse(struct text *answer, const unsigned char *data, size_t len, const char *path)
{
    struct yaml_error error;
    struct yaml_node *root;
    FILE *f = fopen(path, "wb");

    if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
        abort();
    }
    root = yaml_read(path, &error);
    if (root == NULL) {
        text_addf(answer, "!%d %s", error.line, error.message);
        return;
    }
    add_tree(answer, root);
    yaml_free(root);
}

static void pack(struct text *answer, const unsigned char *data, size_t len)
{
    char *exact = malloc(len > 0 ? len : 1);
    struct text event = {0};

    memcpy(exact, data, len);
    text_add(&event, "\x92\x05", 2);
    if (jsonpack_object(&event, exact, len)) {
        walk(answer, (const unsigned char *)event.data, event.len, false);
    } else {
        text_add_char(answer, '!');
    }
    text_free(&event);
    free(exact);
}

int main(int argc, char **argv)
{
    unsigned char head[5];

    while (argc == 2 && fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
        size_t len = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
        unsigned char *data = malloc(len + 1);
        struct text answer = {0};

        if (data == NULL || fread(data, 1, len, stdin) != len) {
            return 1;
        }
        if (head[0] == 'y') {
            parse(&answer, data, len, argv[1]);
        } else if (head[0] == 'j') {
            pack(&answer, data, len);
        } else if (head[0] == 'g') {
            data[len] = '\0';
            text_add_str(&answer, match_tag((char *)data, (char *)data + strlen((char *)data) + 1) ? "yes" : "no");
        } else {
            walk(&answer, data, len, head[0] == 't');
        }
        head[1] = (unsigned char)(answer.len >> 24);
        head[2] = (unsigned char)(answer.len >> 16);
        head[3] = (unsigned char)(answer.len >> 8);
        head[4] = (unsigned char)answer.len;
        fwrite(head + 1, 1, 4, stdout);
        if (answer.len > 0) {
            fwrite(answer.data, 1, answer.len, stdout);
        }
        fflush(stdout);
        text_free(&answer);
        free(data);
    }
    return 0;
}
