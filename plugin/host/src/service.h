/* The keys of a configuration's service section that the host knows. */
#ifndef HOST_SERVICE_H
#define HOST_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

struct service {
    double flush; /* seconds */
    double grace; /* seconds; negative: until all is delivered */
    int log_level;
    bool hot_reload;
    int scheduler_base, scheduler_cap; /* seconds */
    size_t coro_stack_size;            /* bytes */
    char *storage_path;                /* NULL: none */
};

/* Sets what Fluent Bit 5.1 has where nothing is configured. */
void service_default(struct service *service);
void service_free(struct service *service);

enum service_result { SERVICE_SET, SERVICE_UNKNOWN, SERVICE_REFUSED };

/* Sets a key; on SERVICE_REFUSED *why says what is wrong with the value, key first. */
enum service_result service_set(struct service *service, const char *key, const char *value, const char **why);

#endif
