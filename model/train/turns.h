/* Parameters that learn in turns with the others: groups by a prefix of their names, each from a loss and at a rate of its own,
 * as the two sides of a GAN do.
 *
 * In a step every turn that has begun works on the step's slices first, on all ranks, in the order of the recommender's
 * list; then the rest learns from the loss. Gradients go to the group that learns alone; Adam's moments are a
 * parameter's own, and how many steps a group has taken follows from the step of the run, so that a checkpoint holds
 * nothing more. */
#ifndef COVERLINE_MODEL_TRAIN_TURNS_H
#define COVERLINE_MODEL_TRAIN_TURNS_H

#include "model/train/exchange.h"
#include "model/train/feeder.h"

#define TURNS_MAX 8

struct turns {
	const struct turn *turn; /* [count], the recommender's */
	int count;
	int *of;                /* [params] the turn that a parameter learns in, from 1; 0: with the rest */
	uint8_t *skip;          /* [params] for Adam */
	real **grad;            /* [params] gradients out of reach */
	double loss[TURNS_MAX]; /* of the latest step; NaN before a turn has begun */
};

/* After params_seal. ST_USAGE if a prefix is nobody's. Released by the caller even after a failure. */
MUST_CHECK enum status turns_init(struct turns *u, const struct recommender *r, const struct params *ps);
void turns_release(struct turns *u); /* accepts a zeroed one */
/* Until turns_let_go the gradients of parameters outside turn `which` (0: the rest) are NULL: ops leave them alone. Not to be
 * zeroed, clipped or stepped on in between. */
void turns_hold(struct turns *u, struct params *ps, int which);
void turns_let_go(struct turns *u, struct params *ps);
/* One step of Adam for turn `which` (0: the rest) with the gradients that are there. */
void turns_adam(struct turns *u, struct params *ps, struct adam *adam, int which);
/* What a step of turns works on. */
struct turns_work {
	struct recommender *r;
	struct tape *tape;
	const struct news_data *data;
	struct params *ps;
	struct exchange *exchange;
	const struct adam *like; /* its constants */
	int64_t slices;          /* of a step, on all ranks */
	int64_t epoch_steps;
	double clip; /* of each turn's gradient; 0: none */
};
/* All turns that have begun in that step of the run, of which feed [count] are this rank's slices. A turn's loss is the mean over
 * a slice's news, weighed by its share of the step's clicks; a slice that has nothing to tell adds none. What a step holds on the
 * tape is gone after it. ST_FAILED if a loss or gradient is not finite. st is this rank's own so far; a failure is all ranks'. */
MUST_CHECK enum status turns_step(struct turns *u, const struct turns_work *w, const struct feed *const *feed,
                                  int count, int64_t step, enum status st);

#endif
