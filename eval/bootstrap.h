/* Bootstrap intervals of the mean metrics and of their paired differences, over impressions and over users.
 *
 * A replicate weighs each impression (or all the impressions of a user) by a Poisson(1) number, the streaming form of
 * drawing with replacement (Oza and Russell 2001). Runs share the weights, so that differences are paired. A weight is a
 * function of seed, impression number or user id, and replicate: results do not depend on the number of threads, and
 * memory not on the number of impressions. */
#ifndef COVERLINE_EVAL_BOOTSTRAP_H
#define COVERLINE_EVAL_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "eval/metrics.h"

#define BOOTSTRAP_REPLICATES_MAX 100000

enum resampling { RESAMPLE_IMPRESSIONS, RESAMPLE_USERS, RESAMPLINGS };

struct bootstrap {
	/* Set by the caller, the rest zeroed. */
	uint32_t replicates; /* 1 … BOOTSTRAP_REPLICATES_MAX */
	uint64_t seed;
	int workers;

	size_t run_count;
	uint32_t width;              /* replicates rounded up to whole chunks */
	double *sum[RESAMPLINGS];    /* [run_count, METRIC_COUNT, width] */
	double *weight[RESAMPLINGS]; /* [width] */
	uint64_t *unit[RESAMPLINGS]; /* [batch] stream of the impression, of its user */
	double *values;              /* [batch, run_count * METRIC_COUNT] */
	size_t filled;
	uint64_t added;
};

void bootstrap_release(struct bootstrap *b);
/* Adds an impression; values [run_count] are its metrics, run_count the same at each call. ST_INTERRUPTED. */
MUST_CHECK enum status bootstrap_add(struct bootstrap *b, const char *user, size_t user_length,
                                     double (*values)[METRIC_COUNT], size_t run_count);
/* After the last. */
MUST_CHECK enum status bootstrap_finish(struct bootstrap *b);

/* The 2.5 % and 97.5 % points of the replicates' means, and the two-sided p of 0: twice the smaller share on either side of
 * it, with the sample itself counted once. NaN where no replicate has an impression. */
struct bootstrap_interval {
	double low, high, p;
};
struct bootstrap_interval bootstrap_mean(const struct bootstrap *b, enum resampling by, size_t run, enum metric m);
/* Of run minus base. */
struct bootstrap_interval bootstrap_difference(const struct bootstrap *b, enum resampling by, size_t run, size_t base,
                                               enum metric m);

#endif
