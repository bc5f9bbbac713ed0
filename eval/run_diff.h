/* What two runs differ in: their settings, the data that they stand on, and what they came to. */
#ifndef COVERLINE_EVAL_RUN_DIFF_H
#define COVERLINE_EVAL_RUN_DIFF_H

#include "common/status.h"
#include "common/strbuf.h"

struct run_diff_options {
	const char *a, *b;     /* RUN folders */
	const char *data;      /* DATA of both; NULL: each run's, found above it */
	const char *behaviors; /* what both prediction.txt belong to; NULL: data.dev of the first run, in DATA */
};

/* Appends three parts of lines: "config" (SECTION.KEY, a's value, b's), "data" (what is digested or counted), "results"
 * (metrics, difference, 95 % interval and p, paired by impression), each tab-separated and headed; "the same" where
 * nothing differs. */
MUST_CHECK enum status run_diff(const struct run_diff_options *o, struct strbuf *out);

#endif
