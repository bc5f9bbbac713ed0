#include "eval/metrics.h"

#include <stdlib.h>

#include "common/arena.h"
#include "common/status.h"

enum { DEPTH = 10, SHORT_DEPTH = 5 };

/* 1 / log2(position + 1) for positions 1 … 10. */
static const double DISCOUNT[DEPTH] = {
	1.0,
	0.63092975357145743710,
	0.5,
	0.43067655807339305067,
	0.38685280723454158687,
	0.35620718710802217651,
	1.0 / 3.0,
	0.31546487678572871855,
	0.30102999566398119521,
	0.28906482631788785927,
};

struct scored_candidate {
	double score;
	uint32_t index;
};

const char *metric_key(enum metric m)
{
	static const char *const keys[METRIC_COUNT] = {"auc", "mrr", "ndcg5", "ndcg10"};
	return keys[m];
}

const char *metric_label(enum metric m)
{
	static const char *const labels[METRIC_COUNT] = {"AUC", "MRR", "nDCG@5", "nDCG@10"};
	return labels[m];
}

enum impression_kind impression_kind(const int8_t *labels, size_t n)
{
	size_t clicked = 0;
	for (size_t i = 0; i < n; i++) {
		if (labels[i] < 0)
			return IMPRESSION_UNLABELLED;
		clicked += labels[i] > 0;
	}
	if (clicked == 0)
		return IMPRESSION_NO_CLICK;
	return clicked == n ? IMPRESSION_ONLY_CLICKS : IMPRESSION_SCORED;
}

static double ideal_gain(size_t clicked, size_t depth)
{
	double sum = 0;
	for (size_t i = 0; i < clicked && i < depth; i++)
		sum += DISCOUNT[i];
	return sum;
}

/* MRR and nDCG, which depend on the order alone. Returns the number of clicks. */
static size_t order_metrics(const int8_t *labels, const uint32_t *order, size_t n, double out[METRIC_COUNT])
{
	size_t clicked = 0;
	double reciprocal = 0, gain5 = 0, gain10 = 0;
	for (size_t i = 0; i < n; i++) {
		if (labels[order[i]] == 0)
			continue;
		clicked++;
		reciprocal += 1.0 / (double)(i + 1);
		if (i < SHORT_DEPTH)
			gain5 += DISCOUNT[i];
		if (i < DEPTH)
			gain10 += DISCOUNT[i];
	}
	if (clicked == 0 || clicked == n)
		BUG("an impression with %zu clicks among %zu", clicked, n);
	out[METRIC_MRR] = reciprocal / (double)clicked;
	out[METRIC_NDCG5] = gain5 / ideal_gain(clicked, SHORT_DEPTH);
	out[METRIC_NDCG10] = gain10 / ideal_gain(clicked, DEPTH);
	return clicked;
}

void metrics_of_order(const int8_t *labels, const uint32_t *order, size_t n, double out[METRIC_COUNT])
{
	const size_t clicked = order_metrics(labels, order, n, out);
	uint64_t above = 0, pairs_lost = 0;
	for (size_t i = 0; i < n; i++) {
		if (labels[order[i]] == 0)
			above++;
		else
			pairs_lost += above;
	}
	const uint64_t pairs = (uint64_t)clicked * (n - clicked);
	out[METRIC_AUC] = (double)(pairs - pairs_lost) / (double)pairs;
}

static int best_first(const void *pa, const void *pb)
{
	const struct scored_candidate *a = pa, *b = pb;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->index > b->index ? -1 : 1;
}

/* c is sorted; groups of equal scores share their pairs half and half. */
static double auc_with_ties(const int8_t *labels, const struct scored_candidate *c, size_t n)
{
	uint64_t above = 0, clicked = 0, half_pairs_lost = 0;
	for (size_t i = 0; i < n;) {
		uint64_t group_clicked = 0, group_other = 0;
		const double score = c[i].score;
		for (; i < n && c[i].score == score; i++) {
			if (labels[c[i].index])
				group_clicked++;
			else
				group_other++;
		}
		half_pairs_lost += group_clicked * (2 * above + group_other);
		above += group_other;
		clicked += group_clicked;
	}
	const uint64_t half_pairs = 2 * clicked * above;
	return (double)(half_pairs - half_pairs_lost) / (double)half_pairs;
}

void metrics_of_scores(struct metrics_scratch *s, const int8_t *labels, const double *scores, size_t n,
                       double out[METRIC_COUNT])
{
	if (n > s->size) {
		s->candidates = xrealloc(s->candidates, n, sizeof *s->candidates);
		s->order = xrealloc(s->order, n, sizeof *s->order);
		s->size = n;
	}
	for (size_t i = 0; i < n; i++)
		s->candidates[i] = (struct scored_candidate){scores[i], (uint32_t)i};
	qsort(s->candidates, n, sizeof *s->candidates, best_first);
	for (size_t i = 0; i < n; i++)
		s->order[i] = s->candidates[i].index;
	order_metrics(labels, s->order, n, out);
	out[METRIC_AUC] = auc_with_ties(labels, s->candidates, n);
}

void metrics_scratch_release(struct metrics_scratch *s)
{
	free(s->candidates);
	free(s->order);
	*s = (struct metrics_scratch){0};
}
