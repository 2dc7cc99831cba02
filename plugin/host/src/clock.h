/* The monotonic clock in nanoseconds. */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <stdint.h>

enum { CLOCK_SECOND = 1000000000 };

int64_t clock_now(void);

/* The next whole second: where Fluent Bit's one-second timers fire, since they are armed without nanoseconds. */
int64_t clock_next_second(void);

/* Sleeps until then, also through signals. */
void clock_sleep_until(int64_t when);

/* Milliseconds from now to then for poll, rounded up; 0 when it has passed. */
int clock_poll_timeout(int64_t when);

#endif
