/* The signals that Fluent Bit listens to, as events for one waiting thread. */
#ifndef HOST_SIGNALS_H
#define HOST_SIGNALS_H

#include <stdbool.h>

enum signal_event {
    SIGNAL_STOP,   /* SIGTERM, SIGINT, SIGQUIT; a second one ends the process at once with code 1 */
    SIGNAL_RELOAD, /* SIGHUP; those that come before signals_reloaded are left out, with a line on stderr */
};

/*
 * Installs the handlers, with SIGPIPE ignored. To be called before a plugin is loaded, as Fluent Bit does: the Go
 * runtime puts its own handlers for SIGSEGV and SIGFPE in place, until SIGHUP or SIGCONT makes this one put them back.
 * After that a nil dereference in Go ends the process. False with a line logged on failure.
 */
bool signals_install(void);

/* Waits for the next event. */
enum signal_event signals_wait(void);

/* Tells that a reload is done and the next one may come. */
void signals_reloaded(void);

#endif
