/* What plugins may call back. */
#ifndef HOST_API_H
#define HOST_API_H

#include "abi.h"

/* The instance that a plugin is given, and calls back with, is its struct instance_config. */
const struct abi_api *api_table(void);

#endif
