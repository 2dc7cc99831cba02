#include "plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "log.h"
#include "memory.h"

/* ISO C has no cast from dlsym's object pointer to a function's: the bytes are copied, as POSIX guarantees. */
static bool symbol(void *handle, const char *name, void *function)
{
    void *found;

    dlerror();
    found = dlsym(handle, name);
    if (dlerror() != NULL) {
        found = NULL;
    }
    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

static bool register_plugin(struct plugin *plugin, bool hot)
{
    int (*pre_register)(int);
    int (*do_register)(struct abi_definition *);

    if (symbol(plugin->handle, "FLBPluginPreRegister", &pre_register) && pre_register(hot) == -1) {
        log_line(LOG_ERROR, "[host] %s: FLBPluginPreRegister failed", plugin->path);
        return false;
    }
    if (!symbol(plugin->handle, "FLBPluginRegister", &do_register)) {
        log_line(LOG_ERROR, "[host] %s: has no FLBPluginRegister, so it is no Go plugin of Fluent Bit", plugin->path);
        return false;
    }
    if (do_register(&plugin->definition) == -1) {
        log_line(LOG_ERROR, "[host] %s: FLBPluginRegister failed", plugin->path);
        return false;
    }
    if (plugin->definition.proxy != ABI_PROXY_GO || plugin->definition.name == NULL) {
        log_line(LOG_ERROR, "[host] %s: registered as no Go plugin, or without a name", plugin->path);
        return false;
    }
    return true;
}

/* Which of the calls to flush there is matters only to those who run it. */
static bool resolve_output(struct plugin *plugin)
{
    struct abi_output_plugin *sink = &plugin->sink;

    if (!symbol(plugin->handle, "FLBPluginInit", &sink->init)) {
        log_line(LOG_ERROR, "[go proxy]: could not load FLBPluginInit symbol");
        return false;
    }
    symbol(plugin->handle, "FLBPluginFlush", &sink->flush);
    symbol(plugin->handle, "FLBPluginFlushCtx", &sink->flush_ctx);
    symbol(plugin->handle, "FLBPluginExit", &sink->exit);
    symbol(plugin->handle, "FLBPluginExitCtx", &sink->exit_ctx);
    symbol(plugin->handle, "FLBPluginOutputPreRun", &plugin->pre_run);
    symbol(plugin->handle, "FLBPluginOutputPreExit", &plugin->pre_exit);
    sink->name = mem_copy(plugin->definition.name);
    sink->api = api_table();
    return true;
}

static bool resolve(struct plugin *plugin)
{
    struct abi_plugin *abi = &plugin->abi;

    symbol(plugin->handle, "FLBPluginUnregister", &plugin->unregister);
    if (plugin->definition.type == ABI_TYPE_OUTPUT) {
        return resolve_output(plugin);
    }
    if (plugin->definition.type != ABI_TYPE_INPUT) {
        return true;
    }
    if (!symbol(plugin->handle, "FLBPluginInit", &abi->init)) {
        log_line(LOG_ERROR, "[go proxy]: could not load FLBPluginInit symbol");
        return false;
    }
    symbol(plugin->handle, "FLBPluginInputCallback", &abi->collect);
    symbol(plugin->handle, "FLBPluginInputCallbackCtx", &abi->collect_ctx);
    symbol(plugin->handle, "FLBPluginInputCleanupCallback", &abi->cleanup);
    symbol(plugin->handle, "FLBPluginInputCleanupCallbackCtx", &abi->cleanup_ctx);
    symbol(plugin->handle, "FLBPluginExit", &abi->exit);
    symbol(plugin->handle, "FLBPluginInputPreRun", &plugin->pre_run);
    symbol(plugin->handle, "FLBPluginInputPause", &plugin->pause);
    symbol(plugin->handle, "FLBPluginInputPreExit", &plugin->pre_exit);
    if (abi->collect == NULL && abi->collect_ctx == NULL) {
        /* Fluent Bit would call a null pointer at the first tick. */
        log_line(LOG_ERROR, "[host] %s: has neither FLBPluginInputCallbackCtx nor FLBPluginInputCallback",
                 plugin->path);
        return false;
    }
    abi->name = mem_copy(plugin->definition.name);
    abi->api = api_table();
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static void release(struct plugin *plugin)
{
    dlclose(plugin->handle);
    free(plugin->abi.name);
    free(plugin->sink.name);
    free(plugin->path);
    free(plugin);
}

struct plugin *plugin_open(const char *path, bool hot)
{
    struct plugin *plugin;
    void *handle;

    if (strncmp(base_name(path), "flb-", 4) == 0) {
        log_line(LOG_ERROR, "[host] %s: Fluent Bit takes a file named flb-... for a C plugin; only Go plugins can be "
                            "loaded here", path);
        return NULL;
    }
    handle = dlopen(path, RTLD_LAZY);
    if (handle == NULL) {
        log_line(LOG_ERROR, "[proxy] error opening plugin %s: '%s'", path, dlerror());
        return NULL;
    }
    plugin = mem_zeroed(sizeof(*plugin));
    plugin->path = mem_copy(path);
    plugin->handle = handle;
    if (!register_plugin(plugin, hot)) {
        release(plugin);
        return NULL;
    }
    if (!resolve(plugin)) {
        plugin_close(plugin);
        return NULL;
    }
    log_line(LOG_DEBUG, "[host] loaded %s: %s, \"%s\"", path, plugin->definition.name,
             plugin->definition.description != NULL ? plugin->definition.description : "");
    return plugin;
}

void plugin_close(struct plugin *plugin)
{
    if (plugin->unregister != NULL) {
        plugin->unregister(&plugin->definition);
    }
    release(plugin);
}

bool plugin_is_input(const struct plugin *plugin, const char *name)
{
    return plugin->definition.type == ABI_TYPE_INPUT && plugin->abi.name != NULL &&
           strcasecmp(plugin->abi.name, name) == 0;
}

bool plugin_is_output(const struct plugin *plugin, const char *name)
{
    return plugin->definition.type == ABI_TYPE_OUTPUT && plugin->sink.name != NULL &&
           strcasecmp(plugin->sink.name, name) == 0;
}
