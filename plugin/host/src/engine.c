#include "engine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "input.h"
#include "log.h"
#include "memory.h"
#include "plugin.h"

struct engine {
    struct config *config;
    struct plugin **plugins;
    size_t plugin_count;
    struct input **inputs;
    size_t input_count;
};

static bool load_plugins(struct engine *engine, bool hot)
{
    const struct config *config = engine->config;

    engine->plugins = mem_zeroed(config->plugin_count * sizeof(struct plugin *));
    for (size_t i = 0; i < config->plugin_count; i++) {
        struct plugin *plugin = plugin_open(config->plugins[i], hot);

        if (plugin == NULL) {
            return false;
        }
        engine->plugins[engine->plugin_count++] = plugin;
    }
    return true;
}

static struct plugin *find_plugin(const struct engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->plugin_count; i++) {
        if (plugin_is_input(engine->plugins[i], name)) {
            return engine->plugins[i];
        }
    }
    return NULL;
}

static void report_missing(const struct engine *engine, const struct instance_config *in)
{
    struct text names = {0};

    for (size_t i = 0; i < engine->plugin_count; i++) {
        const struct plugin *plugin = engine->plugins[i];

        if (plugin_is_input(plugin, plugin->definition.name)) {
            text_addf(&names, "%s%s", names.len > 0 ? ", " : "", plugin->definition.name);
        }
    }
    log_line(LOG_ERROR, "[config] no plugin loaded has an input named \"%s\" (%s); loaded: %s", in->name, in->where,
             names.len > 0 ? names.data : "none");
    text_free(&names);
}

static bool create_inputs(struct engine *engine)
{
    struct config *config = engine->config;

    engine->inputs = mem_zeroed(config->input_count * sizeof(struct input *));
    for (size_t i = 0; i < config->input_count; i++) {
        struct instance_config *in = &config->inputs[i];
        struct plugin *plugin = find_plugin(engine, in->name);
        int number = 0;

        if (plugin == NULL) {
            report_missing(engine, in);
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            number += strcasecmp(config->inputs[k].name, in->name) == 0;
        }
        engine->inputs[i] = input_new(plugin, in, number);
        if (engine->inputs[i] == NULL) {
            return false;
        }
        engine->input_count++;
    }
    return true;
}

struct engine *engine_load(struct config *config, bool hot)
{
    struct engine *engine = mem_zeroed(sizeof(*engine));

    engine->config = config;
    if (!load_plugins(engine, hot) || !create_inputs(engine)) {
        engine_free(engine);
        return NULL;
    }
    return engine;
}

bool engine_init(struct engine *engine)
{
    for (size_t i = 0; i < engine->input_count; i++) {
        if (!input_init(engine->inputs[i])) {
            log_line(LOG_ERROR, "[engine] input initialization failed");
            return false;
        }
    }
    return true;
}

bool engine_keys_known(const struct engine *engine)
{
    bool known = true;

    for (size_t i = 0; i < engine->config->input_count; i++) {
        struct instance_config *in = &engine->config->inputs[i];

        for (size_t k = 0; k < in->count; k++) {
            struct property *p = &in->properties[k];

            if (!atomic_load(&p->asked)) {
                log_line(LOG_ERROR, "[host] unknown key \"%s\" for input %s (%s)", p->key, in->name, p->where);
                known = false;
            }
        }
    }
    return known;
}

void engine_run(struct engine *engine)
{
    for (size_t i = 0; i < engine->input_count; i++) {
        input_run(engine->inputs[i], engine->config->service.hot_reload);
    }
}

static void pause_all(struct engine *engine)
{
    for (size_t i = 0; i < engine->input_count; i++) {
        input_pause(engine->inputs[i]);
    }
}

void engine_stop(struct engine *engine, double grace, bool hot)
{
    log_line(LOG_INFO, "[engine] pausing all inputs..");
    pause_all(engine);
    clock_sleep_until(grace < 0 ? clock_next_second() : clock_now() + (int64_t)(grace * CLOCK_SECOND));
    log_line(LOG_INFO, "[engine] service has stopped (0 pending tasks)");
    /* Fluent Bit pauses once when it stops taking records and once when it shuts down. */
    pause_all(engine);
    engine_exit(engine, hot);
}

void engine_exit(struct engine *engine, bool hot)
{
    for (size_t i = engine->input_count; i > 0; i--) {
        input_exit(engine->inputs[i - 1], hot);
    }
}

void engine_free(struct engine *engine)
{
    for (size_t i = 0; i < engine->input_count; i++) {
        input_abandon(engine->inputs[i]);
        input_free(engine->inputs[i]);
    }
    for (size_t i = 0; i < engine->plugin_count; i++) {
        plugin_close(engine->plugins[i]);
    }
    free(engine->inputs);
    free(engine->plugins);
    config_free(engine->config);
    free(engine);
}

bool engine_reloads(const struct engine *engine)
{
    return engine->config->service.hot_reload;
}
