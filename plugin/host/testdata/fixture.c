/*
 * A Fluent Bit input plugin for the host's tests. It writes every call it gets, with the thread it came on,
 * to the file named by FIXTURE_LOG, and is steered by the keys of its input:
 *
 *   payload  msgpack in hex, returned at every tick (no key: nothing is returned)
 *   ticks    how many ticks return the payload (default 1)
 *   init     what FLBPluginInit returns (default 1)
 *   result   what the tick callback returns (default 0)
 *   slow_ms  how long a tick takes
 *   ask      comma-separated keys to ask the host for; the answers are written to the log
 *   id       told apart in the log
 *   log      any value: one line is logged through the host, if it wants the level info
 *
 * The environment steers what no key can: FIXTURE_PRE_REGISTER is what FLBPluginPreRegister returns,
 * FIXTURE_HANG_EXIT the seconds that FLBPluginExit takes.
 *
 * Compiled with NO_CTX it exports the calls without a context, with NO_CLEANUP no clean-up call.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "note.h"

#ifndef PLUGIN_NAME
#define PLUGIN_NAME "fixture"
#endif
#ifndef PLUGIN_TYPE
#define PLUGIN_TYPE 1
#endif

struct def {
    int type, proxy, flags;
    char *name, *description;
};

struct api {
    void *output_get_property;
    const char *(*input_get_property)(const char *, void *);
    void *output_get_cmt_instance;
    void *(*input_get_cmt_instance)(void *);
    void (*log_print)(int, const char *, int, const char *, ...);
    int (*input_log_check)(void *, int);
};

struct context {
    int coll_fd;
    void *remote_context;
    void *proxy;
};

struct plugin {
    char *name;
    struct api *api;
    void *i_ins;
    struct context *context;
};

struct instance {
    struct instance *next; /* never freed, as FLBPluginExit names none: kept reachable, for leak checkers */
    char id[16];
    unsigned char *payload;
    void *failed; /* what a tick that failed returned: still the plugin's */
    size_t payload_len;
    long ticks, seen, result, slow_ms;
};

static int loads; /* how often this object was registered: shows that a reload keeps its globals */
static struct instance *all;
#ifdef NO_CTX
static struct instance *only;
#endif

static const char *get(struct plugin *p, const char *key)
{
    return p->api->input_get_property(key, p->i_ins);
}

static long number(struct plugin *p, const char *key, long otherwise)
{
    const char *value = get(p, key);

    return value != NULL ? strtol(value, NULL, 10) : otherwise;
}

int FLBPluginPreRegister(int hot)
{
    note("PreRegister hot=%d", hot);
    return getenv("FIXTURE_PRE_REGISTER") != NULL ? atoi(getenv("FIXTURE_PRE_REGISTER")) : 0;
}

int FLBPluginRegister(struct def *def)
{
    loads++;
    note("Register type=%d loads=%d", def->type, loads);
    def->type = PLUGIN_TYPE;
    def->proxy = 11;
    def->flags = 0;
    def->name = strdup(PLUGIN_NAME);
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
    note("Init id=%s name=%s coll_fd=%d remote=%d", it->id, p->name, p->context->coll_fd,
         p->context->remote_context != NULL);
    text = get(p, "payload");
    if (text != NULL) {
        size_t i, len = strlen(text) / 2;

        it->payload = malloc(len + 1);
        it->payload_len = len;
        for (i = 0; i < len; i++) {
            unsigned int byte = 0;

            sscanf(text + 2 * i, "%2x", &byte);
            it->payload[i] = (unsigned char)byte;
        }
    }
    it->ticks = number(p, "TICKS", 1); /* another case than the configuration's, on purpose */
    it->result = number(p, "result", 0);
    it->slow_ms = number(p, "slow_ms", 0);
    ret = number(p, "init", 1);
    if ((text = get(p, "ask")) != NULL) {
        ask_all(p, it->id, text);
    }
    if (get(p, "log") != NULL && p->api->input_log_check(p->i_ins, 3)) {
        p->api->log_print(3, __FILE__, __LINE__, "[fixture] hello %s %d", it->id, 42);
    }
    if (ret <= 0) {
        free(it->payload);
        free(it);
        return (int)ret;
    }
    it->next = all;
    all = it;
#ifdef NO_CTX
    only = it;
#else
    p->context->remote_context = it;
#endif
    return (int)ret;
}

int FLBPluginInputPreRun(int hot)
{
    note("PreRun hot=%d", hot);
    return 0;
}

static int tick(struct instance *it, void **data, size_t *len)
{
    note("Tick id=%s n=%ld", it->id, it->seen);
    if (it->slow_ms > 0) {
        usleep((useconds_t)it->slow_ms * 1000);
    }
    if (it->payload == NULL || it->seen >= it->ticks) {
        it->seen++;
        return 0;
    }
    it->seen++;
    *data = malloc(it->payload_len + 1);
    memcpy(*data, it->payload, it->payload_len);
    *len = it->payload_len;
    if (it->result == -1) {
        it->failed = *data;
    }
    return (int)it->result;
}

#ifdef NO_CTX
int FLBPluginInputCallback(void **data, size_t *len)
{
    return tick(only, data, len);
}
#ifndef NO_CLEANUP
int FLBPluginInputCleanupCallback(void *data)
{
    note("Cleanup plain");
    free(data);
    return 0;
}
#endif
#else
int FLBPluginInputCallbackCtx(struct instance *it, void **data, size_t *len)
{
    return tick(it, data, len);
}
#ifndef NO_CLEANUP
int FLBPluginInputCleanupCallbackCtx(struct instance *it, void *data)
{
    note("Cleanup id=%s", it->id);
    free(data);
    return 0;
}
#endif
#endif

void FLBPluginInputPause(void)
{
    note("Pause");
}

void FLBPluginInputResume(void)
{
    note("Resume");
}

void FLBPluginInputPreExit(int hot)
{
    note("PreExit hot=%d", hot);
}

int FLBPluginExit(void)
{
    const char *hang = getenv("FIXTURE_HANG_EXIT");

    note("Exit");
    if (hang != NULL) {
        sleep((unsigned)atoi(hang));
    }
    return 0;
}
