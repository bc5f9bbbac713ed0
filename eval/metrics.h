/* What MIND's official scorer computes for one impression.
 *
 *   auc    share of (clicked, not clicked) pairs in which the clicked candidate scores higher; a tie counts one half
 *   mrr    mean over all clicked candidates of 1 / position
 *   ndcgK  sum over the first K positions of (2^label - 1) / log2(position + 1), over the same of the ideal order
 *
 * Positions count from 1, by descending score; of equal scores the later candidate comes first, as numpy's
 * argsort()[::-1] has it. All four are undefined where nothing, or everything, was clicked. */
#ifndef COVERLINE_EVAL_METRICS_H
#define COVERLINE_EVAL_METRICS_H

#include <stddef.h>
#include <stdint.h>

enum metric { METRIC_AUC, METRIC_MRR, METRIC_NDCG5, METRIC_NDCG10, METRIC_COUNT };

/* "auc", "mrr", "ndcg5", "ndcg10": the keys of evaluate --json. */
const char *metric_key(enum metric m);
/* "AUC", "MRR", "nDCG@5", "nDCG@10". */
const char *metric_label(enum metric m);

/* Why an impression has no metrics; IMPRESSION_SCORED: it has. */
enum impression_kind {
	IMPRESSION_SCORED,
	IMPRESSION_NO_CLICK, /* also one without candidates */
	IMPRESSION_ONLY_CLICKS,
	IMPRESSION_UNLABELLED, /* a test split's bare ids */
	IMPRESSION_KINDS
};

/* labels [n] are 1 clicked, 0 not, below 0 unknown. */
enum impression_kind impression_kind(const int8_t *labels, size_t n);

/* order [n]: candidates, best first. The impression must be IMPRESSION_SCORED. */
void metrics_of_order(const int8_t *labels, const uint32_t *order, size_t n, double out[METRIC_COUNT]);

/* Memory for sorting, kept from one impression to the next. Zero-initialise before first use. */
struct metrics_scratch {
	struct scored_candidate *candidates;
	uint32_t *order;
	size_t size;
};
void metrics_scratch_release(struct metrics_scratch *s);

/* scores [n], finite, any ties. The impression must be IMPRESSION_SCORED. */
void metrics_of_scores(struct metrics_scratch *s, const int8_t *labels, const double *scores, size_t n,
                       double out[METRIC_COUNT]);

#endif
