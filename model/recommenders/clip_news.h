/* CLIP in the loop: titles, categories and subcategories through its text tower, covers through its image tower, with the last
 * layers of either trained.                                                               (VLSNR §3.1, figure 7)
 *
 * Below them nothing changes while training. The text tower's frozen layers' states are computed once for each text and kept in
 * a file, as halves: 1 kB a token, 18 kB for a title, 1.2 GB for MIND-small and 2.4 GB for MIND-large. The image tower's are a
 * column of the shards (extract --kind clip --layer N): 50 rows of 768 a cover, 77 kB, 5 GB for MIND-small and 10 GB for
 * MIND-large. While no layer of the image tower is trained, covers are the shards' projected vectors, 1 kB each. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_CLIP_NEWS_H
#define COVERLINE_MODEL_RECOMMENDERS_CLIP_NEWS_H

#include "model/encoders/clip.h"
#include "model/recommenders/recommender.h"
#include "model/train/frozen_rows.h"

enum clip_text_of { CLIP_TITLE, CLIP_CATEGORY, CLIP_SUBCATEGORY, CLIP_TEXTS };

/* Zero-initialise. */
struct clip_news {
	const struct encoder_settings *encoder;
	int64_t image_layers; /* of the image tower that are trained */
	struct clip net;
	struct params frozen;
	/* Every text once: the titles, row i for news i, then the labels. */
	int32_t texts, vocabulary; /* ids are below */
	int32_t *id;               /* tokens, packed */
	int64_t *offset;           /* [texts + 1] */
	int32_t *label[2];         /* [news] text of the category, of the subcategory */
	char key[DIGEST_HEX];      /* of vocabulary, ids and offsets */
	struct frozen_rows trunk;
	const struct news_data *data; /* borrowed */
};

/* Registers what is trained as "clip.…"; encoder.config may be "small", encoder.vocab may be words. With
 * encoder.finetune_layers = -1 the whole of the text tower. Reads sizes and texts. ST_USAGE, ST_MALFORMED or what the
 * files say. */
MUST_CHECK enum status clip_news_create(struct clip_news *c, struct params *ps, const struct news_data *data,
                                        const struct encoder_settings *e, int64_t image_layers);
/* As recommender_type's load: values out of the weights, and the frozen layers' states, which are computed if they are not
 * there. ST_USAGE if the covers' are of other weights. */
MUST_CHECK enum status clip_news_load(struct clip_news *c, enum load_what what, char **network);
void clip_news_release(struct clip_news *c); /* accepts a zeroed one */

/* The projected texts of news: out[k] [count, projection] for each k in wanted (bits 1 << enum clip_text_of), and present[k]
 * [count, 1], 0 where there is no such text. A text that occurs often is run once. */
bool clip_news_texts(struct clip_news *c, struct tape *t, const uint32_t *rows, int32_t count, unsigned wanted,
                     struct tensor *out[CLIP_TEXTS], struct tensor *present[CLIP_TEXTS]);
/* The projected covers [count, projection], where image_layers > 0; zeros and present 0 where there is none. */
struct tensor *clip_news_covers(struct clip_news *c, struct tape *t, const uint32_t *rows, int32_t count,
                                struct tensor **present);

#endif
