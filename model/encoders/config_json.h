/* config.json beside a network's weights, as a JSON object. Not for use outside. */
#ifndef COVERLINE_MODEL_ENCODERS_CONFIG_JSON_H
#define COVERLINE_MODEL_ENCODERS_CONFIG_JSON_H

#include <jansson.h>

#include "common/status.h"

/* *root is json_decref's caller's, NULL on failure. ST_MALFORMED if it is not an object, or is above 1 MiB. */
MUST_CHECK enum status config_json_read(const char *path, json_t **root);

#endif
