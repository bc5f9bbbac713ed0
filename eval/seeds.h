/* Runs that were repeated over seeds: the prediction files RUN/seed-N/prediction.txt, which train --repeat leads to.
 *
 * A run's result is its mean over seeds; whether one run is ahead of another is tested over the seeds that both have, in
 * pairs. That covers the luck of a seed, which a test over impressions does not. */
#ifndef COVERLINE_EVAL_SEEDS_H
#define COVERLINE_EVAL_SEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct repeat {
	size_t file; /* the prediction file's number */
	int64_t seed;
};

struct repeated_run {
	char *path, *name;      /* RUN; its last folder, the whole path where two are called alike */
	struct repeat *repeats; /* [count] in the order of the files, each seed once */
	size_t count;
};

struct seeds {
	struct repeated_run *runs; /* [run_count] in the order of their first files, those with one seed too */
	size_t run_count;
};

/* Finds the files that are in a folder seed-N of a run; others, and a seed of a run that came before, are left out.
 * predictions [count]. s is zeroed before. */
void seeds_find(struct seeds *s, const char *const *predictions, size_t count);
void seeds_release(struct seeds *s);

/* With fewer, a test over seeds finds only a lead that is many times its error: no claim is decided. */
enum { SEEDS_DECIDE = 5 };

/* Two files of one seed. */
struct seed_pair {
	size_t file, base;
};
/* The files of run and base for each seed that both have: pairs [runs[run].count]. The number of them. */
size_t seeds_pair(const struct seeds *s, size_t run, size_t base, struct seed_pair *pairs);
/* True if a run has two seeds or more. */
bool seeds_repeated(const struct seeds *s);

#endif
