/* Embeddings of ids that training may not have seen: one vector that all ids share, and what sets each apart from it.
 *
 *     y = shared + own[id]
 *
 * own starts at zero and moves only for ids that occur in training, so that any other id is the shared vector: the mean, as far
 * as learning tells, of those seen. While training, an id may be taken for an unseen one with a probability, so that what reads
 * the vector learns to do with the shared one too. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_ID_TABLE_H
#define COVERLINE_MODEL_RECOMMENDERS_ID_TABLE_H

#include "model/tensor/ops.h"
#include "model/tensor/params.h"

struct id_table {
	struct tensor *shared; /* [width] */
	struct tensor *own;    /* [ids, width] */
};

/* Registers "<prefix>.shared" (normal, deviation 0.01) and "<prefix>.own". */
MUST_CHECK enum status id_table_init(struct id_table *l, struct params *ps, const char *prefix, int64_t ids,
                                     int64_t width);
/* The vectors [count, width] of ids, borrowed until the tape is reset; 0 <= unseen_rate < 1. */
struct tensor *id_table_apply(const struct id_table *l, struct tape *t, const int32_t *id, int64_t count,
                              double unseen_rate);

#endif
