/* A report: one HTML page about runs and the data that they stand on, which needs nothing beside itself. */
#ifndef COVERLINE_EVAL_REPORT_H
#define COVERLINE_EVAL_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

struct report_options {
	const char *out;         /* folder; index.html is made in it */
	const char *data;        /* DATA; NULL: found above the first run */
	const char *behaviors;   /* what RUN/prediction.txt belongs to; NULL: DATA and the run's data.dev */
	const char *const *runs; /* [run_count] folders, may be none if data is given */
	size_t run_count;
	int64_t cards;         /* on the contact sheet */
	uint64_t seed;         /* that chooses them */
	const char *arguments; /* the command line, for the page's foot */
};

/* Makes out/index.html; the same inputs give the same bytes. ST_USAGE if there is nothing to report on, ST_MALFORMED for an
 * input that is not what it should be. What is absent is said on the page. Between image_start and image_stop. */
MUST_CHECK enum status report_write(const struct report_options *o);

#endif
