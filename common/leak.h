/* Whether what a model is judged on reaches its training: two splits, as behaviors files, held against each other.
 *
 * Splits by time, as MIND's are, share no impression, and none of training's is as late as the first of the others. Readers
 * may be in both: their histories are what is known of them. */
#ifndef COVERLINE_COMMON_LEAK_H
#define COVERLINE_COMMON_LEAK_H

#include <stdint.h>

#include "common/catalog.h"
#include "common/status.h"

struct leak {
	int64_t impressions; /* of the earlier split */
	int64_t late;        /* of them, not before the first of the later split */
	/* Of the later split: with reader, time and candidates of one of the earlier. Of very large splits that overlap in
	 * time, counted over a sample by hash. */
	int64_t shared;
};

/* Parses the later split whole. Of the earlier one only times are read, unless they overlap: then it is parsed too, and the later
 * one perhaps once more. Memory is 64 MiB at most. ST_MALFORMED names file and line. */
MUST_CHECK enum status leak_find(struct leak *l, const char *earlier, const char *later, const struct catalog *news);
/* Warns, with the counts, if there is a leak; earlier and later name the splits. */
void leak_tell(const struct leak *l, const char *earlier, const char *later);

#endif
