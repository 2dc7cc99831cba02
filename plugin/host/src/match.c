#include "match.h"

#include <stddef.h>

bool match_tag(const char *pattern, const char *tag)
{
    const char *star = NULL, *resume = NULL;

    while (*tag != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = tag;
        } else if (*pattern == *tag) {
            pattern++;
            tag++;
        } else if (star != NULL) {
            /* The last star takes one character more; the ones before it need not be tried again. */
            pattern = star + 1;
            tag = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}
