#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "memory.h"
#include "reserved.h"
#include "yaml.h"

struct source {
    struct config *config;
    const char *path;
};

__attribute__((format(printf, 3, 4))) static bool refuse(const struct source *src, int line, const char *fmt, ...)
{
    char message[320];
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (line > 0) {
        log_line(LOG_ERROR, "[config] %s:%d: %s", src->path, line, message);
    } else {
        log_line(LOG_ERROR, "[config] %s: %s", src->path, message);
    }
    return false;
}

static void add_plugin(struct config *config, const char *path)
{
    config->plugins = mem_resize(config->plugins, (config->plugin_count + 1) * sizeof(*config->plugins));
    config->plugins[config->plugin_count++] = mem_copy(path);
}

static struct input_config *add_input(struct config *config, const char *name, const char *where)
{
    struct input_config *in;

    config->inputs = mem_resize(config->inputs, (config->input_count + 1) * sizeof(*config->inputs));
    in = &config->inputs[config->input_count++];
    *in = (struct input_config){
        .name = variables_expand(&config->variables, name), .where = mem_copy(where), .log_level = -1};
    return in;
}

/* A value's text; the empty string for a key with nothing behind it. NULL for a map or list. */
static const char *text_of(const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_SCALAR:
        return node->text;
    case YAML_EMPTY:
        return "";
    default:
        return NULL;
    }
}

static bool read_env(const struct source *src, const struct yaml_node *env)
{
    if (env->kind != YAML_MAP) {
        return refuse(src, env->line, "env has to be a map of names and values");
    }
    for (size_t i = 0; i < env->count; i++) {
        const struct yaml_node *node = env->children[i];

        if (text_of(node) == NULL) {
            return refuse(src, node->line, "env \"%s\" has to be a plain value", node->key);
        }
        variables_add(&src->config->variables, node->key, text_of(node));
    }
    return true;
}

static bool is_amount(const char *text, double least)
{
    char *end;
    double value = strtod(text, &end);

    return end != text && *end == '\0' && value >= least && value <= 1e9;
}

static bool read_service_key(const struct source *src, const struct yaml_node *node, const char *value)
{
    int level, on;

    if (strcasecmp(node->key, "log_level") == 0) {
        level = log_level_of(value);
        if (level < 0) {
            return refuse(src, node->line, "log_level is none of off, error, warn, info, debug, trace");
        }
        src->config->log_level = level;
    } else if (strcasecmp(node->key, "hot_reload") == 0) {
        on = reserved_bool(value);
        if (on < 0) {
            return refuse(src, node->line, "hot_reload is neither on nor off");
        }
        src->config->hot_reload = on == 1;
    } else if (strcasecmp(node->key, "flush") == 0) {
        if (!is_amount(value, 1e-9)) {
            return refuse(src, node->line, "flush has to be a number of seconds above 0");
        }
    } else if (strcasecmp(node->key, "grace") == 0) {
        if (!is_amount(value, -1)) {
            return refuse(src, node->line, "grace has to be a number of seconds");
        }
    } else {
        log_line(LOG_WARN, "[config] %s:%d: service key \"%s\" means nothing to the plugin host and is ignored",
                 src->path, node->key_line, node->key);
    }
    return true;
}

