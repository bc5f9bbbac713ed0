/* The crawl: each news' page, its cover, the image file, the ledger's row. */
#ifndef COVERLINE_CRAWL_CRAWLER_H
#define COVERLINE_CRAWL_CRAWLER_H

#include <stdint.h>

#include "common/catalog.h"
#include "common/image.h"
#include "common/status.h"
#include "crawl/fetcher.h"
#include "crawl/ledger.h"

#define COVER_SIDE_MIN_PX 64 /* a picture with a shorter side is no cover */

struct crawl_options {
	const char *data;
	int width, height; /* of images/ID.jpg, px */
	enum image_fit fit;
	int quality;
	int jobs;   /* threads that read pages and decode pictures */
	int window; /* news under way at a time */
	struct fetcher_options fetch;
};

/* Crawls the given rows of the catalogue, in order. Every finished news is in the ledger; *requests gets the number of HTTP
 * requests made. ST_INTERRUPTED after a signal, with what is finished kept. */
MUST_CHECK enum status crawl_run(const struct crawl_options *options, const struct catalog *news, const uint32_t *rows,
                                 uint32_t row_count, struct ledger *ledger, uint64_t *requests);

/* "DATA/images/ID.jpg"; the caller frees. */
char *crawl_image_path(const char *data, const char *id);

#endif
