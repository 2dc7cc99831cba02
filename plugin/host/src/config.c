#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_data.h"
#include "log.h"
#include "memory.h"
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

static bool read_service_key(const struct source *src, const struct yaml_node *node, const char *value)
{
    const char *why;

    switch (service_set(&src->config->service, node->key, value, &why)) {
    case SERVICE_REFUSED:
        return refuse(src, node->line, "%s", why);
    case SERVICE_UNKNOWN:
        log_line(LOG_WARN, "[config] %s:%d: service key \"%s\" means nothing to the plugin host and is ignored",
                 src->path, node->key_line, node->key);
        return true;
    default:
        return true;
    }
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
        config_add_plugin(src->config, node->text);
    }
    return true;
}

static bool read_input_key(const struct source *src, struct instance_config *in, const struct yaml_node *node)
{
    char where[512];
    const char *value = text_of(node);

    snprintf(where, sizeof(where), "%s:%d", src->path, node->key_line);
    if (value != NULL) {
        return instance_config_set(in, &src->config->variables, node->key, value, where);
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
        if (!instance_config_set(in, &src->config->variables, node->key, value, where)) {
            return false;
        }
    }
    return true;
}

/* The name of an input or output; NULL, with a line logged, when there is none. */
static const char *name_of(const struct source *src, const struct yaml_node *node, const char *kind)
{
    const char *name = NULL;

    if (node->kind != YAML_MAP) {
        refuse(src, node->line, "an %s has to be a map with a name", kind);
        return NULL;
    }
    for (size_t i = 0; i < node->count && name == NULL; i++) {
        if (strcasecmp(node->children[i]->key, "name") == 0) {
            name = text_of(node->children[i]);
        }
    }
    if (name == NULL || *name == '\0') {
        refuse(src, node->line, "an %s has no name", kind);
        return NULL;
    }
    return name;
}

static bool read_input(const struct source *src, const struct yaml_node *node)
{
    struct instance_config *in;
    const char *name = name_of(src, node, "input");
    char where[512];

    if (name == NULL) {
        return false;
    }
    snprintf(where, sizeof(where), "%s:%d", src->path, node->line);
    in = config_add_input(src->config, name, where);
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

static void read_output_key(const struct source *src, struct raw_output *out, const struct yaml_node *node)
{
    char where[512];

    snprintf(where, sizeof(where), "%s:%d", src->path, node->key_line);
    if (node->kind != YAML_LIST) {
        config_add_pair(out, node->key, text_of(node), where);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        config_add_pair(out, node->key, text_of(node->children[i]), where);
    }
}

static bool read_output(const struct source *src, const struct yaml_node *node)
{
    struct raw_output *out;
    const char *name = name_of(src, node, "output");
    char where[512];

    if (name == NULL) {
        return false;
    }
    snprintf(where, sizeof(where), "%s:%d", src->path, node->line);
    out = config_add_output(src->config, name, where);
    for (size_t i = 0; i < node->count; i++) {
        if (strcasecmp(node->children[i]->key, "name") != 0) {
            read_output_key(src, out, node->children[i]);
        }
    }
    return true;
}

static bool read_list(const struct source *src, const struct yaml_node *list,
                      bool (*read)(const struct source *, const struct yaml_node *))
{
    if (list->kind != YAML_LIST) {
        return refuse(src, list->line, "%s has to be a list", list->key);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!read(src, list->children[i])) {
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
            if (!read_list(src, node, read_input)) {
                return false;
            }
        } else if (strcasecmp(node->key, "outputs") == 0) {
            if (node->kind != YAML_EMPTY && !read_list(src, node, read_output)) {
                return false;
            }
        } else if (strcasecmp(node->key, "filters") == 0) {
            log_line(LOG_WARN, "[config] %s:%d: filters are ignored: the plugin host takes what the inputs return",
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
        config_add_plugin(config, args->plugins[i]);
    }
    for (size_t i = 0; i < args->input_count; i++) {
        struct instance_config *in = config_add_input(config, args->inputs[i].name, "command line");

        for (size_t k = 0; k < args->inputs[i].count; k++) {
            const struct argument_pair *pair = &args->inputs[i].pairs[k];

            if (!instance_config_set(in, &config->variables, pair->key, pair->value, "command line")) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < args->output_count; i++) {
        struct raw_output *out = config_add_output(config, args->outputs[i].name, "command line");

        for (size_t k = 0; k < args->outputs[i].count; k++) {
            config_add_pair(out, args->outputs[i].pairs[k].key, args->outputs[i].pairs[k].value, "command line");
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

struct config *config_read(const struct arguments *args)
{
    struct config *config = mem_zeroed(sizeof(*config));

    service_default(&config->service);
    if (!fill(config, args) || !config_is_complete(config)) {
        config_free(config);
        return NULL;
    }
    config->service.hot_reload = config->service.hot_reload || args->hot_reload;
    if (args->flush > 0) {
        config->service.flush = args->flush;
    }
    if (args->log_level >= 0) {
        config->service.log_level = args->log_level;
    }
    return config;
}
