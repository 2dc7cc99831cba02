/* The scalars of YAML, from the text behind a key or a dash. */
#ifndef HOST_YAML_SCALAR_H
#define HOST_YAML_SCALAR_H

#include "yaml.h"

/*
 * The value of a quoted or plain scalar that ends on its line, comment cut off; NULL with *error saying why not. The
 * caller frees it.
 */
char *yaml_scalar(const char *text, const char **error);

/*
 * Reads a map's key up to and with its colon; *rest is what follows. NULL with *error NULL when the text is no key,
 * NULL with *error set when it is a broken one. The caller frees it.
 */
char *yaml_key(const char *text, const char **rest, const char **error);

#endif
