/* The parameters of a model, by name.
 *
 * Values, gradients and the optimiser's two moments each lie in one block, so that clipping, a step, a checkpoint or an
 * all-reduce is one pass over one array. Names are those of the PyTorch reference's state_dict. */
#ifndef COVERLINE_MODEL_TENSOR_PARAMS_H
#define COVERLINE_MODEL_TENSOR_PARAMS_H

#include "common/h5.h"
#include "common/status.h"
#include "model/tensor/tensor.h"

enum init_kind {
	INIT_ZERO,
	INIT_ONE,
	INIT_XAVIER,  /* uniform +-sqrt(6 / (fan_in + fan_out))        (Glorot & Bengio 2010) */
	INIT_UNIFORM, /* uniform +-scale */
	INIT_NORMAL,  /* mean 0, deviation scale */
};

struct init {
	enum init_kind kind;
	double scale;
};

struct param {
	const char *name;
	struct init init;
	struct touched_rows touched; /* used if tensor.touched points here */
	double follow;               /* 0: it learns; else see params_follow */
	struct tensor tensor;        /* data and grad point into the blocks once sealed */
};

struct params {
	struct param **list; /* [count], in order of registration; each at a fixed address */
	int count;
	int64_t size; /* elements of each block */
	real *value;  /* [size] NULL until sealed */
	real *grad;
	real *moment1; /* Adam's m */
	real *moment2; /* Adam's v */
	struct arena names;
};

/* Registers a parameter; the tensor is filled in by params_seal and stays valid until params_release.
 * ST_USAGE if the name is taken or the store is sealed. */
MUST_CHECK enum status params_add(struct params *ps, const char *name, int ndim, const int64_t *dim, struct init init,
                                  struct tensor **out);
/* Before sealing: a parameter [rows, d] keeps the list of the rows that gradients have touched since params_zero_grad. Who
 * changes its gradient without a tape (an all-reduce) sets touched->all. */
void params_track_rows(struct params *ps, struct tensor *x);
/* Before sealing: x does not learn. What ops put in place of its gradient is what it follows, for each tape of a step that tape's
 * share (tape.share), and a step does x += rate (gradient - x), as the running statistics of batch normalisation do. */
void params_follow(struct params *ps, struct tensor *x, double rate);
/* Allocates the blocks and draws the initial values: a parameter's values depend on seed and its name only. */
void params_seal(struct params *ps, uint64_t seed);
/* The same with values alone, all 0 until somebody fills them in, and no gradients: tensors that ops leave alone on the
 * way back. Not for adam_step. */
void params_seal_frozen(struct params *ps);
struct param *params_find(struct params *ps, const char *name); /* NULL if there is none */
/* Of a table that keeps the list, only the rows touched are written. */
void params_zero_grad(struct params *ps);
void params_release(struct params *ps); /* accepts a zeroed store */

/* "/parameters/NAME" for each; with moments also "/adam/m/NAME" and "/adam/v/NAME". */
MUST_CHECK enum status params_write(const struct params *ps, struct h5_file *f, bool moments);
/* Shape mismatches and missing names are listed all at once (ST_MALFORMED). */
MUST_CHECK enum status params_read(struct params *ps, struct h5_file *f, bool moments);

/* Which rows of the tables that keep a list of touched rows a step works on. */
enum adam_rows {
	ADAM_ALL_ROWS,     /* as torch.optim.Adam: moments fade, and values move on, in every row at every step */
	ADAM_TOUCHED_ROWS, /* as torch.optim.SparseAdam: a row that the step did not touch stays as it is, moments and all */
};

/* Adam (Kingma & Ba 2015), bias-corrected as torch.optim.Adam; weight_decay > 0 is decoupled (AdamW). */
struct adam {
	double learning_rate, beta1, beta2, epsilon, weight_decay;
	int64_t step; /* steps taken */
	enum adam_rows rows;
	const uint8_t *skip; /* [params] 1: the parameter stays as it is, moments and all; NULL: none */
};
void adam_step(struct adam *o, struct params *ps);
/* Scales the gradients (of parameters that learn) so that their norm is at most max_norm; returns the norm found. */
double params_clip_grad(struct params *ps, double max_norm);

#endif
