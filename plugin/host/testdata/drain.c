/*
 * A Fluent Bit output plugin for the host's tests. It writes every call it gets, with the thread it came on, to the
 * file named by FIXTURE_LOG, and is steered by the keys of its output:
 *
 *   id       told apart in the log
 *   init     what FLBPluginInit returns (default 1)
 *   results  comma-separated, what the calls of flush return, the last one from then on (default 1)
 *   slow_ms  how long a flush takes
 *   stack    bytes of the stack that a flush uses
 *   data     any value: the data of each flush is written to the log, in hex
 *   ask      comma-separated keys to ask the host for; the answers are written to the log
 *   log      any value: one line is logged through the host, if it wants the level info
 *   overread any value: one byte behind the data is read
 *   keep     any value: the exit call reads the data of the last flush, which was only borrowed
 *
 * Compiled with NO_CTX it exports the calls without a context, with NO_FLUSH none to flush.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "note.h"

struct def {
    int type, proxy, flags;
    char *name, *description;
    int event_type;
};

struct api {
    const char *(*output_get_property)(const char *, void *);
    void *input_get_property;
    void *(*output_get_cmt_instance)(void *);
    void *input_get_cmt_instance;
    void (*log_print)(int, const char *, int, const char *, ...);
    void *input_log_check;
    int (*output_log_check)(void *, int);
};

struct context {
    void *remote_context;
    void *proxy;
};

struct plugin {
    char *name;
    struct api *api;
    void *o_ins;
    struct context *context;
};

struct instance {
    char id[16];
    int results[16];
    int count, flushes;
    long slow_ms, stack;
    int dump, keep, overread;
    const volatile unsigned char *kept;
};

static int loads;
#ifdef NO_CTX
static struct instance *only;
#endif

static const char *get(struct plugin *p, const char *key)
{
    return p->api->output_get_property(key, p->o_ins);
}

static long number(struct plugin *p, const char *key, long otherwise)
{
    const char *value = get(p, key);

    return value != NULL ? strtol(value, NULL, 10) : otherwise;
}

int FLBPluginPreRegister(int hot)
{
    note("PreRegister hot=%d", hot);
    return 0;
}

int FLBPluginRegister(struct def *def)
{
    loads++;
    note("Register type=%d loads=%d", def->type, loads);
    def->type = 2;
    def->proxy = 11;
    def->flags = 0;
    def->name = strdup("drain");
    def->description = strdup("fixture");
    return 0;
}

int FLBPluginUnregister(struct def *def)
{
    note("Unregister name=%s", def->name);
    free(def->name);
    free(def->description);
    return 0;
}

static void ask_all(struct plugin *p, const char *id, const char *list)
{
    char *copy = strdup(list), *rest = copy, *key;

    while ((key = strsep(&rest, ",")) != NULL) {
        const char *value = get(p, key);

        note("Get id=%s %s=%s", id, key, value != NULL ? value : "(none)");
    }
    free(copy);
}

int FLBPluginInit(struct plugin *p)
{
    struct instance *it = calloc(1, sizeof(*it));
    const char *text;
    long ret;

    text = get(p, "id");
    snprintf(it->id, sizeof(it->id), "%s", text != NULL ? text : "-");
    note("Init id=%s name=%s remote=%d proxy=%d", it->id, p->name, p->context->remote_context != NULL,
         p->context->proxy != NULL);
    text = get(p, "results");
    if (text != NULL) {
        char *copy = strdup(text), *rest = copy, *one;

        while ((one = strsep(&rest, ",")) != NULL && it->count < 16) {
            it->results[it->count++] = atoi(one);
        }
        free(copy);
    } else {
        it->results[it->count++] = 1;
    }
    it->slow_ms = number(p, "slow_ms", 0);
    it->stack = number(p, "stack", 0);
    it->dump = get(p, "data") != NULL;
    it->keep = get(p, "keep") != NULL;
    it->overread = get(p, "overread") != NULL;
    ret = number(p, "init", 1);
    if ((text = get(p, "ask")) != NULL) {
        ask_all(p, it->id, text);
    }
    if (get(p, "log") != NULL && p->api->output_log_check(p->o_ins, 3)) {
        p->api->log_print(3, __FILE__, __LINE__, "[drain] hello %s %d", it->id, 42);
    }
    if (ret <= 0) {
        free(it);
        return (int)ret;
    }
#ifdef NO_CTX
    only = it;
#else
    p->context->remote_context = it;
#endif
    return (int)ret;
}

int FLBPluginOutputPreRun(int hot)
{
    note("PreRun hot=%d", hot);
    return 0;
}

/* Whether the stack in use is not the thread's own. */
static int foreign_stack(void)
{
    pthread_attr_t attr;
    void *low = NULL;
    size_t size = 0;
    uintptr_t here = (uintptr_t)&attr;

    if (pthread_getattr_np(pthread_self(), &attr) != 0) {
        return -1;
    }
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    return here < (uintptr_t)low || here >= (uintptr_t)low + size;
}

static __attribute__((noinline)) void use_stack(long bytes)
{
    volatile char *room = alloca((size_t)bytes);

    for (long i = bytes - 1; i >= 0; i -= 64) {
        room[i] = 1;
    }
}

#ifndef NO_FLUSH
static int flush(struct instance *it, const void *data, size_t size, const char *tag)
{
    int nth = it->flushes < it->count ? it->flushes : it->count - 1;
    const unsigned char *bytes = data;
    unsigned sum = 0;
    char hex[801] = "";

    it->flushes++;
    for (size_t i = 0; i < size; i++) {
        sum = sum * 31 + bytes[i];
    }
    for (size_t i = 0; it->dump && i < size && i < 400; i++) {
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
    note("Flush id=%s tag=%s%s%s foreign=%d returns=%d", it->id, tag, it->dump ? " data=" : "", hex, foreign_stack(),
         it->results[nth]);
    note("Data id=%s size=%zu sum=%08x", it->id, size, sum);
    if (it->overread) {
        note("Over %d", ((const volatile unsigned char *)data)[size]);
    }
    if (it->stack > 0) {
        use_stack(it->stack);
    }
    if (it->slow_ms > 0) {
        usleep((useconds_t)it->slow_ms * 1000);
    }
    it->kept = data;
    note("Flushed id=%s", it->id);
    return it->results[nth];
}

#ifdef NO_CTX
int FLBPluginFlush(const void *data, size_t size, const char *tag)
{
    return flush(only, data, size, tag);
}
#else
int FLBPluginFlush(const void *data, size_t size, const char *tag)
{
    (void)data;
    (void)size;
    (void)tag;
    note("Flush without context");
    return 0;
}

int FLBPluginFlushCtx(struct instance *it, const void *data, size_t size, char *tag)
{
    return flush(it, data, size, tag);
}
#endif
#endif

void FLBPluginOutputPreExit(int hot)
{
    note("PreExit hot=%d", hot);
}

int FLBPluginExit(void)
{
    note("Exit");
#ifdef NO_CTX
    free(only);
    only = NULL;
#endif
    return 0;
}

#ifndef NO_CTX
int FLBPluginExitCtx(struct instance *it)
{
    note("Exit id=%s flushes=%d", it->id, it->flushes);
    if (it->keep && it->kept != NULL) {
        note("Kept %02x", it->kept[0]);
    }
    free(it);
    return 0;
}
#endif
