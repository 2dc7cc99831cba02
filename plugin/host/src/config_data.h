/* What is in a configuration while it is read. */
#ifndef HOST_CONFIG_DATA_H
#define HOST_CONFIG_DATA_H

#include "config.h"

/* Each takes copies of its texts. What is returned is valid until the next of its kind is added. */
void config_add_plugin(struct config *config, const char *path);
struct instance_config *config_add_input(struct config *config, const char *name, const char *where);
struct raw_output *config_add_output(struct config *config, const char *name, const char *where);
void config_add_pair(struct raw_output *out, const char *key, const char *value, const char *where);

/* Whether there is something to load and to run; false with a line logged. */
bool config_is_complete(const struct config *config);

#endif
