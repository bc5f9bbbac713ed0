/* What an op's gradient case is made of. A case builds inputs, calls its op and returns the result; the test draws random
 * upstream weights for that result and compares every input's gradient with central differences, in double.
 *
 * To add an op: write op_NAME.c, add X(NAME) to OPS in model/tensor/ops.h, and end the file with
 *     GRADIENT_CASE(NAME) { … }
 * called once for each variant 0, 1, … until it returns NULL with no failure on the tape: variants cover broadcast,
 * empty and ragged shapes. */
#ifndef COVERLINE_MODEL_TENSOR_GRADIENT_CASE_H
#define COVERLINE_MODEL_TENSOR_GRADIENT_CASE_H

#include "model/tensor/tensor.h"

#define GRADIENT_INPUTS 4

/* The inputs of a case, which outlive its tape: a case is built again for every element that the test moves.
 * Zero-initialise; release with arena_release(&g->arena). */
struct gradient_check {
	struct arena arena;
	struct tensor input[GRADIENT_INPUTS]; /* each with a grad */
	int made;                             /* inputs that have their values */
	int asked;                            /* calls of gradient_input in this run of the case; set to 0 before each */
};

/* A checked input with standard normal values; the same for the same order of calls. */
struct tensor *gradient_input(struct gradient_check *g, int ndim, const int64_t *dim);

#define GRADIENT_CASE(name)                                                                                            \
	struct tensor *op_##name##_case(struct gradient_check *g, struct tape *t, int variant);                            \
	struct tensor *op_##name##_case(struct gradient_check *g, struct tape *t, int variant)

#endif
