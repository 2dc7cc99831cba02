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
    LIMIT, /* a size or off */
    REGEX,
};

struct own_key {
    const char *key;
    enum rule rule;
};

static const struct own_key input_keys[] = {
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

static const struct own_key output_keys[] = {
    {"match", ALWAYS},
    {"match_regex", REGEX},
    {"alias", ANY},
    {"log_level", LEVEL},
    {"log_suppress_interval", SECONDS},
    {"host", ALWAYS},
    {"port", ALWAYS},
    {"ipv6", ANY},
    {"retry_limit", ALWAYS},
    {"tls", TLS},
    {"tls.verify", ANY},
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
    {"tls.proxy.verify", ANY},
    {"tls.proxy.verify_hostname", ANY},
    {"tls.proxy.ca_path", ALWAYS},
    {"tls.proxy.ca_file", ALWAYS},
    {"storage.total_limit_size", LIMIT},
    {"workers", ANY},
};

static const char *const oauth2_input_keys[] = {
    "oauth2.validate",         "oauth2.issuer",          "oauth2.jwks_url",
    "oauth2.allowed_audience", "oauth2.allowed_clients", "oauth2.jwks_refresh_interval",
    NULL,
};

static const char *const oauth2_output_keys[] = {
    "oauth2.enable",        "oauth2.token_url",       "oauth2.client_id",      "oauth2.client_secret",
    "oauth2.user_agent",    "oauth2.scope",           "oauth2.audience",       "oauth2.resource",
    "oauth2.auth_method",   "oauth2.jwt_key_file",    "oauth2.jwt_cert_file",  "oauth2.jwt_aud",
    "oauth2.jwt_header",    "oauth2.jwt_ttl_seconds", "oauth2.refresh_skew_seconds", "oauth2.timeout",
    "oauth2.connect_timeout", NULL,
};

static const char *const net_output_keys[] = {
    "net.dns.mode",           "net.dns.resolver",           "net.dns.prefer_ipv4",
    "net.dns.prefer_ipv6",    "net.keepalive",              "net.keepalive_idle_timeout",
    "net.tcp_keepalive",      "net.tcp_keepalive_time",     "net.tcp_keepalive_interval",
    "net.tcp_keepalive_probes", "net.io_timeout",           "net.connect_timeout",
    "net.connect_timeout_log_error", "net.source_address",  "net.keepalive_max_recycle",
    "net.max_worker_connections", "net.proxy_env_ignore",   NULL,
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
        return reserved_bool(value) != 1 ? NULL : "is not to be had: a Go plugin has no TLS of Fluent Bit's";
    case LIMIT:
        return reserved_bool(value) == 0 || is_quantity(value) ? NULL : "is no size";
    case REGEX:
        return "is not understood by the plugin host: use match";
    default:
        return NULL;
    }
}

size_t reserved_size(const char *value)
{
    char *end;
    double size = strtod(value, &end);

    switch (tolower((unsigned char)*end)) {
    case 'k':
        size *= 1e3;
        break;
    case 'm':
        size *= 1e6;
        break;
    case 'g':
        size *= 1e9;
        break;
    default:
        break;
    }
    return size > 0 && size < 1e15 ? (size_t)size : 0;
}

static bool is_one_of(const char *const *keys, const char *key)
{
    for (; *keys != NULL; keys++) {
        if (strcasecmp(key, *keys) == 0) {
            return true;
        }
    }
    return false;
}

/* Whose a key of Fluent Bit's network is; value is not NULL. */
static enum reserved check_network(bool output, const char *key, const char **why)
{
    if (strncasecmp(key, "net.", 4) == 0) {
        if (output && is_one_of(net_output_keys, key)) {
            return RESERVED_TAKEN;
        }
        *why = output ? "is no key that Fluent Bit knows below net"
                      : "is a key for Fluent Bit's own network inputs; Fluent Bit 5.1 crashes on it in a Go input";
        return RESERVED_REFUSED;
    }
    if (is_one_of(output ? oauth2_output_keys : oauth2_input_keys, key)) {
        return RESERVED_TAKEN;
    }
    *why = "is no key that Fluent Bit knows below oauth2";
    return RESERVED_REFUSED;
}

enum reserved reserved_check(bool output, const char *key, const char *value, const char **why)
{
    const struct own_key *own = output ? output_keys : input_keys;
    size_t count = output ? sizeof(output_keys) / sizeof(output_keys[0]) : sizeof(input_keys) / sizeof(input_keys[0]);

    *why = NULL;
    if (value != NULL && (strncasecmp(key, "net.", 4) == 0 || strncasecmp(key, "oauth2", 6) == 0)) {
        return check_network(output, key, why);
    }
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(key, own[i].key) != 0) {
            continue;
        }
        if (own[i].rule == ALWAYS) {
            return RESERVED_TAKEN;
        }
        if (value == NULL) {
            return RESERVED_NOT;
        }
        *why = trouble(own[i].rule, value);
        return *why == NULL ? RESERVED_TAKEN : RESERVED_REFUSED;
    }
    return RESERVED_NOT;
}
