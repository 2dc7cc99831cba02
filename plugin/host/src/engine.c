#include "engine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "clock.h"
#include "config_data.h"
#include "feed.h"
#include "input.h"
#include "log.h"
#include "memory.h"
#include "pipeline.h"
#include "plugin.h"

/* A plugin's input or one of the host's own; the other is NULL. */
struct running {
    struct input *input;
    struct feed *feed;
};

struct engine {
    struct config *config;
    struct plugin **plugins;
    size_t plugin_count;
    struct running *inputs;
    size_t input_count;
    struct pipeline *pipeline; /* NULL where the records are printed as they come */
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

/* Plugins that nothing in the configuration uses. */
static void report_unused(const struct engine *engine)
{
    for (size_t i = 0; i < engine->plugin_count; i++) {
        const struct plugin *plugin = engine->plugins[i];
        bool used = plugin->definition.type == ABI_TYPE_INPUT;

        for (size_t k = 0; k < engine->config->raw_output_count && !used; k++) {
            used = plugin_is_output(plugin, engine->config->raw_outputs[k].name);
        }
        if (!used) {
            log_line(LOG_WARN, "[host] %s: \"%s\" is no input plugin and is not used", plugin->path,
                     plugin->definition.name);
        }
    }
}

/*
 * Whether records go by way of chunks to outputs: where an output plugin is loaded and there are outputs, and where an
 * input of the host's own is run. Otherwise they are printed as they come, and outputs of the configuration are ignored.
 */
static bool needs_pipeline(const struct engine *engine)
{
    const struct config *config = engine->config;

    for (size_t i = 0; i < engine->plugin_count && config->raw_output_count > 0; i++) {
        if (engine->plugins[i]->definition.type == ABI_TYPE_OUTPUT) {
            return true;
        }
    }
    for (size_t i = 0; i < config->input_count; i++) {
        if (find_plugin(engine, config->inputs[i].name) == NULL && feed_is_known(config->inputs[i].name)) {
            return true;
        }
    }
    return false;
}

static bool create_pipeline(struct engine *engine)
{
    struct config *config = engine->config;

    report_unused(engine);
    if (!needs_pipeline(engine)) {
        if (config->raw_output_count > 0) {
            log_line(LOG_DEBUG, "[config] %s: outputs are ignored: the plugin host prints the records itself",
                     config->raw_outputs[0].where);
        }
        return true;
    }
    if (config->raw_output_count == 0) {
        config_add_pair(config_add_output(config, "stdout", "default"), "match", "*", "default");
    }
    if (!config_take_outputs(config)) {
        return false;
    }
    engine->pipeline = pipeline_new(config, engine->plugins, engine->plugin_count);
    return engine->pipeline != NULL;
}

static bool create_input(struct engine *engine, size_t nth)
{
    struct instance_config *in = &engine->config->inputs[nth];
    struct plugin *plugin = find_plugin(engine, in->name);
    struct running *running = &engine->inputs[nth];
    int number = 0;

    if (plugin == NULL && engine->pipeline != NULL && feed_is_known(in->name)) {
        running->feed = feed_new(in, nth, engine->pipeline);
        return running->feed != NULL;
    }
    if (plugin == NULL) {
        report_missing(engine, in);
        return false;
    }
    for (size_t k = 0; k < nth; k++) {
        number += strcasecmp(engine->config->inputs[k].name, in->name) == 0;
    }
    running->input = input_new(plugin, in, number, engine->pipeline, nth);
    return running->input != NULL;
}

static bool create_inputs(struct engine *engine)
{
    engine->inputs = mem_zeroed(engine->config->input_count * sizeof(*engine->inputs));
    for (size_t i = 0; i < engine->config->input_count; i++) {
        if (!create_input(engine, i)) {
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
    if (!load_plugins(engine, hot) || !create_pipeline(engine) || !create_inputs(engine)) {
        engine_free(engine);
        return NULL;
    }
    return engine;
}

bool engine_init(struct engine *engine)
{
    for (size_t i = 0; i < engine->input_count; i++) {
        if (engine->inputs[i].input != NULL && !input_init(engine->inputs[i].input)) {
            log_line(LOG_ERROR, "[engine] input initialization failed");
            return false;
        }
    }
    return engine->pipeline == NULL || pipeline_init(engine->pipeline);
}

static bool keys_known(struct instance_config *list, size_t count)
{
    bool known = true;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < list[i].count; k++) {
            struct property *p = &list[i].properties[k];

            if (!atomic_load(&p->asked)) {
                log_line(LOG_ERROR, "[host] unknown key \"%s\" for %s %s (%s)", p->key, instance_kind_name(&list[i]),
                         list[i].name, p->where);
                known = false;
            }
        }
    }
    return known;
}

bool engine_keys_known(const struct engine *engine)
{
    bool inputs = keys_known(engine->config->inputs, engine->config->input_count);

    return keys_known(engine->config->outputs, engine->config->output_count) && inputs;
}

void engine_run(struct engine *engine)
{
    if (engine->pipeline != NULL) {
        pipeline_run(engine->pipeline);
    }
    for (size_t i = 0; i < engine->input_count; i++) {
        if (engine->inputs[i].input != NULL) {
            input_run(engine->inputs[i].input, engine->config->service.hot_reload);
        } else if (!feed_run(engine->inputs[i].feed)) {
            _exit(1);
        }
    }
}

static void pause_all(void *arg)
{
    struct engine *engine = arg;

    for (size_t i = 0; i < engine->input_count; i++) {
        if (engine->inputs[i].input != NULL) {
            input_pause(engine->inputs[i].input);
        } else {
            feed_pause(engine->inputs[i].feed);
        }
    }
}

static void stop_inputs(struct engine *engine, double grace)
{
    log_line(LOG_INFO, "[engine] pausing all inputs..");
    pause_all(engine);
    clock_sleep_until(grace < 0 ? clock_next_second() : clock_now() + (int64_t)(grace * CLOCK_SECOND));
    log_line(LOG_INFO, "[engine] service has stopped (0 pending tasks)");
    /* Fluent Bit pauses once when it stops taking records and once when it shuts down. */
    pause_all(engine);
}

static void exit_inputs(struct engine *engine, bool hot)
{
    for (size_t i = engine->input_count; i > 0; i--) {
        if (engine->inputs[i - 1].input != NULL) {
            input_exit(engine->inputs[i - 1].input, hot);
        }
    }
}

void engine_stop(struct engine *engine, double grace, bool hot)
{
    if (engine->pipeline != NULL) {
        pipeline_stop(engine->pipeline, grace, hot, pause_all, engine);
    } else {
        stop_inputs(engine, grace);
    }
    exit_inputs(engine, hot);
}

void engine_exit(struct engine *engine, bool hot)
{
    if (engine->pipeline != NULL) {
        pipeline_exit(engine->pipeline, hot);
    }
    exit_inputs(engine, hot);
}

void engine_free(struct engine *engine)
{
    for (size_t i = 0; i < engine->input_count; i++) {
        if (engine->inputs[i].input != NULL) {
            input_abandon(engine->inputs[i].input);
            input_free(engine->inputs[i].input);
        } else {
            feed_free(engine->inputs[i].feed);
        }
    }
    if (engine->pipeline != NULL) {
        pipeline_free(engine->pipeline);
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
