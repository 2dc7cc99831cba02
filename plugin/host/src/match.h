/* Which tags an output gets. */
#ifndef HOST_MATCH_H
#define HOST_MATCH_H

#include <stdbool.h>

/* Whether a pattern, in which each * stands for any run of characters, matches the whole tag. */
bool match_tag(const char *pattern, const char *tag);

#endif
