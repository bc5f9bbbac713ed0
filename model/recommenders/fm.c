/* FM, as libFM has it: each feature has a weight and a vector, and every two features meet as the product of theirs.
 * (Rendle: Factorization Machines, ICDM 2010; Factorization Machines with libFM, TIST 2012)
 *
 * Equation and solvers: sparse_sgd.h. libFM's MCMC, which averages over draws instead of learning parameters, is not there. */
#include <string.h>

#include "common/arena.h"
#include "model/recommenders/machine.h"
#include "model/train/sparse_fields.h"

static struct recommender *fm_open(void)
{
	struct machine *m = xcalloc(1, sizeof *m);
	const struct config_key keys[] = {
		{"fm.solver", CONFIG_CHOICE, &m->solver, "sgd", "sgd|adam|als", 0, 0,
	     "sgd: sample by sample over mapped samples; adam: steps over batches, as other models; als: alternating least "
	     "squares to 1 for clicks and -1 for the others."},
		{"fm.samples", CONFIG_CHOICE, &m->shown, "drawn", SPARSE_SHOWN_NAMES, 0, 0,
	     "What sgd and als learn from. drawn: each click with train.negatives, drawn once; all: all candidates shown."},
		{"fm.factors", CONFIG_INT, &m->factors, "16", NULL, 1, SPARSE_FACTORS_MAX, "Width of a feature's vector."},
		{"fm.deviation", CONFIG_REAL, &m->deviation, "0.1", NULL, 0, 10,
	     "Of the vectors at first (libFM's init_stdev); weights are 0."},
		{"fm.l2_weight", CONFIG_REAL, &m->l2_weight, "0", NULL, 0, 1e6,
	     "Penalty of the weights: of sgd at each sample that has the feature, of als once; adam has "
	     "train.weight_decay."},
		{"fm.l2_factor", CONFIG_REAL, &m->l2_factor, "0.0001", NULL, 0, 1e6, "The same of the vectors."},
		{0},
	};
	m->groups = SPARSE_PLAIN;
	memcpy(m->keys, keys, sizeof keys);
	return &m->base;
}

extern const struct recommender_type fm_type;
const struct recommender_type fm_type = {
	.name = "fm",
	.paper = "Rendle, Factorization Machines with libFM, TIST 2012",
	.tiny = "sparse.buckets=4096 fm.solver=adam fm.factors=8",
	.open = fm_open,
	MACHINE_FUNCTIONS,
};
