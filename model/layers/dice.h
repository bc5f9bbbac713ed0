/* A layer's activation that may learn its slope below zero: Dice, or a PReLU. */
#ifndef COVERLINE_MODEL_LAYERS_DICE_H
#define COVERLINE_MODEL_LAYERS_DICE_H

#include "model/tensor/ops.h"
#include "model/tensor/params.h"

/* Fields point at tensors owned by the params given to init: copy freely, free nothing.
 *
 * dice:   op_dice; a batch's rows share their moments while training, and each has those followed afterwards. Training in slices,
 *         or on several ranks, takes a slice's rows for a batch; what is followed is the mean over a step's slices, by their
 *         shares of its samples.
 * prelu:  y = x where x > 0, else alpha x                         (He et al. 2015; torch.nn.PReLU) */
struct dice {
	struct tensor *alpha; /* [width] */
	struct followed_moments moments;
	bool prelu;
};

#define DICE_CHOICES "dice|prelu"
enum dice_kind { DICE_DICE, DICE_PRELU };

/* Registers "<prefix>.alpha" (zeros), and for Dice "<prefix>.mean" (zeros) and "<prefix>.variance" (ones), which
 * follow at that rate. */
MUST_CHECK enum status dice_init(struct dice *l, struct params *ps, const char *prefix, int64_t width,
                                 enum dice_kind kind, double rate);
/* [n, width] -> [n, width] */
struct tensor *dice_apply(const struct dice *l, struct tape *t, struct tensor *x);

#endif
