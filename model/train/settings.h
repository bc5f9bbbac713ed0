/* The configuration of a run: the keys that all recommenders share, and those of the chosen one. */
#ifndef COVERLINE_MODEL_TRAIN_SETTINGS_H
#define COVERLINE_MODEL_TRAIN_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config.h"
#include "common/status.h"
#include "common/strbuf.h"
#include "model/recommenders/recommender.h"

struct settings {
	char *model;

	char *train, *dev; /* behaviors files; relative to DATA */
	int64_t history, max_title_words, max_abstract_words, min_word_count, word_width;
	char *word_vectors, *entity_vectors, *entity_context;
	int64_t entity_width;
	bool standardise;
	int64_t shuffle_pictures;
	double impression_share;
	int64_t feature_memory; /* MB */

	int64_t epochs, steps, batch, slices, negatives, seed, patience, validate_every, checkpoint_every, warmup;
	int schedule; /* enum schedule_kind */
	int adam;     /* enum adam_rows */
	double learning_rate, weight_decay, dropout, clip;

	struct sparse_settings sparse;   /* likewise of feature-based recommenders */
	struct encoder_settings encoder; /* of those with a network in the loop; the others' RUN does not keep them */

	/* The keys of every registered recommender may stand in a file; those of the chosen one are kept in RUN. */
	struct recommender **recommenders; /* [recommender_count], as recommender_types */
	int recommender_count;
	struct config_key *keys;   /* all */
	struct config_key *chosen; /* shared ones and the chosen recommender's; NULL before settings_choose */
};

/* Every key at its default. */
void settings_open(struct settings *s);
void settings_close(struct settings *s);
/* After the file and --set are read into s->keys: finds the recommender that model.name names, which s owns.
 * ST_USAGE lists the names there are. */
MUST_CHECK enum status settings_choose(struct settings *s, struct recommender **r);
/* What news_data needs to know for the recommender r and the folder of its run (borrowed). */
struct news_data_options settings_news(const struct settings *s, const struct recommender *r, const char *run);

/* Compares two configurations, comments and order aside. A key that the old one lacks, as it is of an older version, counts as its
 * default in keys; train.feature_memory may differ. ST_USAGE names path and the lines that differ. */
MUST_CHECK enum status settings_compare(const char *path, const struct config_key *keys, const char *old_text,
                                        const char *new_text);

#endif
