/* How ranks make one step of their shares: gradients are summed over ranks while the backward pass still goes on.
 *
 * The block of gradients is cut into buckets of neighbouring parameters, from its end, as the backward pass comes to the last
 * parameters first. A bucket is on its way once no node that is still to come adds to it; buckets start in the same order on all
 * ranks, whatever their tapes are like. Tables that keep a list of touched rows (params_track_rows) follow after the pass: their
 * rows travel, not the tables, unless the rows of all ranks together are as many as the table has.
 *
 * With one rank nothing is done at all. */
#ifndef COVERLINE_MODEL_TRAIN_EXCHANGE_H
#define COVERLINE_MODEL_TRAIN_EXCHANGE_H

#include "model/tensor/params.h"
#include "model/train/ranks.h"

struct bucket {
	int64_t begin, end; /* elements of the block */
	int32_t waiting;    /* parameters that the pass may still add to */
};

struct exchange {
	struct ranks *ranks;
	struct params *ps;
	struct bucket *bucket; /* [bucket_count], in the order that they start in */
	int bucket_count, started;
	int32_t *bucket_of; /* [params]; -1: a table of touched rows */
	int64_t *begins;    /* [params + 1] where each parameter's elements begin */
	int32_t *uses;      /* [params]: inputs on the tape that are still to come */
	int64_t *counts;    /* [ranks] */
	int32_t inner;      /* nodes still to come that add to parameters beyond their inputs: before them nothing starts */
	/* Over all steps: elements that this rank has given into sums, and into collections of rows. */
	int64_t steps, sent, sent_rows;
};

/* ps is sealed, and outlives x. ranks may be NULL: one that is alone. */
void exchange_init(struct exchange *x, struct ranks *ranks, struct params *ps);
void exchange_release(struct exchange *x);

/* Before the last backward pass of a step: sums start during it. */
void exchange_watch(struct exchange *x, struct tape *t);
/* After it, or without any if this rank has no share or has failed: starts what has not started, and waits for all.
 * Then gradients and lists of touched rows are those of all ranks. */
MUST_CHECK enum status exchange_finish(struct exchange *x);
/* What is summed, and the numbers that go with it. */
struct share {
	const int *of; /* [params] gradients of p with of[p] == which are summed, all at once; NULL: exchange_finish */
	int which;
	double *sum; /* [count], each becomes its sum over ranks */
	int count;   /* at most SHARE_SUMS */
};
#define SHARE_SUMS 4
/* Gradients and numbers of all ranks, unless one has failed: then its status and message are everybody's, as
 * ranks_agree has it. st is this rank's own; a rank that failed takes part all the same, so that the others hear of
 * it. */
MUST_CHECK enum status exchange_unite(struct exchange *x, const struct share *s, enum status st);

#endif
