/* Text from data, made fit to print: valid UTF-8 without control characters. */
#ifndef COVERLINE_EVAL_TEXT_H
#define COVERLINE_EVAL_TEXT_H

#include <stddef.h>

#include "common/strbuf.h"

/* The length in bytes of the character at s[0 … n-1], n > 0; 0 if it is not valid UTF-8 or is a control character. */
size_t text_character(const char *s, size_t n);
/* Appends s, each byte that is none of a fit character as U+FFFD. */
void text_add_clean(struct strbuf *out, const char *s, size_t n);
/* Characters, for aligning columns. */
size_t text_width(const char *s);

/* What runs are called by default: the folder of FOLDER/prediction.txt (RUN/seed-N for such a one), otherwise the
 * file's own name; the whole path where two would be called alike. names [count] are for the caller to free. */
void text_run_names(const char *const *paths, size_t count, char **names);

#endif
