/* Configurations: ini files whose every key is declared, documented and checked.
 *
 *   [section]
 *   key = value        ; comment
 *
 * A stage declares its keys in a table (the one place that knows name, type, default, range and meaning).
 * Unknown sections and keys are errors that name file and line. --set section.key=value overrides. */
#ifndef COVERLINE_COMMON_CONFIG_H
#define COVERLINE_COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "common/strbuf.h"

enum config_kind { CONFIG_BOOL, CONFIG_INT, CONFIG_REAL, CONFIG_STRING, CONFIG_CHOICE };

/* One key. value points at bool, int64_t, double, char * (owned by the struct that holds it; freed by
 * config_release) or int (index into choices). */
struct config_key {
	const char *name; /* "section.key"; NULL ends a table */
	enum config_kind kind;
	void *value;
	const char *preset;  /* the default, as it would stand in the file */
	const char *choices; /* CHOICE: "adam|adamw" */
	double min, max;     /* INT, REAL; both 0: any */
	const char *help;
};

/* Fills every value with its default. */
void config_init(const struct config_key *keys);
/* Reads an ini file over the present values. ST_MALFORMED with file and line. */
MUST_CHECK enum status config_read(const struct config_key *keys, const char *path);
/* One "section.key=value". ST_USAGE. */
MUST_CHECK enum status config_set(const struct config_key *keys, const char *assignment);
/* The whole effective configuration as an ini file, each key under its help as a comment. */
void config_write(const struct config_key *keys, struct strbuf *out);
/* Frees the strings. */
void config_release(const struct config_key *keys);

#endif
