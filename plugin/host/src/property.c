#include "property.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "memory.h"
#include "reserved.h"

void variables_add(struct variables *vars, const char *name, const char *value)
{
    vars->at = mem_resize(vars->at, (vars->count + 1) * sizeof(*vars->at));
    vars->at[vars->count].name = mem_copy(name);
    vars->at[vars->count].value = mem_copy(value);
    vars->count++;
}

void variables_free(struct variables *vars)
{
    for (size_t i = 0; i < vars->count; i++) {
        free(vars->at[i].name);
        free(vars->at[i].value);
    }
    free(vars->at);
    *vars = (struct variables){0};
}

static const char *lookup(const struct variables *vars, const char *name)
{
    for (size_t i = vars->count; i > 0; i--) {
        if (strcmp(vars->at[i - 1].name, name) == 0) {
            return vars->at[i - 1].value;
        }
    }
    return getenv(name);
}

static void expand_one(struct text *out, const struct variables *vars, char *name)
{
    char *otherwise = strstr(name, ":-");
    const char *value;

    if (otherwise != NULL) {
        *otherwise = '\0';
        otherwise += 2;
    }
    value = lookup(vars, name);
    if (value != NULL && (otherwise == NULL || *value != '\0')) {
        text_add_str(out, value);
    } else if (otherwise != NULL) {
        text_add_str(out, otherwise);
    } else {
        log_line(LOG_WARN, "[env] variable ${%s} is used but not set", name);
    }
}

char *variables_expand(const struct variables *vars, const char *value)
{
    struct text out = {0};
    const char *open, *close;

    while ((open = strstr(value, "${")) != NULL && (close = strchr(open, '}')) != NULL && close > open + 2) {
        char *name = mem_copy_len(open + 2, (size_t)(close - open - 2));

        text_add(&out, value, (size_t)(open - value));
        expand_one(&out, vars, name);
        free(name);
        value = close + 1;
    }
    text_add_str(&out, value);
    return text_take(&out);
}

static char *trimmed(const char *text)
{
    size_t len;

    while (isspace((unsigned char)*text)) {
        text++;
    }
    len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1])) {
        len--;
    }
    return mem_copy_len(text, len);
}

/*
 * Fluent Bit takes a key that begins with a small letter and has no underscore for camelCase, and turns it into
 * snake_case; with an underscore it is only put in small letters, and with a capital first it is left alone.
 */
static char *key_of(const char *raw)
{
    char *key = trimmed(raw);
    struct text out = {0};
    bool snake = strchr(key, '_') != NULL;

    if (!islower((unsigned char)key[0])) {
        return key;
    }
    for (const char *p = key; *p != '\0'; p++) {
        if (!snake && p > key && isupper((unsigned char)*p)) {
            text_add_char(&out, '_');
        }
        text_add_char(&out, (char)tolower((unsigned char)*p));
    }
    free(key);
    return text_take(&out);
}

const char *instance_kind_name(const struct instance_config *in)
{
    return in->kind == INSTANCE_INPUT ? "input" : "output";
}

static int retry_limit(const char *value)
{
    int limit;

    if (value == NULL) {
        return RETRY_DEFAULT;
    }
    if (strcasecmp(value, "no_limits") == 0 || strcasecmp(value, "false") == 0 || strcasecmp(value, "off") == 0) {
        return RETRY_UNLIMITED;
    }
    if (strcasecmp(value, "no_retries") == 0) {
        return RETRY_NONE;
    }
    limit = atoi(value);
    if (limit <= 0) {
        log_line(LOG_WARN, "[config] invalid retry_limit. set default.");
        return RETRY_DEFAULT;
    }
    return limit;
}

static void keep_text(char **kept, const char *value)
{
    free(*kept);
    *kept = value != NULL ? mem_copy(value) : NULL;
}

static void keep_own(struct instance_config *in, const char *key, const char *value)
{
    if (in->kind == INSTANCE_OUTPUT && strcasecmp(key, "retry_limit") == 0) {
        in->retry_limit = retry_limit(value);
    } else if (in->kind == INSTANCE_OUTPUT && strcasecmp(key, "match") == 0) {
        keep_text(&in->match, value);
    } else if (value == NULL) {
        return;
    } else if (strcasecmp(key, "log_level") == 0) {
        in->log_level = log_level_of(value);
    } else if (strcasecmp(key, "alias") == 0) {
        keep_text(&in->alias, value);
    } else if (strcasecmp(key, "tag") == 0) {
        keep_text(&in->tag, value);
    } else if (strcasecmp(key, "storage.type") == 0) {
        in->filesystem = strcasecmp(value, "filesystem") == 0;
    } else if (strcasecmp(key, "mem_buf_limit") == 0) {
        in->mem_buf_limit = reserved_size(value);
    } else if (strcasecmp(key, "workers") == 0) {
        in->workers = atoi(value);
    }
}

static void keep_property(struct instance_config *in, char *key, char *value, const char *where)
{
    struct property *p;

    for (size_t i = 0; i < in->count; i++) {
        if (strcasecmp(in->properties[i].key, key) == 0 && strcmp(in->properties[i].where, where) != 0) {
            log_line(LOG_WARN, "[host] key \"%s\" of %s %s is given again (%s): Fluent Bit uses the first (%s)", key,
                     instance_kind_name(in), in->name, where, in->properties[i].where);
            break;
        }
    }
    in->properties = mem_resize(in->properties, (in->count + 1) * sizeof(*in->properties));
    p = &in->properties[in->count++];
    p->key = key;
    p->value = value;
    p->where = mem_copy(where);
    atomic_init(&p->asked, false);
}

bool instance_config_set(struct instance_config *in, const struct variables *vars, const char *key, const char *value,
                      const char *where)
{
    char *name = key_of(key), *cut = trimmed(value), *full = variables_expand(vars, cut);
    const char *why;

    free(cut);
    if (*full == '\0') {
        free(full);
        full = NULL;
    }
    switch (reserved_check(in->kind == INSTANCE_OUTPUT, name, full, &why)) {
    case RESERVED_REFUSED:
        log_line(LOG_ERROR, "[config] key \"%s\" of %s %s %s (%s)", name, instance_kind_name(in), in->name, why, where);
        free(name);
        free(full);
        return false;
    case RESERVED_TAKEN:
        keep_own(in, name, full);
        free(name);
        free(full);
        return true;
    case RESERVED_NOT:
        break;
    }
    keep_property(in, name, full, where);
    return true;
}

const char *instance_config_get(struct instance_config *in, const char *key)
{
    const char *value = NULL;
    bool found = false;

    if (key == NULL || *key == '\0') {
        return NULL;
    }
    for (size_t i = 0; i < in->count; i++) {
        if (strcasecmp(in->properties[i].key, key) != 0) {
            continue;
        }
        atomic_store(&in->properties[i].asked, true);
        if (!found) {
            value = in->properties[i].value;
            found = true;
        }
    }
    return value;
}

void instance_config_free(struct instance_config *in)
{
    for (size_t i = 0; i < in->count; i++) {
        free(in->properties[i].key);
        free(in->properties[i].value);
        free(in->properties[i].where);
    }
    free(in->properties);
    free(in->name);
    free(in->where);
    free(in->tag);
    free(in->alias);
    free(in->match);
    *in = (struct instance_config){0};
}
