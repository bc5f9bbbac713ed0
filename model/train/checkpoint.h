/* A run on disk: RUN/checkpoint.h5, from which training goes on, and RUN/best.h5, from which news are scored.
 *
 *   /parameters/NAME, and in checkpoint.h5 /adam/m/NAME, /adam/v/NAME
 *   /vocabulary           uint8    the words, a line feed after each
 *   /impression/…         float32  cue_mean, cue_scale, global_mean, global_scale, where features are standardised
 *   /features/KIND/COLUMN/{mean,scale}  float32   likewise for other kinds
 *   /readers, /categories, /subcategories, /trigrams, /entity_types  uint8  the training split's, for recommenders that
 *                         number them, a line each
 *   /sparse/…             what sparse features are made with (sparse_features.h), for recommenders that read them
 *   /best_auc             float64  [1]
 *
 * Attributes: schema (2), program, model, config (the whole configuration), catalogue_sha256, features (network, weights
 * and preprocessing of the features read; "" for none), step, judged, best_step, worse, log_bytes, clicks, finished. */
#ifndef COVERLINE_MODEL_TRAIN_CHECKPOINT_H
#define COVERLINE_MODEL_TRAIN_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config.h"
#include "common/digest.h"
#include "common/h5.h"
#include "common/status.h"
#include "model/tensor/params.h"
#include "model/train/news_data.h"

/* Where a run is. */
struct run_state {
	int64_t step;      /* steps taken */
	int64_t judged;    /* the step that was validated last; 0: none yet */
	int64_t best_step; /* of best_auc; 0: none yet */
	int64_t worse;     /* validations since then */
	int64_t log_bytes; /* of log.jsonl that this state follows from */
	int64_t clicks;    /* samples of an epoch */
	bool finished;
	double best_auc;
};

/* What a checkpoint belongs to. Strings are borrowed. */
struct run_identity {
	const char *model;
	const char *config;
	const struct config_key *keys; /* of the configuration, for its defaults */
	char catalogue_sha256[DIGEST_HEX];
};

enum checkpoint_content { CHECKPOINT_TO_SCORE, CHECKPOINT_TO_GO_ON };

/* Writes path whole. fault names the point passed just before the file appears. */
MUST_CHECK enum status checkpoint_save(const char *path, const struct run_identity *id, const struct run_state *state,
                                       const struct params *ps, const struct news_data *data,
                                       enum checkpoint_content content, const char *fault);

/* Opens path and reads its state. ST_INTEGRITY if a byte of it has changed, or if it was made from another catalogue or
 * configuration than id's, with both named. The caller closes f. */
MUST_CHECK enum status checkpoint_open(struct h5_file **f, const char *path, const struct run_identity *id,
                                       struct run_state *state);
/* ST_INTEGRITY if the features that data read are of another network, weights or preprocessing. */
MUST_CHECK enum status checkpoint_check_features(struct h5_file *f, const char *path, const struct news_data *data);

#endif
