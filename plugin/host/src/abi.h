/*
 * The structures that Fluent Bit 5.1 and its Go plugins share. Their layout is the contract: a plugin was compiled
 * against it, so neither the order nor the type of a member may change.
 */
#ifndef HOST_ABI_H
#define HOST_ABI_H

#include <stddef.h>

enum {
    ABI_TYPE_INPUT = 1,
    ABI_TYPE_OUTPUT = 2,
    ABI_TYPE_CUSTOM = 3,
    ABI_PROXY_GO = 11,
};

/* What FLBPluginRegister fills in. */
struct abi_definition {
    int type;
    int proxy;
    int flags;
    char *name;        /* allocated by the plugin, freed by its FLBPluginUnregister */
    char *description; /* likewise */
    int event_type;
    void *config_map;
};

/* What a plugin may call. The instance is the pointer from struct abi_plugin. */
struct abi_api {
    const char *(*output_get_property)(const char *key, void *instance);
    const char *(*input_get_property)(const char *key, void *instance);
    void *(*output_get_cmt_instance)(void *instance);
    void *(*input_get_cmt_instance)(void *instance);
    void (*log_print)(int level, const char *file, int line, const char *fmt, ...);
    int (*input_log_check)(void *instance, int level);
    int (*output_log_check)(void *instance, int level);
    const char *(*custom_get_property)(const char *key, void *instance);
    int (*custom_log_check)(void *instance, int level);
};

/* One per input: the plugin keeps its own pointer in remote_context, and gets it back at every tick. */
struct abi_context {
    int coll_fd;
    void *remote_context;
    void *proxy;
};

/*
 * One per loaded file, handed to FLBPluginInit. Its instance and context are overwritten for each input, so a plugin
 * may not look at them later.
 */
struct abi_plugin {
    char *name;
    const struct abi_api *api;
    void *instance;
    struct abi_context *context;
    int (*init)(struct abi_plugin *plugin);
    int (*collect)(void **data, size_t *len);
    int (*collect_ctx)(void *remote_context, void **data, size_t *len);
    int (*cleanup)(void *data);
    int (*cleanup_ctx)(void *remote_context, void *data);
    int (*exit)(void);
};

/* As struct abi_context, of an output. */
struct abi_output_context {
    void *remote_context;
    void *proxy;
};

/* As struct abi_plugin, of an output. */
struct abi_output_plugin {
    char *name;
    const struct abi_api *api;
    void *instance;
    struct abi_output_context *context;
    int (*init)(struct abi_output_plugin *plugin);
    int (*flush)(const void *data, size_t len, const char *tag);
    int (*flush_ctx)(void *remote_context, const void *data, size_t len, char *tag);
    int (*exit)(void);
    int (*exit_ctx)(void *remote_context);
};

/* What a flush returns; anything else counts as an error. */
enum {
    ABI_ERROR = 0,
    ABI_OK = 1,
    ABI_RETRY = 2,
};

#endif
