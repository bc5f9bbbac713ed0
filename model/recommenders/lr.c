/* LR: a weight for each feature, and for what the reader is or clicked together with what the candidate is.
 *
 *     p = 1 / (1 + exp(-(w0 + sum_i w_i x_i)))
 *
 * Alone, features of the reader add the same to all candidates; so the crosses of sparse_fields.c are read too, as in
 * the wide part of Wide&Deep (Cheng et al., DLRS 2016). Solver: sparse_sgd.h without factors. */
#include <string.h>

#include "common/arena.h"
#include "model/recommenders/machine.h"
#include "model/train/sparse_fields.h"

static struct recommender *lr_open(void)
{
	struct machine *m = xcalloc(1, sizeof *m);
	const struct config_key keys[] = {
		{"lr.solver", CONFIG_CHOICE, &m->solver, "sgd", "sgd|adam", 0, 0,
	     "sgd: sample by sample over mapped samples; adam: steps over batches, as other models."},
		{"lr.samples", CONFIG_CHOICE, &m->shown, "drawn", SPARSE_SHOWN_NAMES, 0, 0,
	     "What sgd learns from. drawn: each click with train.negatives, drawn once; all: all candidates shown."},
		{"lr.deviation", CONFIG_REAL, &m->deviation, "0", NULL, 0, 10, "Of the weights at first."},
		{"lr.l2_weight", CONFIG_REAL, &m->l2_weight, "0.000001", NULL, 0, 1e6,
	     "Penalty of a weight at each sample that has the feature; adam has train.weight_decay."},
		{0},
	};
	m->groups = SPARSE_PLAIN | SPARSE_CROSSES;
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

extern const struct recommender_type lr_type;
const struct recommender_type lr_type = {
	.name = "lr",
	.paper = "Logistic regression, with the crosses of Cheng et al., Wide & Deep Learning, DLRS 2016",
	.tiny = "sparse.buckets=4096 lr.solver=adam lr.deviation=0.1",
	.open = lr_open,
	MACHINE_FUNCTIONS,
};
