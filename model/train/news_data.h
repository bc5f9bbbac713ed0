/* What the recommenders read about each news: title words, categories, and the features of the kinds asked for, as halves. Row i
 * is row i of the catalogue. */
#ifndef COVERLINE_MODEL_TRAIN_NEWS_DATA_H
#define COVERLINE_MODEL_TRAIN_NEWS_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/catalog.h"
#include "common/h5.h"
#include "common/status.h"
#include "model/tensor/tensor.h"
#include "model/train/feature_column.h"
#include "model/train/impression_features.h"
#include "model/train/name_table.h"
#include "model/train/news_entities.h"
#include "model/train/news_items.h"
#include "model/train/news_part.h"
#include "model/train/sparse_features.h"
#include "model/train/vocabulary.h"

struct news_data {
	const struct catalog *news; /* borrowed */
	struct vocabulary vocabulary;
	struct news_items title;
	struct news_items abstract;    /* empty unless asked for, as trigram */
	struct news_items trigram;     /* of the title */
	struct news_entities entities; /* zeros unless asked for */
	float *word_vectors; /* [vocabulary.count, word_width] pretrained, NaN where a word has none; NULL: none given */
	int32_t word_width;
	struct impression_features *impression; /* NULL unless asked for */
	struct feature_columns features;        /* as asked for; see news_data_feature */

	/* Of the training split, empty unless asked for. */
	struct name_table readers, categories, subcategories, trigrams;
	int32_t *category, *subcategory; /* [news] numbers from 1 in the tables; 0: none, or not in training */

	struct sparse_features sparse; /* zeros unless asked for */

	char *network;   /* what the frozen layers of a network in the loop are (recommender_load); NULL: there are none */
	unsigned hidden; /* enum news_part; see news_data_hide */
	int32_t *no_category, *no_subcategory; /* [news] zeros, in exchange for the above while they are hidden */

	char *data_folder; /* DATA */
	char *run_folder;  /* RUN, where what is worth keeping from one start to the next may be written */
};

struct news_data_options {
	int64_t max_title_words; /* the rest of a longer title is not read */
	int64_t min_word_count;
	int32_t word_width;
	const char *word_vectors;            /* a file; "" for none */
	bool impression;                     /* read kind "impression" whole, with its cues */
	const struct feature_want *features; /* columns to read, ended by {0}; NULL: none */
	int64_t feature_memory;              /* bytes that these may take */
	bool standardise;
	int64_t shuffle_pictures;           /* 0: off */
	double masked;                      /* of the news with an impression, the share that reads as if it had none */
	uint64_t seed;                      /* of that share */
	int64_t max_abstract_words;         /* 0: abstracts are not read */
	bool readers, categories, trigrams; /* keep these tables */
	bool entities;
	int32_t entity_width;
	const char *entity_vectors, *entity_context; /* files, relative to DATA; "" for none */
	const char *run_folder;                      /* NULL: none */
	const char *train;                           /* the behaviors file that sparse features are learnt from */
	const struct sparse_settings *sparse;        /* how; NULL: none. They take readers, abstracts and categories */
};

/* For training: vocabulary, categories and standardisation come from the news with in_training[row] != 0. The table of readers is
 * the caller's to fill. nd is zeroed before, and released by the caller even after a failure. */
MUST_CHECK enum status news_data_open(struct news_data *nd, const char *data, const struct catalog *news,
                                      const struct news_data_options *o, const uint8_t *in_training);
/* For scoring: vocabulary, tables and standardisation come from a checkpoint; word vectors are not read. */
MUST_CHECK enum status news_data_restore(struct news_data *nd, const char *data, const struct catalog *news,
                                         const struct news_data_options *o, struct h5_file *checkpoint);
void news_data_release(struct news_data *nd);
/* Writes what news_data_restore reads. */
MUST_CHECK enum status news_data_write(const struct news_data *nd, struct h5_file *checkpoint);
/* What the features read were made with, as text for the checkpoint: network, weights and preprocessing of each kind; "" for
 * none. The caller frees. */
char *news_data_source(const struct news_data *nd);

/* Until the next call, every news reads as one without these parts (bits of enum news_part; 0: with all). Who makes something of
 * titles on the way, such as wordpieces, looks at nd->hidden. */
void news_data_hide(struct news_data *nd, unsigned parts);

/* A column that the recommender's features list; asking for another is a bug. */
struct feature_column *news_data_feature(const struct news_data *nd, const char *kind, const char *column);

/* Numbers and reads the titles with the vocabulary that is there; for who fills in a news_data by hand. */
void news_data_number_titles(struct news_data *nd, int64_t max_title_words);

#endif
