#define _GNU_SOURCE
#include "borrowed.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { POISON = 0xdb };

struct borrowed borrowed_new(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct borrowed b = {.len = len, .size = (len + page - 1) / page * page};

    b.memory = mmap(NULL, b.size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b.memory == MAP_FAILED) {
        return (struct borrowed){0};
    }
    if (mprotect(b.memory + b.size, page, PROT_NONE) != 0) {
        munmap(b.memory, b.size + page);
        return (struct borrowed){0};
    }
    b.data = b.memory + b.size - len;
    return b;
}

void borrowed_free(struct borrowed *b)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    /* Poison first: a thread may be reading just now. */
    memset(b->data, POISON, b->len);
    munmap(b->memory, b->size + page);
    *b = (struct borrowed){0};
}
