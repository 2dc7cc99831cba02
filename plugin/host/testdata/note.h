/* The log of calls that the plugins of these tests write: "MILLIS THREAD TEXT" a line. */
#ifndef NOTE_H
#define NOTE_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Adds a line to the file named by FIXTURE_LOG, if it names one. */
__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
    const char *path = getenv("FIXTURE_LOG");
    char line[1024];
    int fd, len;
    long tid = syscall(SYS_gettid);
    struct timespec now;
    va_list args;

    if (path == NULL) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    len = snprintf(line, sizeof(line), "%ld %s%ld ", (long)(now.tv_sec * 1000 + now.tv_nsec / 1000000),
                   tid == (long)getpid() ? "main" : "t", tid == (long)getpid() ? 0 : tid);
    va_start(args, fmt);
    len += vsnprintf(line + len, sizeof(line) - (size_t)len - 1, fmt, args);
    va_end(args);
    if (len > (int)sizeof(line) - 2) {
        len = (int)sizeof(line) - 2;
    }
    line[len++] = '\n';
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);
    if (fd >= 0) {
        if (write(fd, line, (size_t)len) < 0) {
            abort();
        }
        close(fd);
    }
}

#endif
