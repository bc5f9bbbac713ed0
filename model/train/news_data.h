/* What the recommenders read about each news, held in memory per news: title words, and the features of the kinds asked for,
 * as halves. Row i is row i of the catalogue. */
#ifndef COVERLINE_MODEL_TRAIN_NEWS_DATA_H
#define COVERLINE_MODEL_TRAIN_NEWS_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/status.h"

#define WORD_UNKNOWN 0 /* a word that the vocabulary lacks */

/* Words of the training split's titles, most frequent first; 0 is the unknown word. */
struct vocabulary {
	char **word; /* [count]; word[0] is "<unk>" */
	int32_t count;
	uint32_t *index; /* hash of words -> numbers */
	uint32_t index_size;
};

/* Cues of kind "impression" (IMRec section 3.2.1), packed: the memory O of news r is rows offset[r] … offset[r+1]-1 of
 * cue: its words, then 9 regions, then the category; none if the row's state is missing. */
struct impression_features {
	uint16_t *cue;    /* halves [cues, cue_width] */
	int64_t *offset;  /* [news + 1] */
	uint16_t *global; /* halves [news, global_width] */
	uint8_t *state;   /* [news] enum feature_state */
	int32_t cue_width, global_width;
	float *cue_mean, *cue_scale;       /* [cue_width] (x - mean) * scale is what the model sees; NULL: x itself */
	float *global_mean, *global_scale; /* [global_width] */
	/* Control: the pictures of news r (regions and global) are those of news picture_of[r]; NULL: its own. */
	uint32_t *picture_of; /* [news] */
};

struct news_data {
	const struct catalog *news; /* borrowed */
	struct vocabulary vocabulary;
	int32_t *title;        /* word numbers, packed */
	int64_t *title_offset; /* [news + 1] */
	float *word_vectors;   /* [vocabulary.count, word_width] pretrained; NULL: none given */
	int32_t word_width;
	struct impression_features *impression; /* NULL unless asked for */
};

#endif
