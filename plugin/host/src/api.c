#include "api.h"

#include "log.h"
#include "property.h"

static const char *get_property(const char *key, void *instance)
{
    return instance_config_get(instance, key);
}

static int log_check(void *instance, int level)
{
    const struct instance_config *config = instance;
    int wanted = config->log_level >= 0 ? config->log_level : (int)log_get_level();

    return level <= wanted;
}

static const char *no_property(const char *key, void *instance)
{
    (void)key;
    (void)instance;
    return NULL;
}

/* The host keeps no metrics. */
static void *no_metrics(void *instance)
{
    (void)instance;
    return NULL;
}

static int no_log_check(void *instance, int level)
{
    (void)instance;
    return level <= (int)log_get_level();
}

const struct abi_api *api_table(void)
{
    static const struct abi_api api = {
        .output_get_property = get_property,
        .input_get_property = get_property,
        .output_get_cmt_instance = no_metrics,
        .input_get_cmt_instance = no_metrics,
        .log_print = log_print,
        .input_log_check = log_check,
        .output_log_check = log_check,
        .custom_get_property = no_property,
        .custom_log_check = no_log_check,
    };

    return &api;
}
