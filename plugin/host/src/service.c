#define _XOPEN_SOURCE 700
#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "log.h"
#include "memory.h"
#include "reserved.h"

enum { STACK_LEAST = 64 * 1024 };

/* One and a half times the least stack of a thread, but no less than 64 KiB. */
static size_t default_stack(void)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    size_t size = least > 0 ? (size_t)least * 3 / 2 : 0;

    return size > STACK_LEAST ? size : STACK_LEAST;
}

void service_default(struct service *service)
{
    *service = (struct service){
        .flush = 1,
        .grace = 5,
        .log_level = LOG_INFO,
        .scheduler_base = 5,
        .scheduler_cap = 2000,
        .coro_stack_size = default_stack(),
    };
}

void service_free(struct service *service)
{
    free(service->storage_path);
    service->storage_path = NULL;
}

static bool amount(const char *text, double least, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value >= least && *value <= 1e9;
}

static bool seconds(const char *text, int *value)
{
    double number;

    if (!amount(text, 1, &number)) {
        return false;
    }
    *value = (int)number;
    return true;
}

static bool set_flag(const char *text, bool *value)
{
    int on = reserved_bool(text);

    *value = on == 1;
    return on >= 0;
}

static bool set_level(const char *text, int *value)
{
    *value = log_level_of(text);
    return *value >= 0;
}

/* What is smaller than a page becomes a page, as Fluent Bit has it. */
static bool set_stack(const char *text, size_t *value)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    *value = reserved_size(text);
    if (*value < page) {
        *value = page;
    }
    return *value <= (size_t)1 << 30;
}

enum service_result service_set(struct service *service, const char *key, const char *value, const char **why)
{
    bool ok;

    if (strcasecmp(key, "log_level") == 0) {
        ok = set_level(value, &service->log_level);
        *why = "log_level is none of off, error, warn, info, debug, trace";
    } else if (strcasecmp(key, "hot_reload") == 0) {
        ok = set_flag(value, &service->hot_reload);
        *why = "hot_reload is neither on nor off";
    } else if (strcasecmp(key, "flush") == 0) {
        ok = amount(value, 1e-9, &service->flush);
        *why = "flush has to be a number of seconds above 0";
    } else if (strcasecmp(key, "grace") == 0) {
        ok = amount(value, -1, &service->grace);
        *why = "grace has to be a number of seconds";
    } else if (strcasecmp(key, "scheduler.base") == 0) {
        ok = seconds(value, &service->scheduler_base);
        *why = "scheduler.base has to be a number of seconds of at least 1";
    } else if (strcasecmp(key, "scheduler.cap") == 0) {
        ok = seconds(value, &service->scheduler_cap);
        *why = "scheduler.cap has to be a number of seconds of at least 1";
    } else if (strcasecmp(key, "coro_stack_size") == 0) {
        ok = set_stack(value, &service->coro_stack_size);
        *why = "coro_stack_size has to be a size up to 1 GiB";
    } else if (strcasecmp(key, "storage.path") == 0) {
        ok = *value != '\0';
        free(service->storage_path);
        service->storage_path = mem_copy(value);
        *why = "storage.path has to be a folder";
    } else {
        return SERVICE_UNKNOWN;
    }
    return ok ? SERVICE_SET : SERVICE_REFUSED;
}
