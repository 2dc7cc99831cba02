#include <stdlib.h>

#include "config_data.h"
#include "feed.h"
#include "log.h"
#include "memory.h"

void config_add_plugin(struct config *config, const char *path)
{
    config->plugins = mem_resize(config->plugins, (config->plugin_count + 1) * sizeof(*config->plugins));
    config->plugins[config->plugin_count++] = mem_copy(path);
}

struct instance_config *config_add_input(struct config *config, const char *name, const char *where)
{
    struct instance_config *in;

    config->inputs = mem_resize(config->inputs, (config->input_count + 1) * sizeof(*config->inputs));
    in = &config->inputs[config->input_count++];
    *in = (struct instance_config){
        .name = variables_expand(&config->variables, name), .where = mem_copy(where), .log_level = -1};
    return in;
}

struct raw_output *config_add_output(struct config *config, const char *name, const char *where)
{
    struct raw_output *out;

    config->raw_outputs = mem_resize(config->raw_outputs, (config->raw_output_count + 1) * sizeof(*config->raw_outputs));
    out = &config->raw_outputs[config->raw_output_count++];
    *out = (struct raw_output){.name = variables_expand(&config->variables, name), .where = mem_copy(where)};
    return out;
}

void config_add_pair(struct raw_output *out, const char *key, const char *value, const char *where)
{
    out->pairs = mem_resize(out->pairs, (out->count + 1) * sizeof(*out->pairs));
    out->pairs[out->count++] =
        (struct raw_pair){mem_copy(key), value != NULL ? mem_copy(value) : NULL, mem_copy(where)};
}

static bool take(struct config *config, const struct raw_output *raw)
{
    struct instance_config *out = &config->outputs[config->output_count++];

    *out = (struct instance_config){.kind = INSTANCE_OUTPUT,
                                    .name = mem_copy(raw->name),
                                    .where = mem_copy(raw->where),
                                    .log_level = -1,
                                    .retry_limit = RETRY_DEFAULT};
    for (size_t i = 0; i < raw->count; i++) {
        const struct raw_pair *pair = &raw->pairs[i];

        if (pair->value == NULL) {
            log_line(LOG_ERROR, "[config] %s: \"%s\" of output %s is a map, which the plugin host does not understand",
                     pair->where, pair->key, raw->name);
            return false;
        }
        if (!instance_config_set(out, &config->variables, pair->key, pair->value, pair->where)) {
            return false;
        }
    }
    return true;
}

bool config_take_outputs(struct config *config)
{
    config->outputs = mem_zeroed(config->raw_output_count * sizeof(*config->outputs));
    for (size_t i = 0; i < config->raw_output_count; i++) {
        if (!take(config, &config->raw_outputs[i])) {
            return false;
        }
    }
    return true;
}

static bool needs_no_plugin(const struct config *config)
{
    for (size_t i = 0; i < config->input_count; i++) {
        if (!feed_is_known(config->inputs[i].name)) {
            return false;
        }
    }
    return config->input_count > 0;
}

bool config_is_complete(const struct config *config)
{
    if (config->plugin_count == 0 && !needs_no_plugin(config)) {
        log_line(LOG_ERROR, "[host] no plugin to load: give -e FILE.so or a configuration with plugins");
        return false;
    }
    if (config->input_count == 0) {
        log_line(LOG_ERROR, "[host] no input to run: give -i NAME or a configuration with pipeline and inputs");
        return false;
    }
    return true;
}

static void free_raw(struct raw_output *out)
{
    for (size_t i = 0; i < out->count; i++) {
        free(out->pairs[i].key);
        free(out->pairs[i].value);
        free(out->pairs[i].where);
    }
    free(out->pairs);
    free(out->name);
    free(out->where);
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->plugin_count; i++) {
        free(config->plugins[i]);
    }
    for (size_t i = 0; i < config->input_count; i++) {
        instance_config_free(&config->inputs[i]);
    }
    for (size_t i = 0; i < config->output_count; i++) {
        instance_config_free(&config->outputs[i]);
    }
    for (size_t i = 0; i < config->raw_output_count; i++) {
        free_raw(&config->raw_outputs[i]);
    }
    free(config->plugins);
    free(config->inputs);
    free(config->outputs);
    free(config->raw_outputs);
    service_free(&config->service);
    variables_free(&config->variables);
    free(config);
}
