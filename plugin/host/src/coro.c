#define _GNU_SOURCE
#include "coro.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

struct coro {
    ucontext_t caller, callee;
    void (*run)(void *arg);
    void *arg;
#ifdef __SANITIZE_ADDRESS__
    const void *caller_stack;
    size_t caller_size;
#endif
#ifdef __SANITIZE_THREAD__
    void *caller_fiber;
#endif
};

/* makecontext's function takes ints, which are too short for a pointer. */
static _Thread_local struct coro *starting;

static void enter(void)
{
    struct coro *coro = starting;

#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(NULL, &coro->caller_stack, &coro->caller_size);
#endif
    coro->run(coro->arg);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(NULL, coro->caller_stack, coro->caller_size);
#endif
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(coro->caller_fiber, 0);
#endif
    swapcontext(&coro->callee, &coro->caller);
}

static void switch_to(struct coro *coro, char *stack, size_t size)
{
#ifdef __SANITIZE_ADDRESS__
    void *fake;

    __sanitizer_start_switch_fiber(&fake, stack, size);
#endif
#ifdef __SANITIZE_THREAD__
    void *fiber = __tsan_create_fiber(0);

    coro->caller_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber, 0);
#endif
    (void)stack;
    (void)size;
    starting = coro;
    swapcontext(&coro->caller, &coro->callee);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
#ifdef __SANITIZE_THREAD__
    __tsan_destroy_fiber(fiber);
#endif
}

/* The stack grows down in memory that was zero: what is above its first byte that is not has been touched. */
static size_t touched(const char *stack, size_t size)
{
    size_t untouched = 0;

    while (untouched < size && stack[untouched] == 0) {
        untouched++;
    }
    return size > untouched ? size - untouched : 1;
}

size_t coro_run(size_t size, void (*run)(void *arg), void *arg)
{
    struct coro coro = {.run = run, .arg = arg};
    size_t page = (size_t)sysconf(_SC_PAGESIZE), used;
    char *memory;

    size = (size + page - 1) / page * page;
    memory = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return 0;
    }
    if (mprotect(memory, page, PROT_NONE) != 0 || getcontext(&coro.callee) != 0) {
        munmap(memory, size + page);
        return 0;
    }
    coro.callee.uc_stack.ss_sp = memory + page;
    coro.callee.uc_stack.ss_size = size;
    coro.callee.uc_link = NULL;
    makecontext(&coro.callee, enter, 0);
    switch_to(&coro, memory + page, size);
    used = touched(memory + page, size);
    munmap(memory, size + page);
    return used;
}
