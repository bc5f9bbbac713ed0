/* The batches of a run, one ahead: a thread draws the samples of the next batch while this one is worked on. What a batch holds
 * follows from the seed and its place alone.
 *
 * A step's samples come in `slices` batches of about equal size, so that a step may be larger than memory allows at
 * once; weight is a slice's share of the step's samples, so that weighted means over slices are the step's mean. Of
 * several ranks, each is fed the slices that are its own: together they make the step that one rank with as many slices
 * makes. */
#ifndef COVERLINE_MODEL_TRAIN_FEEDER_H
#define COVERLINE_MODEL_TRAIN_FEEDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"
#include "model/train/batch.h"
#include "model/train/samples.h"

struct feeder_options {
	uint64_t seed;
	int64_t batch;  /* samples a step; the last step of an epoch has what is left */
	int64_t slices; /* of a step, at most; a multiple of ranks */
	int64_t held;   /* feeds that stay valid together: slices / ranks for a whole step's; 0: one */
	int rank, ranks;
	int64_t history;
	int negatives;
	uint32_t news_count;
	const struct name_table *readers; /* numbers of the readers; NULL: all unseen */
	int64_t first_step, end_step;     /* steps first … end - 1 of the run are fed */
};

struct feed {
	struct batch batch; /* empty if the step has no sample for this rank */
	int64_t step;
	int slice; /* of the step's, on all ranks */
	double weight;
	bool last; /* slice of its step on this rank */
};

struct feeder;

/* samples is the feeder's until feeder_close. */
MUST_CHECK enum status feeder_open(struct feeder **f, struct samples *samples, const struct feeder_options *o);
/* The next slice, valid until as many calls more as feeds are held. After the last step, or after a failure, there is none to ask
 * for. */
MUST_CHECK enum status feeder_next(struct feeder *f, const struct feed **feed);
void feeder_close(struct feeder *f); /* accepts NULL */

/* Slices of a step so that each rank has equally many, and none fewer than asked for: with train.slices = 4, one, two and four
 * ranks make the same step, dropout and all. */
int64_t feeder_slices(int64_t slices, int ranks);
/* Steps that an epoch of so many samples takes. */
int64_t feeder_steps_an_epoch(uint32_t samples, int64_t batch);

#endif
