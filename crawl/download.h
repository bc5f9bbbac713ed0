/* One large published file: mirrors in turn, resumed, verified, in place only when whole. */
#ifndef COVERLINE_CRAWL_DOWNLOAD_H
#define COVERLINE_CRAWL_DOWNLOAD_H

#include <stdint.h>

#include "common/status.h"

#define DOWNLOAD_SIZE_UNKNOWN (-1)

/* Strings are borrowed. */
struct download {
	const char *name;
	const char *path;   /* where it goes; PATH.part while it is under way */
	const char *urls;   /* mirrors, spaces between, tried in order */
	int64_t size;       /* bytes, or DOWNLOAD_SIZE_UNKNOWN */
	const char *sha256; /* hex, or its first digits; "" if unknown */
};

/* ST_OK if path is there and is what it should be, without any network. ST_INTEGRITY says how it differs; path is not
 * touched. */
MUST_CHECK enum status download_check(const struct download *d, const char *path);

/* Fetches to d->path. A PATH.part that an earlier run left is gone on with; if the whole does not verify, it is fetched once
 * more from the start. ST_NETWORK if no mirror gives it, ST_INTEGRITY if all give something else. */
MUST_CHECK enum status download_run(const struct download *d);

#endif
