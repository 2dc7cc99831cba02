#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *present(void *p)
{
    if (p == NULL) {
        fputs("live-status-host: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *mem_zeroed(size_t size)
{
    return present(calloc(1, size > 0 ? size : 1));
}

void *mem_resize(void *old, size_t size)
{
    return present(realloc(old, size > 0 ? size : 1));
}

char *mem_copy_len(const char *text, size_t len)
{
    char *copy = mem_zeroed(len + 1);

    memcpy(copy, text, len);
    return copy;
}

char *mem_copy(const char *text)
{
    return mem_copy_len(text, strlen(text));
}

void text_free(struct text *t)
{
    free(t->data);
    *t = (struct text){0};
}

static void text_reserve(struct text *t, size_t more)
{
    size_t cap = t->cap > 0 ? t->cap : 64;

    if (more >= (size_t)-1 / 2 - t->len) {
        present(NULL);
    }
    while (cap < t->len + more + 1) {
        cap *= 2;
    }
    if (cap > t->cap) {
        t->data = mem_resize(t->data, cap);
        t->cap = cap;
    }
}

void text_add(struct text *t, const void *bytes, size_t len)
{
    text_reserve(t, len);
    if (len > 0) {
        memcpy(t->data + t->len, bytes, len);
    }
    t->len += len;
    t->data[t->len] = '\0';
}

void text_add_char(struct text *t, char c)
{
    text_add(t, &c, 1);
}

void text_add_str(struct text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

void text_addf(struct text *t, const char *fmt, ...)
{
    va_list args, again;
    int len;

    va_start(args, fmt);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len > 0) {
        text_reserve(t, (size_t)len);
        vsnprintf(t->data + t->len, (size_t)len + 1, fmt, again);
        t->len += (size_t)len;
    }
    va_end(again);
}

char *text_take(struct text *t)
{
    char *data;

    text_reserve(t, 0);
    data = t->data;
    data[t->len] = '\0';
    *t = (struct text){0};
    return data;
}
