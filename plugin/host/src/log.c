#define _XOPEN_SOURCE 700
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static _Atomic int wanted = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&wanted, (int)level);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load(&wanted);
}

int log_level_of(const char *name)
{
    static const struct {
        const char *name;
        int level;
    } names[] = {
        {"off", LOG_OFF},   {"error", LOG_ERROR}, {"warn", LOG_WARN},   {"warning", LOG_WARN},
        {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {"trace", LOG_TRACE},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(name, names[i].name) == 0) {
            return names[i].level;
        }
    }
    return -1;
}

static const char *title_of(int level)
{
    switch (level) {
    case LOG_ERROR:
        return "error";
    case LOG_WARN:
        return "warn";
    case LOG_INFO:
        return "info";
    case LOG_DEBUG:
        return "debug";
    case LOG_TRACE:
        return "trace";
    default:
        return "help";
    }
}

static const char *colour_of(int level)
{
    switch (level) {
    case LOG_ERROR:
        return "\033[91m";
    case LOG_INFO:
        return "\033[92m";
    case LOG_TRACE:
        return "\033[94m";
    default:
        return "\033[93m";
    }
}

static void write_line(int level, const char *fmt, va_list args)
{
    char line[LINE_MAX_BYTES];
    const char *bold = "", *reset = "", *colour = "";
    struct timespec now;
    struct tm tm;
    int len, more;

    if (isatty(STDERR_FILENO)) {
        bold = "\033[1m";
        reset = "\033[0m";
        colour = colour_of(level);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    if (localtime_r(&now.tv_sec, &tm) == NULL) {
        memset(&tm, 0, sizeof(tm));
    }
    len = snprintf(line, sizeof(line), "%s[%s%d/%02d/%02d %02d:%02d:%02d.%03ld%s]%s [%s%5s%s] ", bold, reset,
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                   now.tv_nsec / 1000000, bold, reset, colour, title_of(level), reset);
    more = vsnprintf(line + len, sizeof(line) - (size_t)len - 1, fmt, args);
    if (more > 0) {
        int room = (int)sizeof(line) - len - 2;

        len += more < room ? more : room;
    }
    line[len++] = '\n';
    /* One write per line, so that lines of several threads and of the plugin's own do not mix. */
    if (write(STDERR_FILENO, line, (size_t)len) < 0) {
        return; /* there is no other place to say so */
    }
}

void log_line(enum log_level level, const char *fmt, ...)
{
    va_list args;

    if ((int)level > atomic_load(&wanted)) {
        return;
    }
    va_start(args, fmt);
    write_line((int)level, fmt, args);
    va_end(args);
}

void log_print(int level, const char *file, int line, const char *fmt, ...)
{
    va_list args;

    (void)file;
    (void)line;
    va_start(args, fmt);
    write_line(level, fmt, args);
    va_end(args);
}
