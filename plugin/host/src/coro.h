/*
 * Small stacks. Fluent Bit runs each flush of an output on a stack of its own, 64 KiB of the heap, which the thread's
 * attributes know nothing of: what a Go runtime has to cope with when it is called there.
 */
#ifndef HOST_CORO_H
#define HOST_CORO_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Calls run(arg) on a new stack of size bytes and frees it. Below the stack lies a page that may not be touched, so
 * that a call that needs more ends the process. Returns the bytes of the stack that were touched; 0 when there was no
 * memory for it, with nothing called.
 */
size_t coro_run(size_t size, void (*run)(void *arg), void *arg);

#endif
