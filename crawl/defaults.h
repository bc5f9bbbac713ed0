/* Section-wide default pictures: a site that has no picture for a story shows the same one with many. A picture (the
 * same bytes) that is the choice for news with at least so many different titles is nobody's cover: each of these news
 * goes on to its next candidate.
 *
 * The outcome does not depend on the order of the crawl, nor on where it was killed. A news reaches its candidate k if those before
 * failed or are defaults; a picture is a default if the news that reach it have enough titles. So the more defaults, the more is
 * reached, and the more defaults there are: there is one least set that is closed under both, and it is what comes out whether a
 * default is found early or late, as long as it is never forgotten and every news is brought up to date in the end. For the first,
 * everything reached is a row of the ledger's candidates, in the same commit as the news; for the second, a crawl ends by visiting
 * the news again whose cover has become a default, until there are none (settle in cmd_crawl.c). */
#ifndef COVERLINE_CRAWL_DEFAULTS_H
#define COVERLINE_CRAWL_DEFAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/status.h"
#include "crawl/ledger.h"

struct defaults;

/* What the ledger knows of pictures reached. threshold: titles that make a default; 0: nothing ever is one. */
MUST_CHECK enum status defaults_open(struct defaults **d, int threshold, const struct catalog *news,
                                     struct ledger *ledger);
void defaults_close(struct defaults *d); /* accepts NULL */
/* The news reaches the picture: true if it is a default now. */
bool defaults_add(struct defaults *d, const char *sha256, const struct news *news);
/* The rows whose cover is a default, for the caller to free, in the catalogue's order. */
MUST_CHECK enum status defaults_rows(struct defaults *d, const struct catalog *news, struct ledger *ledger,
                                     uint32_t **rows, uint32_t *count);

#endif
