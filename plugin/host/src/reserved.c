#include "reserved.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"

enum rule {
    ALWAYS, /* taken even when empty */
    ANY,    /* taken unless empty, whatever the value; the rest too, with a check */
    BOOLEAN,
    LEVEL,
    SIZE,
    SECONDS,
    POSITIVE,
    PERCENT,
    RATIO,
    STORAGE,
    TLS,
};

static const struct {
    const char *key;
    enum rule rule;
} own_keys[] = {
    {"tag", ANY},
    {"alias", ANY},
    {"routable", ANY},
    {"log_level", LEVEL},
    {"log_suppress_interval", SECONDS},
    {"mem_buf_limit", SIZE},
    {"listen", ALWAYS},
    {"host", ALWAYS},
    {"port", ALWAYS},
    {"ipv6", ANY},
    {"tls", TLS},
    {"tls.verify", ANY},
    {"tls.verify_client_cert", BOOLEAN},
    {"tls.verify_hostname", ANY},
    {"tls.debug", ANY},
    {"tls.vhost", ALWAYS},
    {"tls.ca_path", ALWAYS},
    {"tls.ca_file", ALWAYS},
    {"tls.crt_file", ALWAYS},
    {"tls.key_file", ALWAYS},
    {"tls.key_passwd", ALWAYS},
    {"tls.min_version", ALWAYS},
    {"tls.max_version", ALWAYS},
    {"tls.ciphers", ALWAYS},
    {"storage.type", STORAGE},
    {"storage.pause_on_chunks_overlimit", BOOLEAN},
    {"threaded", BOOLEAN},
    {"thread.ring_buffer.capacity", POSITIVE},
    {"thread.ring_buffer.window", PERCENT},
    {"rate_window", SECONDS},
    {"rate_gate", BOOLEAN},
    {"rate_gate.max_bytes", SIZE},
    {"rate_gate.max_records", SIZE},
    {"rate_gate.backpressure", BOOLEAN},
    {"rate_gate.resume_ratio", RATIO},
};

static const char *const oauth2_keys[] = {
    "oauth2.validate",         "oauth2.issuer",          "oauth2.jwks_url",
    "oauth2.allowed_audience", "oauth2.allowed_clients", "oauth2.jwks_refresh_interval",
};

int reserved_bool(const char *value)
{
    if (strcasecmp(value, "true") == 0 || strcasecmp(value, "on") == 0 || strcasecmp(value, "yes") == 0) {
        return 1;
    }
    if (strcasecmp(value, "false") == 0 || strcasecmp(value, "off") == 0 || strcasecmp(value, "no") == 0) {
        return 0;
    }
    return -1;
}

/* A number with an optional unit of letters, such as 10M, 512KB or 5m. */
static bool is_quantity(const char *value)
{
    char *end;

    if (!isdigit((unsigned char)*value)) {
        return false;
    }
    strtod(value, &end);
    while (isalpha((unsigned char)*end)) {
        end++;
    }
    return *end == '\0';
}

static const char *trouble(enum rule rule, const char *value)
{
    char *end;
    double ratio;

    switch (rule) {
    case BOOLEAN:
        return reserved_bool(value) >= 0 ? NULL : "is neither on nor off";
    case LEVEL:
        return log_level_of(value) >= 0 ? NULL : "is none of off, error, warn, info, debug, trace";
    case SIZE:
        return is_quantity(value) ? NULL : "is no size";
    case SECONDS:
        return is_quantity(value) ? NULL : "is no time";
    case POSITIVE:
        return atoi(value) > 0 ? NULL : "is no positive number";
    case PERCENT:
        return atoi(value) > 0 && atoi(value) <= 100 ? NULL : "is not between 1 and 100";
    case RATIO:
        ratio = strtod(value, &end);
        return end != value && *end == '\0' && ratio > 0 && ratio < 1 ? NULL : "is not between 0 and 1";
    case STORAGE:
        if (strcasecmp(value, "filesystem") == 0 || strcasecmp(value, "memory") == 0 ||
            strcasecmp(value, "memrb") == 0) {
            return NULL;
        }
        return "is none of filesystem, memory, memrb";
    case TLS:
        return reserved_bool(value) != 1 ? NULL : "is not to be had: a Go input has no TLS of Fluent Bit's";
    default:
        return NULL;
    }
}

enum reserved reserved_check(const char *key, const char *value, const char **why)
{
    *why = NULL;
    if (value != NULL && strncasecmp(key, "net.", 4) == 0) {
        *why = "is a key for Fluent Bit's own network inputs; Fluent Bit 5.1 crashes on it in a Go input";
        return RESERVED_REFUSED;
    }
    if (value != NULL && strncasecmp(key, "oauth2", 6) == 0) {
        for (size_t i = 0; i < sizeof(oauth2_keys) / sizeof(oauth2_keys[0]); i++) {
            if (strcasecmp(key, oauth2_keys[i]) == 0) {
                return RESERVED_TAKEN;
            }
        }
        *why = "is no key that Fluent Bit knows below oauth2";
        return RESERVED_REFUSED;
    }
    for (size_t i = 0; i < sizeof(own_keys) / sizeof(own_keys[0]); i++) {
        if (strcasecmp(key, own_keys[i].key) != 0) {
            continue;
        }
        if (own_keys[i].rule == ALWAYS) {
            return RESERVED_TAKEN;
        }
        if (value == NULL) {
            return RESERVED_NOT;
        }
        *why = trouble(own_keys[i].rule, value);
        return *why == NULL ? RESERVED_TAKEN : RESERVED_REFUSED;
    }
    return RESERVED_NOT;
}
