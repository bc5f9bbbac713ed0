/* What is claimed of runs that are repeated over seeds, and whether it holds:
 *     A > B    A's AUC is ahead of B's, with p < 0.01
 *     A <= B   A's AUC is not ahead of B's: the control that must not do better
 * A and B are runs' names. Differences are paired by seed, p is Student's. Whatever makes a claim harder is done: p of A > B is
 * enlarged by Holm's correction for the number of such claims, that of A <= B is not.
 *
 * Five seeds decide. With fewer nothing is said to hold or to fail: two show a lead only where it is some sixty times its
 * standard error, and that a control has none they cannot show at all. */
#ifndef COVERLINE_EVAL_CLAIMS_H
#define COVERLINE_EVAL_CLAIMS_H

#include <jansson.h>

#include "common/status.h"
#include "common/strbuf.h"
#include "eval/evaluation.h"

enum verdict { VERDICT_OPEN, VERDICT_HOLDS, VERDICT_FAILS };

struct claim {
	const char *text; /* borrowed */
	bool ahead;       /* A > B; else A <= B */
	size_t run, base; /* numbers of e->seeds' runs */
	uint64_t pairs;   /* seeds that both have */
	struct comparison over_seeds;
	double p;                /* what decides */
	struct comparison least; /* over impressions, of the seed whose difference is the smallest; NaNs without a pair */
	enum verdict verdict;
};

struct claims {
	struct claim *items;
	size_t count;
};

/* Reads and judges texts [count], borrowed. ST_USAGE names the claim that is none, or whose run is not there. c is zeroed
 * before, and released by the caller even after a failure. */
MUST_CHECK enum status claims_judge(struct claims *c, const struct evaluation *e, const char *const *texts,
                                    size_t count);
void claims_release(struct claims *c);
/* ST_FAILED names those that do not hold; open ones are no failure. */
MUST_CHECK enum status claims_check(const struct claims *c);

/* A line a claim; nothing without claims. */
void claims_table(const struct claims *c, struct strbuf *out);
/* Appends an object a claim: claim, pairs, delta_auc, delta_auc_low, delta_auc_high, p, holds (null: too few seeds). */
void claims_json(const struct claims *c, json_t *array);

#endif
