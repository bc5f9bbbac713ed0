/* Tensors and the tape that remembers how they were made.
 *
 * Eager: an op computes its result at once and, on a recording tape, leaves a node that knows how to send the
 * gradient back. Everything that a batch makes lives in the tape's arena and is gone at tape_reset. The library is
 * compiled twice: `real` is float for use and double for gradient checks. */
#ifndef COVERLINE_MODEL_TENSOR_TENSOR_H
#define COVERLINE_MODEL_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/status.h"

#ifdef COVERLINE_DOUBLE
typedef double real;
#define H5_REAL H5_F64
#else
typedef float real;
#define H5_REAL H5_F32
#endif

#define TENSOR_DIMS 5

/* Rows of a table's gradient that may differ from 0, so that zeroing it, clipping and a step need look at no others. Lookups
 * list theirs; whatever else adds to the gradient sets all. */
struct touched_rows {
	int32_t *row; /* [count], each once, in order of their first touch */
	int32_t count;
	bool all;      /* any row */
	uint8_t *seen; /* [rows]: whether it is listed */
};

/* Row-major, densely packed. A dimension may be 0. */
struct tensor {
	int ndim;
	int64_t dim[TENSOR_DIMS];
	real *data;
	real *grad; /* same shape, zeroed when made; NULL: no gradient is wanted */
	/* Of a parameter [rows, d] that keeps the list (params_track_rows); else NULL. */
	struct touched_rows *touched;
};

/* Lists count rows that are not listed yet; each is in range. */
void touched_rows_add(struct touched_rows *r, const int32_t *row, int64_t count);
/* Empties the list. */
void touched_rows_clear(struct touched_rows *r);

int64_t tensor_size(const struct tensor *x);
/* Rows and columns of x folded to a matrix: all but the last dimension, and the last. */
int64_t tensor_rows(const struct tensor *x);
int64_t tensor_cols(const struct tensor *x);

/* Rows offset[i] … offset[i+1]-1 of a packed matrix are segment i: the words of a title, the clicks of a user.
 * offset[0] is 0; a segment may be empty. The array is borrowed until the tape is reset. */
struct segments {
	const int32_t *offset; /* [count + 1] */
	int32_t count;
};

struct tape;

/* Inputs of one op, at most: a recurrent network has a sequence, two states, two weights and two biases. */
#define NODE_INPUTS 8

/* One step on the tape. saved points into the arena; backward adds to the grads of those inputs that have one. */
struct node {
	const char *op; /* "linear" */
	void (*backward)(struct tape *t, struct node *n);
	struct tensor *in[NODE_INPUTS];
	struct tensor *out;
	void *saved;
	bool by_rows; /* backward lists the rows that it touches; else it touches all */
	bool inner;   /* backward also adds to gradients of parameters that are not among its inputs */
	struct node *previous;
};

/* Zero-initialise, then tape_init. */
struct tape {
	struct arena arena;
	struct node *last;
	bool recording; /* false: nothing is saved, no grads are made (scoring, extraction) */
	bool training;  /* dropout is active */
	uint64_t seed;  /* dropout masks are a function of (seed, step, dropout_calls) */
	uint64_t step;
	uint64_t dropout_calls;
	double share; /* of the step's samples, of which this tape has a part: what parameters that follow hear of it */
	enum status status; /* the first failure; every later op returns NULL */
	/* Told of each node that the way back has passed; nothing that is still to come adds to what only nodes passed by then read.
	 * Cleared when the tape is reset. */
	void (*passed)(void *context, const struct node *n);
	void *passed_context;
};

void tape_init(struct tape *t, bool recording);
/* Forgets nodes and tensors, clears status and dropout_calls, keeps the memory. */
void tape_reset(struct tape *t);
void tape_release(struct tape *t);

/* ST_OK, or the first failure of an op since the reset, whose message is this thread's. */
MUST_CHECK enum status tape_status(const struct tape *t);

/* A new uninitialised tensor. wants_grad asks for a zeroed grad; ignored when the tape does not record. */
struct tensor *tape_tensor(struct tape *t, int ndim, const int64_t *dim, bool wants_grad);
/* A tensor over the caller's memory, borrowed until reset, without grad. */
struct tensor *tape_borrow(struct tape *t, int ndim, const int64_t *dim, const real *data);
/* A tensor of one value, without grad. */
struct tensor *tape_constant(struct tape *t, int ndim, const int64_t *dim, real value);
/* count segments of `each` rows. */
const struct segments *tape_segments(struct tape *t, int32_t count, int32_t each);
/* For ops: true if the tape records and any of the n inputs has a grad. NULL inputs count as none. */
bool tape_wants_grad(const struct tape *t, struct tensor *const *in, int n);
/* For ops: appends a node for out, to be called only when out has a grad. At most NODE_INPUTS. */
struct node *tape_record(struct tape *t, const char *op, void (*backward)(struct tape *, struct node *),
                         struct tensor *out, struct tensor *const *in, int n);
/* For ops: notes the failure "OP: …" in t->status and returns NULL. */
struct tensor *tape_fail(struct tape *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Sets loss->grad (one element) to 1 and walks the tape back, adding to every grad. ST_USAGE if loss has no grad. */
MUST_CHECK enum status tape_backward(struct tape *t, struct tensor *loss);
/* The same from a tensor of any shape, with the gradient of the loss with respect to it given: [size of y]. */
MUST_CHECK enum status tape_backward_from(struct tape *t, struct tensor *y, const real *upstream);

/* After a backward pass: what first was NaN or infinite, "linear's value [3, 4]" or "linear's gradient, sent back to [3, 4]",
 * or "" if everything is finite. */
void tape_find_not_finite(const struct tape *t, char *text, size_t size);

#endif
