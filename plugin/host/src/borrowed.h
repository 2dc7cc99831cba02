/* Memory lent to a plugin for one call: whoever looks at it before or behind, or later, is caught. */
#ifndef HOST_BORROWED_H
#define HOST_BORROWED_H

#include <stddef.h>

struct borrowed {
    char *data;
    size_t len;
    char *memory; /* pages; the data ends where they end, and behind them is one that may not be touched */
    size_t size;
};

/* len bytes to be filled; data is NULL when there is no memory. */
struct borrowed borrowed_new(size_t len);

/* Overwrites the bytes and gives the pages back to the system. */
void borrowed_free(struct borrowed *b);

#endif
