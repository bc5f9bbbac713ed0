/* Python literals, as `print(x)` leaves dicts, lists, tuples, strings, numbers, True, False and None in a file: what the lines
 * of Amazon's meta_*.json are, which are no JSON. Nothing is evaluated.
 *
 *   value   dict {"key": value, …} with strings as keys | list [value, …] | tuple (value, …) | string | number |
 *           True False None
 *   string  '…' or "…", before it u or nothing; the escapes of Python's own; bytes in it are UTF-8
 *
 * Dicts become objects (of equal keys the last counts, as in Python), lists and tuples arrays, None null, a whole number beyond
 * 64 bits a real one. \x80 … \xff are code points; but where the string has no u and a run of them is valid UTF-8, it is taken
 * as that, which is what Python 2 wrote. Half of a surrogate pair becomes U+FFFD. */
#ifndef COVERLINE_CRAWL_PYTHON_LITERAL_H
#define COVERLINE_CRAWL_PYTHON_LITERAL_H

#include <stddef.h>

#include <jansson.h>

#include "common/status.h"

#define PYTHON_DEPTH_MAX 32 /* values within values */

/* One literal with nothing but blanks around it. ST_MALFORMED says at which byte (from 1) what was expected, without a file's
 * name; *value is the caller's to json_decref, NULL after a failure. */
MUST_CHECK enum status python_literal_parse(const char *text, size_t n, json_t **value);

#endif
