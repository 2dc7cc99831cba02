#define _XOPEN_SOURCE 700
#include "clock.h"

#include <time.h>

int64_t clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

int64_t clock_next_second(void)
{
    return (clock_now() / CLOCK_SECOND + 1) * CLOCK_SECOND;
}

void clock_sleep_until(int64_t when)
{
    int64_t left;

    while ((left = when - clock_now()) > 0) {
        struct timespec wait = {.tv_sec = (time_t)(left / CLOCK_SECOND), .tv_nsec = (long)(left % CLOCK_SECOND)};

        nanosleep(&wait, NULL);
    }
}

int clock_poll_timeout(int64_t when)
{
    int64_t left = when - clock_now();

    return left > 0 ? (int)((left + 999999) / 1000000) : 0;
}
