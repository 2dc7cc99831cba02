/*
 * live-status-host loads Fluent Bit Go input plugins the way Fluent Bit 5.1 does and prints their records as JSON
 * Lines. It stands in for Fluent Bit where none is installed, and shows in tests what a plugin is called with.
 */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments.h"
#include "config.h"
#include "engine.h"
#include "input.h"
#include "log.h"
#include "output.h"
#include "signals.h"

enum { EXIT_ERROR = 1, EXIT_MALFORMED = 3 };

static struct engine *load(const struct arguments *args, bool hot)
{
    struct config *config = config_read(args);

    if (config == NULL) {
        return NULL;
    }
    log_set_level((enum log_level)config->service.log_level);
    return engine_load(config, hot);
}

/* Initialises the inputs and sees to their keys; on failure the engine is freed. */
static bool start(struct engine *engine)
{
    if (!engine_init(engine)) {
        engine_free(engine);
        return false;
    }
    if (!engine_keys_known(engine)) {
        engine_exit(engine, false);
        engine_free(engine);
        return false;
    }
    return true;
}

/*
 * Swaps the engine for one of the configuration as it is now. A configuration that cannot be loaded leaves the old one
 * running; once the old one has stopped a failure is final, and NULL is returned.
 */
static struct engine *reload(struct engine *old, const struct arguments *args)
{
    struct engine *next;

    if (!engine_reloads(old)) {
        log_line(LOG_WARN, "[reload] hot reloading is not enabled");
        return old;
    }
    log_line(LOG_INFO, "reloading instance pid=%ld", (long)getpid());
    next = load(args, true);
    if (next == NULL) {
        log_line(LOG_ERROR, "[reload] reloaded config is invalid. Reloading is halted");
        return old;
    }
    log_line(LOG_INFO, "[reload] stop everything of the old context");
    engine_stop(old, args->grace, true);
    engine_free(old);
    log_line(LOG_INFO, "[reload] start everything");
    if (!start(next)) {
        log_line(LOG_ERROR, "[reload] loaded configuration contains error(s). Reloading is aborted");
        return NULL;
    }
    engine_run(next);
    log_line(LOG_INFO, "[reload] successful reload done.");
    return next;
}

static int run(const struct arguments *args)
{
    struct engine *engine = load(args, false);

    if (engine == NULL || !start(engine)) {
        return EXIT_ERROR;
    }
    if (args->check) {
        engine_exit(engine, false);
        engine_free(engine);
        log_line(LOG_INFO, "[host] the configuration is good");
        return 0;
    }
    engine_run(engine);
    while (signals_wait() == SIGNAL_RELOAD) {
        engine = reload(engine, args);
        if (engine == NULL) {
            return EXIT_ERROR;
        }
        signals_reloaded();
    }
    log_line(LOG_INFO, "[engine] caught a signal to stop");
    engine_stop(engine, args->grace, false);
    engine_free(engine);
    return 0;
}

int main(int argc, char **argv)
{
    struct arguments args;
    int code = EXIT_ERROR;

    if (!arguments_read(&args, argc, argv)) {
        arguments_free(&args);
        return EXIT_ERROR;
    }
    if (args.help) {
        fputs(arguments_usage, stdout);
        arguments_free(&args);
        return fflush(stdout) == 0 ? 0 : EXIT_ERROR;
    }
    if (args.log_level != LOG_OFF) {
        fputs("live-status-host: a plugin host for tests and trials, calling plugins as Fluent Bit 5.1 does; this is not "
              "Fluent Bit\n", stderr);
    }
    if (args.log_level >= 0) {
        log_set_level((enum log_level)args.log_level);
    }
    if (signals_install() && output_open(args.output, args.with_time)) {
        code = run(&args);
        if (!output_close()) {
            code = EXIT_ERROR;
        }
    }
    if (code == 0 && input_saw_malformed()) {
        code = EXIT_MALFORMED;
    }
    arguments_free(&args);
    return code;
}
