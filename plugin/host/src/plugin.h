/* A loaded plugin file: dlopen, its symbols, registration. */
#ifndef HOST_PLUGIN_H
#define HOST_PLUGIN_H

#include <stdbool.h>

#include "abi.h"

struct input;

struct plugin {
    char *path;
    void *handle;
    struct abi_definition definition;
    struct abi_plugin abi;         /* of an input plugin */
    struct abi_output_plugin sink; /* of an output plugin */
    /*
     * The input that was started last. Fluent Bit looks there, not at the input being paused, for the timer to stop:
     * of several inputs of one file only the last one's ticks end at a pause.
     */
    struct input *last;
    int (*pre_run)(int hot_reload_enabled);
    void (*pause)(void);
    void (*pre_exit)(int hot);
    int (*unregister)(struct abi_definition *definition);
};

/* Loads and registers; NULL with a line logged when that fails. hot: because of a reload. */
struct plugin *plugin_open(const char *path, bool hot);

/* Unregisters and closes. No input or output of it may be running. */
void plugin_close(struct plugin *plugin);

/* Whether it is an input plugin of that name, whatever the case. */
bool plugin_is_input(const struct plugin *plugin, const char *name);

/* Whether it is an output plugin of that name, whatever the case. */
bool plugin_is_output(const struct plugin *plugin, const char *name);

#endif
