/* What the op files share: checks of inputs and the shape of results. Not for use outside model/tensor. */
#ifndef COVERLINE_MODEL_TENSOR_OP_H
#define COVERLINE_MODEL_TENSOR_OP_H

#include "model/tensor/gradient_case.h"
#include "model/tensor/kernels.h"
#include "model/tensor/ops.h"

/* A shape as text, "[3, 4]", for messages. */
struct shape_text {
	char s[128];
};
struct shape_text shape_text(const struct tensor *x);

/* False if the tape has failed already or one of the n inputs is NULL: the op returns NULL without a word. */
bool op_ready(const struct tape *t, struct tensor *const *in, int n);
bool op_same_shape(const struct tensor *a, const struct tensor *b);
/* Whether s covers exactly rows rows, in order; if not, the tape fails with a message that starts with op. */
bool op_segments_fit(struct tape *t, const char *op, const struct segments *s, int64_t rows);
/* Whether query covers queries rows, key covers keys rows, and each has as many segments as the other; messages likewise. */
bool op_pairs_of_segments_fit(struct tape *t, const char *op, const struct segments *query, int64_t queries,
                              const struct segments *key, int64_t keys);
/* Where each segment's blocks [queries, keys], one a head, begin, in the tape's arena; *end becomes the size of all. */
const int64_t *op_blocks(struct tape *t, const struct segments *query, const struct segments *key, int heads,
                         int64_t *end);
/* Whether each of count indices is in [0, rows); if not, the tape fails with a message that starts with op. */
bool op_indices_fit(struct tape *t, const char *op, const int32_t *index, int64_t count, int64_t rows);

/* A new stream for what an op drops, other than every other of this step. */
uint64_t op_dropout_stream(struct tape *t);

/* The op's result, which has a grad if the tape records and one of the n inputs has one. */
struct tensor *op_result(struct tape *t, int ndim, const int64_t *dim, struct tensor *const *in, int n);
/* op_result shaped as x. */
struct tensor *op_result_like(struct tape *t, const struct tensor *x, struct tensor *const *in, int n);
/* Leaves a node for out if it has a grad, under the name of the function op_NAME that it is called in, with a copy of the size
 * bytes at saved. Returns out. */
#define op_done(...) op_done_in(__func__, __VA_ARGS__)
struct tensor *op_done_in(const char *function, struct tape *t, void (*backward)(struct tape *, struct node *),
                          struct tensor *out, struct tensor *const *in, int n, const void *saved, size_t size);

#endif
