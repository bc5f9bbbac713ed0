/* Recommenders that learn by passes of their own over the samples, in place of steps over batches: a pass is a step of the run, so
 * that log, validation, checkpoints and early stop are the trainer's. On one rank. */
#ifndef COVERLINE_MODEL_TRAIN_PASS_H
#define COVERLINE_MODEL_TRAIN_PASS_H

#include <stdint.h>

#include "common/status.h"
#include "model/tensor/params.h"
#include "model/train/news_data.h"
#include "model/train/samples.h"

struct recommender;

/* What passes work on. It and identity are borrowed for open alone; the rest that it points at, until close. */
struct pass_world {
	struct samples *samples;
	const struct news_data *data;
	const char *train, *run; /* the behaviors file, and RUN */
	const char *identity;    /* of configuration and catalogue: what follows from them is told apart by it */
	uint64_t seed;
	int64_t history, negatives;
};

struct pass {
	/* Before the first, with the parameters read. closed even after a failure. */
	enum status (*open)(struct recommender *r, const struct pass_world *w);
	/* Pass number `epoch` from 0: moves the parameters, and tells the mean loss of its samples, each as it was met. What comes
	 * out follows from the parameters, the world and these arguments. After ST_INTERRUPTED the parameters lie anywhere. */
	enum status (*run)(struct recommender *r, int64_t epoch, double learning_rate, double *loss);
	void (*close)(struct recommender *r);
};

#endif
