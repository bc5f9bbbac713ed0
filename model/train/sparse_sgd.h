/* Factorisation machines over mapped samples, without a tape.       (Rendle, Factorization Machines, ICDM 2010)
 *
 *     y(x) = w0 + sum_i w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j
 *          = w0 + sum_i w_i x_i + 1/2 sum_f (S_f^2 - sum_i v_if^2 x_i^2),   S_f = sum_i v_if x_i       (eq. 1, lemma 3.1)
 *
 * Without factors it is a linear model. */
#ifndef COVERLINE_MODEL_TRAIN_SPARSE_SGD_H
#define COVERLINE_MODEL_TRAIN_SPARSE_SGD_H

#include "common/status.h"
#include "model/tensor/tensor.h"
#include "model/train/sparse_samples.h"

enum { SPARSE_FACTORS_MAX = 256 };

struct sparse_machine {
	real *w0; /* [1] */
	real *w;  /* [buckets] */
	real *v;  /* [buckets, factors]; NULL without factors */
	int64_t factors;
	double l2_weight, l2_factor;
};

/* One sample after another, in an order drawn from (seed, epoch): theta -= rate (g dy/dtheta + l2 theta), g the gradient of the
 * logistic loss by y, of w0 and of the rows of what the sample has. *loss is the mean over samples before they are learnt from.
 *                                                                    (Rendle 2010, eq. 4; Rendle 2012, algorithm 1) */
MUST_CHECK enum status sparse_sgd_epoch(const struct sparse_machine *m, const struct sparse_samples *s, uint64_t seed,
                                        int64_t epoch, double rate, double *loss);

/* Of one sample. */
real sparse_machine_score(const struct sparse_machine *m, const struct sparse_samples *s, uint64_t sample);

/* One sweep of alternating least squares over all parameters: each in turn is set to what makes the sum of
 * (t - y)^2 + l2 theta^2 the least, t = 1 for clicks and -1 for the others. Residuals and sums are kept in c and computed
 * anew at the start. *loss is the mean of squares at the start.
 *     (Rendle, Gantner, Freudenthaler, Schmidt-Thieme, Fast Context-aware Recommendations with Factorization Machines,
 *      SIGIR 2011, section 4; Rendle 2012, algorithm 2) */
MUST_CHECK enum status sparse_als_sweep(const struct sparse_machine *m, const struct sparse_samples *s,
                                        struct sparse_columns *c, double *loss);

#endif
