/* Memory that is there or ends the program: a host that ran out of memory has nothing useful left to do. */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *mem_zeroed(size_t size);
void *mem_resize(void *old, size_t size);
char *mem_copy(const char *text);
char *mem_copy_len(const char *text, size_t len);

/* A growable run of bytes; zero-initialise to start, text_free to end. data is NUL-terminated once written to. */
struct text {
    char *data;
    size_t len, cap;
};

void text_free(struct text *t);
void text_add(struct text *t, const void *bytes, size_t len);
void text_add_char(struct text *t, char c);
void text_add_str(struct text *t, const char *s);
__attribute__((format(printf, 2, 3), nonnull(1, 2))) void text_addf(struct text *t, const char *fmt, ...);

/* The content as a string of the caller's, who frees it; the text is empty afterwards. */
char *text_take(struct text *t);

#endif
