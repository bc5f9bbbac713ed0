/* The srcset attribute. */
#ifndef COVERLINE_CRAWL_SRCSET_H
#define COVERLINE_CRAWL_SRCSET_H

#include <stdbool.h>

/* The widest ("640w"), else the densest ("2x"), else the first entry. *url is for the caller to free; *width is 0 unless a
 * width is given. False if there is no entry. */
bool srcset_best(const char *text, char **url, int *width);

#endif
