/* prediction.txt, MIND's submission format: one line an impression, in the order of the behaviors file.
 *
 *   IMPRESSION_ID [r1,r2,…]
 *
 * r_i is candidate i's rank, 1 best: the ranks are a permutation of 1 … number of candidates. The file is mapped and
 * read a line at a time. */
#ifndef COVERLINE_EVAL_PREDICTIONS_H
#define COVERLINE_EVAL_PREDICTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/behaviors.h"
#include "common/file.h"
#include "common/status.h"

struct predictions {
	const char *path; /* borrowed */
	struct file_map map;
	size_t offset;   /* of the next line */
	uint64_t line;   /* of the latest line, from 1 */
	uint32_t *order; /* [candidates of the latest line] candidate numbers, best first */
	size_t order_size;
};

/* path must outlive p. */
MUST_CHECK enum status predictions_open(struct predictions *p, const char *path);
/* Accepts a zeroed p. */
void predictions_close(struct predictions *p);
/* Reads the line that belongs to b's latest impression into p->order. ST_MALFORMED names file and line and says what was
 * expected: the impression's id, its number of ranks, each rank once. */
MUST_CHECK enum status predictions_next(struct predictions *p, const struct behaviors *b);
/* After b's last impression: ST_MALFORMED if anything but blank space follows. */
MUST_CHECK enum status predictions_end(const struct predictions *p, uint64_t impressions);

#endif