static bool read_service(const struct source *src, const struct yaml_node *service)
{
    if (service->kind == YAML_EMPTY) {
        return true;
    }
    if (service->kind != YAML_MAP) {
        return refuse(src, service->line, "service has to be a map");
    }
    for (size_t i = 0; i < service->count; i++) {
        const struct yaml_node *node = service->children[i];
        const char *raw = text_of(node);
        char *value = variables_expand(&src->config->variables, raw != NULL ? raw : "");
        bool ok = read_service_key(src, node, value);

        free(value);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool read_plugins(const struct source *src, const struct yaml_node *plugins)
{
    if (plugins->kind == YAML_EMPTY) {
        return true;
    }
    if (plugins->kind != YAML_LIST) {
        return refuse(src, plugins->line, "plugins has to be a list of files");
    }
    for (size_t i = 0; i < plugins->count; i++) {
        const struct yaml_node *node = plugins->children[i];

        if (node->kind != YAML_SCALAR || *node->text == '\0') {
            return refuse(src, node->line, "a plugin has to be a file's path");
        }
        if (strstr(node->text, "${") != NULL) {
            return refuse(src, node->line, "Fluent Bit replaces no variables in a plugin's path");
        }
        add_plugin(src->config, node->text);
    }
    return true;
}

static bool read_input_key(const struct source *src, struct input_config *in, const struct yaml_node *node)
{
    char where[512];
    const char *value = text_of(node);

    snprintf(where, sizeof(where), "%s:%d", src->path, node->key_line);
    if (value != NULL) {
        return input_config_set(in, &src->config->variables, node->key, value, where);
    }
    if (node->kind == YAML_MAP) {
        return refuse(src, node->key_line, "\"%s\" of input %s is a map, which the plugin host does not understand",
                      node->key, in->name);
    }
    /* Each of a list's values is set under the same key, as Fluent Bit does. */
    for (size_t i = 0; i < node->count; i++) {
        value = text_of(node->children[i]);
        if (value == NULL) {
            return refuse(src, node->children[i]->line, "\"%s\" of input %s has to be a list of plain values",
                          node->key, in->name);
        }
        if (!input_config_set(in, &src->config->variables, node->key, value, where)) {
            return false;
        }
    }
    return true;
}

static bool read_input(const struct source *src, const struct yaml_node *node)
{
    struct input_config *in;
    const char *name = NULL;
    char where[512];

    if (node->kind != YAML_MAP) {
        return refuse(src, node->line, "an input has to be a map with a name");
    }
    for (size_t i = 0; i < node->count && name == NULL; i++) {
        if (strcasecmp(node->children[i]->key, "name") == 0) {
            name = text_of(node->children[i]);
        }
    }
    if (name == NULL || *name == '\0') {
        return refuse(src, node->line, "an input has no name");
    }
    snprintf(where, sizeof(where), "%s:%d", src->path, node->line);
    in = add_input(src->config, name, where);
    for (size_t i = 0; i < node->count; i++) {
        if (strcasecmp(node->children[i]->key, "name") == 0 || strcasecmp(node->children[i]->key, "routes") == 0) {
            continue;
        }
        if (!read_input_key(src, in, node->children[i])) {
            return false;
        }
    }
    return true;
}

static bool read_pipeline(const struct source *src, const struct yaml_node *pipeline)
{
    if (pipeline->kind != YAML_MAP) {
        return refuse(src, pipeline->line, "pipeline has to be a map");
    }
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct yaml_node *node = pipeline->children[i];

        if (strcasecmp(node->key, "inputs") == 0) {
            if (node->kind != YAML_LIST) {
                return refuse(src, node->line, "inputs has to be a list");
            }
            for (size_t k = 0; k < node->count; k++) {
                if (!read_input(src, node->children[k])) {
                    return false;
                }
            }
        } else if (strcasecmp(node->key, "outputs") == 0) {
            log_line(LOG_DEBUG, "[config] %s:%d: outputs are ignored: the plugin host prints the records itself",
                     src->path, node->key_line);
        } else if (strcasecmp(node->key, "filters") == 0) {
            log_line(LOG_WARN, "[config] %s:%d: filters are ignored: the plugin host prints what the inputs return",
                     src->path, node->key_line);
        } else {
            return refuse(src, node->key_line, "pipeline has no \"%s\"", node->key);
        }
    }
    return true;
}

static bool is_ignored_section(const char *key)
{
    static const char *const sections[] = {"parsers",          "multiline_parsers", "customs", "stream_processor",
                                           "upstream_servers", "extensions"};

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (strcasecmp(key, sections[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_variables(const struct source *src, const struct yaml_node *root)
{
    if (root->kind != YAML_MAP) {
        return refuse(src, root->line, "a configuration has to be a map with service, plugins and pipeline");
    }
    for (size_t i = 0; i < root->count; i++) {
        if (strcasecmp(root->children[i]->key, "env") == 0 && !read_env(src, root->children[i])) {
            return false;
        }
    }
    return true;
}

static bool read_sections(const struct source *src, const struct yaml_node *root)
{
    for (size_t i = 0; i < root->count; i++) {
        const struct yaml_node *node = root->children[i];
        bool ok = true;

        if (strcasecmp(node->key, "service") == 0) {
            ok = read_service(src, node);
        } else if (strcasecmp(node->key, "plugins") == 0) {
            ok = read_plugins(src, node);
        } else if (strcasecmp(node->key, "pipeline") == 0) {
            ok = read_pipeline(src, node);
        } else if (is_ignored_section(node->key)) {
            log_line(LOG_WARN, "[config] %s:%d: section \"%s\" is ignored by the plugin host", src->path,
                     node->key_line, node->key);
        } else if (strcasecmp(node->key, "env") != 0) {
            ok = refuse(src, node->key_line, "the plugin host does not understand the section \"%s\"", node->key);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool read_arguments(struct config *config, const struct arguments *args)
{
    for (size_t i = 0; i < args->plugin_count; i++) {
        add_plugin(config, args->plugins[i]);
    }
    for (size_t i = 0; i < args->input_count; i++) {
        struct input_config *in = add_input(config, args->inputs[i].name, "command line");

        for (size_t k = 0; k < args->inputs[i].count; k++) {
            const struct argument_pair *pair = &args->inputs[i].pairs[k];

            if (!input_config_set(in, &config->variables, pair->key, pair->value, "command line")) {
                return false;
            }
        }
    }
    return true;
}

/* Variables first, then the command line's inputs, then the file's: Fluent Bit's order. */
static bool fill(struct config *config, const struct arguments *args)
{
    struct source src = {config, args->config};
    struct yaml_error error;
    struct yaml_node *root;
    bool ok;

    if (args->config == NULL) {
        return read_arguments(config, args);
    }
    root = yaml_read(args->config, &error);
    if (root == NULL) {
        return refuse(&src, error.line, "%s", error.message);
    }
    ok = read_variables(&src, root) && read_arguments(config, args) && read_sections(&src, root);
    yaml_free(root);
    return ok;
}

static bool is_complete(const struct config *config)
{
    if (config->plugin_count == 0) {
        log_line(LOG_ERROR, "[host] no plugin to load: give -e FILE.so or a configuration with plugins");
        return false;
    }
    if (config->input_count == 0) {
        log_line(LOG_ERROR, "[host] no input to run: give -i NAME or a configuration with pipeline and inputs");
        return false;
    }
    return true;
}

struct config *config_read(const struct arguments *args)
{
    struct config *config = mem_zeroed(sizeof(*config));

    config->log_level = LOG_INFO;
    if (!fill(config, args) || !is_complete(config)) {
        config_free(config);
        return NULL;
    }
    config->hot_reload = config->hot_reload || args->hot_reload;
    if (args->log_level >= 0) {
        config->log_level = args->log_level;
    }
    return config;
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
        input_config_free(&config->inputs[i]);
    }
    free(config->plugins);
    free(config->inputs);
    variables_free(&config->variables);
    free(config);
}
