#include "yaml_scalar.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static void add_utf8(struct text *out, uint32_t c)
{
    if (c < 0x80) {
        text_add_char(out, (char)c);
        return;
    }
    if (c < 0x800) {
        text_add_char(out, (char)(0xC0 | c >> 6));
    } else if (c < 0x10000) {
        text_add_char(out, (char)(0xE0 | c >> 12));
        text_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
    } else {
        text_add_char(out, (char)(0xF0 | c >> 18));
        text_add_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
        text_add_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
    }
    text_add_char(out, (char)(0x80 | (c & 0x3F)));
}

/* One escape, p behind the backslash; returns what follows it, or NULL. */
static const char *escape(struct text *out, const char *p)
{
    static const char from[] = "0abtnvfre \"/\\";
    static const char to[] = "\0\a\b\t\n\v\f\r\033 \"/\\";
    const char *known;
    int digits = *p == 'x' ? 2 : *p == 'u' ? 4 : *p == 'U' ? 8 : 0;
    uint32_t c = 0;

    if (digits > 0) {
        for (int i = 1; i <= digits; i++) {
            int d = hex_digit(p[i]);

            if (d < 0) {
                return NULL;
            }
            c = c << 4 | (uint32_t)d;
        }
        if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
            return NULL;
        }
        add_utf8(out, c);
        return p + digits + 1;
    }
    known = *p != '\0' ? strchr(from, *p) : NULL;
    if (known == NULL || *known == '0') {
        return NULL; /* a NUL cannot be carried in a property */
    }
    text_add_char(out, to[known - from]);
    return p + 1;
}

/* A quoted scalar; *end is behind its closing quote. */
static char *quoted(const char *text, const char **end, const char **error)
{
    struct text out = {0};
    char quote = *text;
    const char *p = text + 1;

    while (*p != '\0') {
        if (*p == quote) {
            if (quote == '\'' && p[1] == '\'') {
                text_add_char(&out, '\'');
                p += 2;
                continue;
            }
            *end = p + 1;
            return text_take(&out);
        }
        if (quote == '"' && *p == '\\') {
            p = escape(&out, p + 1);
            if (p == NULL) {
                *error = "an escape that YAML does not know in a double-quoted value";
                text_free(&out);
                return NULL;
            }
            continue;
        }
        text_add_char(&out, *p++);
    }
    *error = "a quote that is not closed on its line";
    text_free(&out);
    return NULL;
}

/* Length of a plain scalar without its comment and the blanks at its end. */
static size_t plain_length(const char *text)
{
    size_t len = 0;

    while (text[len] != '\0' && !(text[len] == '#' && len > 0 && blank(text[len - 1]))) {
        len++;
    }
    while (len > 0 && blank(text[len - 1])) {
        len--;
    }
    return len;
}

static const char *plain_trouble(const char *text, size_t len)
{
    switch (text[0]) {
    case '[':
    case '{':
        return "a collection in brackets: write it as a block, or quote the value";
    case '&':
    case '*':
        return "an anchor or alias: quote the value";
    case '!':
        return "a tag: quote the value";
    case '|':
    case '%':
    case '@':
    case '`':
    case ']':
    case '}':
    case ',':
        return "a value that begins with a reserved character: quote it";
    case '>':
        return "a folded block: write it on one line, or with | as it is";
    case '?':
    case '-':
        if (len == 1 || blank(text[1])) {
            return "a list or key where a value should be";
        }
        break;
    default:
        break;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == ':' && (i + 1 == len || blank(text[i + 1]))) {
            return "a key within a value: quote the value";
        }
    }
    return NULL;
}

char *yaml_scalar(const char *text, const char **error)
{
    const char *end;
    char *value;
    size_t len;

    *error = NULL;
    if (*text == '"' || *text == '\'') {
        value = quoted(text, &end, error);
        if (value == NULL) {
            return NULL;
        }
        len = strspn(end, " \t");
        if (end[len] != '\0' && (end[len] != '#' || len == 0)) {
            *error = "text behind the closing quote";
            free(value);
            return NULL;
        }
        return value;
    }
    len = plain_length(text);
    *error = plain_trouble(text, len);
    return *error == NULL ? mem_copy_len(text, len) : NULL;
}

char *yaml_key(const char *text, const char **rest, const char **error)
{
    char *key;
    const char *p = text;
    size_t len;

    *error = NULL;
    if (*text == '"' || *text == '\'') {
        key = quoted(text, &p, error);
        if (key == NULL) {
            return NULL;
        }
        p += strspn(p, " \t");
        if (*p != ':' || (p[1] != '\0' && !blank(p[1]))) {
            free(key);
            return NULL;
        }
        *rest = p + 1 + strspn(p + 1, " \t");
        return key;
    }
    if ((strncmp(text, "---", 3) == 0 || strncmp(text, "...", 3) == 0) && (text[3] == '\0' || blank(text[3]))) {
        *error = "the start or end of a document: only one is read";
        return NULL;
    }
    for (len = plain_length(text); p < text + len; p++) {
        if (*p == ':' && (p[1] == '\0' || blank(p[1]))) {
            break;
        }
    }
    if (p >= text + len || p == text) {
        return NULL;
    }
    len = (size_t)(p - text);
    while (len > 0 && blank(text[len - 1])) {
        len--;
    }
    *error = plain_trouble(text, len);
    if (*error != NULL) {
        return NULL;
    }
    *rest = p + 1 + strspn(p + 1, " \t");
    return mem_copy_len(text, len);
}
