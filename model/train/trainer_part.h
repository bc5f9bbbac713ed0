/* A run that is under way, shared by the files that train it: trainer.c opens, validates, saves and ends it, trainer_step.c makes
 * its steps. Not for use outside. */
#ifndef COVERLINE_MODEL_TRAIN_TRAINER_PART_H
#define COVERLINE_MODEL_TRAIN_TRAINER_PART_H

#include <stdio.h>

#include "common/catalog.h"
#include "common/strbuf.h"
#include "model/train/checkpoint.h"
#include "model/train/exchange.h"
#include "model/train/feeder.h"
#include "model/train/pass.h"
#include "model/train/samples.h"
#include "model/train/schedule.h"
#include "model/train/settings.h"
#include "model/train/turns.h"

struct trainer {
	const struct settings *s;
	struct recommender *r;
	const char *run;
	struct ranks *ranks;
	char *train, *dev; /* dev: NULL for none */
	char *config_path, *log_path, *checkpoint_path, *best_path;
	struct strbuf config;
	struct run_identity id;
	struct run_state state;
	FILE *log; /* log.jsonl, at its end; on rank 0 alone, which writes all files */

	struct catalog news;
	struct samples samples;
	struct news_data data;
	struct params params;
	struct adam adam;
	struct turns turns;
	struct schedule schedule;
	struct tape tape;
	const struct pass *pass; /* in place of feeder and steps; NULL: none */
	bool torn;               /* a pass that did not end has left the parameters anywhere: they are not to be kept */
	struct feeder *feeder;
	const struct feed **feeds; /* this rank's slices of a step, as far as they are held together */
	struct exchange exchange;
	int64_t slices; /* of a step, on all ranks */
	bool stop;      /* a rank was asked to */

	int64_t epoch_steps, end_step;

	double loss_sum; /* since the last validation, for the log on stderr */
	int64_t loss_count;
	double begin_s;
};

/* One step of all ranks, or one pass, and its line in the log. ST_FAILED if the loss or its gradient is not finite. */
MUST_CHECK enum status trainer_step(struct trainer *t);

#endif
