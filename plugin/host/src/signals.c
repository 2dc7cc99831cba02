#define _XOPEN_SOURCE 700
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static int events[2] = {-1, -1}; /* pipe: handlers write bytes of enum signal_event at [1] */
static atomic_int stops;
static atomic_bool reloading;

static void tell(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
        return;
    }
}

static void post(enum signal_event event)
{
    unsigned char byte = (unsigned char)event;

    if (write(events[1], &byte, 1) < 0) {
        return; /* the pipe is full of events already */
    }
}

static void on_crash(int number)
{
    tell(number == SIGSEGV ? "[engine] caught signal (SIGSEGV)\n" : "[engine] caught signal (SIGFPE)\n");
    abort();
}

static void on_stop(int number)
{
    (void)number;
    if (atomic_fetch_add(&stops, 1) > 0) {
        tell("[engine] caught a second signal: exiting at once\n");
        _exit(1);
    }
    post(SIGNAL_STOP);
}

static void install(int number, void (*handler)(int))
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    /* SA_ONSTACK: the signal may come on one of Go's threads, whose stacks are small. */
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void install_crash_handlers(void)
{
    install(SIGSEGV, on_crash);
    install(SIGFPE, on_crash);
}

static void on_reload(int number)
{
    (void)number;
    install_crash_handlers();
    if (atomic_exchange(&reloading, true)) {
        tell("[reload] reloading in progress: signal ignored\n");
        return;
    }
    post(SIGNAL_RELOAD);
}

static void on_continue(int number)
{
    (void)number;
    install_crash_handlers();
}

bool signals_install(void)
{
    if (pipe(events) != 0) {
        log_line(LOG_ERROR, "[host] no pipe for signals: %s", strerror(errno));
        return false;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(events[i], F_SETFD, FD_CLOEXEC);
    }
    fcntl(events[1], F_SETFL, O_NONBLOCK);
    install_crash_handlers();
    install(SIGTERM, on_stop);
    install(SIGINT, on_stop);
    install(SIGQUIT, on_stop);
    install(SIGHUP, on_reload);
    install(SIGCONT, on_continue);
    install(SIGPIPE, SIG_IGN);
    return true;
}

enum signal_event signals_wait(void)
{
    struct pollfd ready = {.fd = events[0], .events = POLLIN};
    unsigned char byte;

    for (;;) {
        /* poll, since the thread sanitizer holds back signals that come within a read. */
        if (poll(&ready, 1, -1) > 0 && read(events[0], &byte, 1) == 1) {
            return (enum signal_event)byte;
        }
    }
}

void signals_reloaded(void)
{
    atomic_store(&reloading, false);
}
