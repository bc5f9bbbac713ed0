/* Any number of prediction files against one behaviors file, all read in step in one pass. */
#ifndef COVERLINE_EVAL_EVALUATION_H
#define COVERLINE_EVAL_EVALUATION_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "eval/bootstrap.h"
#include "eval/calibration.h"
#include "eval/compare.h"
#include "eval/groups.h"
#include "eval/lists.h"
#include "eval/metrics.h"
#include "eval/rank_pool.h"
#include "eval/seeds.h"

/* What one run comes to. */
struct run_sums {
	double sum[METRIC_COUNT];       /* over scored impressions */
	double first_hit;               /* sum of 1 / position of the best-placed click, over the same */
	struct pooled pooled;           /* over all labelled impressions, also those that are not scored */
	struct calibration calibration; /* the same; empty without scores */
};

struct evaluation {
	/* What the caller may set before evaluation_run; borrowed. */
	const struct catalog *news;   /* candidates must then be in it */
	struct groups *groups;        /* filled in the same pass; those of news need the catalogue they were opened with */
	struct lists *lists;          /* filled in the same pass; needs the catalogue it was opened with */
	struct bootstrap *bootstrap;  /* filled from the scored impressions */
	const char *const *scores;    /* [count] the score files of the predictions, or NULL */
	enum probability probability; /* what the scores are taken as */

	size_t run_count;
	uint64_t lines;                       /* impressions in the behaviors file */
	uint64_t kinds[IMPRESSION_KINDS];     /* of them, by kind; only IMPRESSION_SCORED ones enter the means */
	struct run_sums *runs;                /* [run_count] */
	struct seeds seeds;                   /* which of the files are one run's repeats */
	struct paired (*pairs)[METRIC_COUNT]; /* [run_count * (run_count - 1) / 2], see evaluation_compare */
};

/* Reads the files to their ends. predictions [count], count > 0. ST_MALFORMED names file and line, also when no
 * impression has both a clicked and a not-clicked candidate. e is zeroed before but for what the caller may set, and
 * released by the caller even after a failure. */
MUST_CHECK enum status evaluation_run(struct evaluation *e, const char *behaviors, const char *const *predictions,
                                      size_t count);
void evaluation_release(struct evaluation *e);

/* The plain mean over scored impressions. */
double evaluation_mean(const struct evaluation *e, size_t run, enum metric m);
/* The mean of 1 / position of the best-placed click, what many libraries call MRR. */
double evaluation_first_hit(const struct evaluation *e, size_t run);
/* Scored impressions, and all the others. */
uint64_t evaluation_impressions(const struct evaluation *e);
uint64_t evaluation_skipped(const struct evaluation *e);
/* run minus base, paired by impression; run and base differ. */
struct comparison evaluation_compare(const struct evaluation *e, size_t run, size_t base, enum metric m);
/* The run that is ahead of every other in m beyond the 95 % interval of the paired difference, or -1 if none is, or
 * there is one run only, or runs are repeated over seeds: then evaluation_seeds_leader says. */
int evaluation_leader(const struct evaluation *e, enum metric m);

/* A repeated run over its seeds; the deviation is NaN for one seed. */
struct seed_summary {
	double mean, deviation;
};
struct seed_summary evaluation_over_seeds(const struct evaluation *e, size_t repeated_run, enum metric m);
/* repeated_run minus base, paired by seed; *pairs is the number of seeds that both have. */
struct comparison evaluation_compare_seeds(const struct evaluation *e, size_t repeated_run, size_t base, enum metric m,
                                           uint64_t *pairs);
/* The repeated run that is ahead of every other in m beyond the 95 % interval of the difference paired by seed, or -1. */
int evaluation_seeds_leader(const struct evaluation *e, enum metric m);

#endif
