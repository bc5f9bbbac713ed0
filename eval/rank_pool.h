/* AUC over the candidates of many impressions at once, each scored 1 / rank as MIND's scorer does:
 *
 *   pooled    one AUC over the candidates of all impressions (what some libraries call AUC)
 *   per user  the mean over users of the AUC over all of a user's candidates (GMMF eq. 18)
 *
 * Equal ranks of different impressions are ties and count one half. The ranks of an impression are 1 … its number of
 * candidates, so that number and the clicked ranks say everything: 24 bytes an impression and 4 a click and run are kept. */
#ifndef COVERLINE_EVAL_RANK_POOL_H
#define COVERLINE_EVAL_RANK_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "eval/id_table.h"

/* Zero-initialise before first use. */
struct rank_pool {
	struct id_table users;
	uint32_t *latest; /* [users.count] each user's latest visit + 1 */
	size_t latest_size;
	struct visit *visits; /* [visit_count] */
	size_t visit_count, visit_size;
	uint32_t *ranks; /* [rank_count] the clicked ranks of each visit, run by run */
	size_t rank_count, rank_size;
	uint32_t most_candidates;
};

void rank_pool_release(struct rank_pool *p);
/* Begins an impression of `clicks` clicked among n candidates. Its ranks follow: rank_pool_run for run 0, 1, … */
void rank_pool_add(struct rank_pool *p, const char *user, size_t user_length, size_t n, size_t clicks);
/* order [n]: the candidates, best first, by the next run; labels [n] are 0 or 1. */
void rank_pool_run(struct rank_pool *p, const int8_t *labels, const uint32_t *order, size_t n);

/* pooled_auc is NaN if nothing, or everything, was clicked; so is user_auc if that holds for each user. */
struct pooled {
	double pooled_auc, user_auc;
	uint64_t users;         /* with a clicked and a not-clicked candidate: user_auc is their mean */
	uint64_t users_skipped; /* the others */
};
struct pooled rank_pool_measure(const struct rank_pool *p, size_t run);

#endif
