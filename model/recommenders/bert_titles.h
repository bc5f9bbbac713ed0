/* BERT in the loop: the states of every title's tokens, with the last layers trained.          (RMBERT section 2.1)
 *
 * What the frozen layers below them give is computed once for each title and kept in a file, as halves: 1.5 kB a token at 768
 * columns, 24 kB for a title of 16 tokens, 1.6 GB for MIND-small and 3.1 GB for MIND-large. The file is memory-mapped. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_BERT_TITLES_H
#define COVERLINE_MODEL_RECOMMENDERS_BERT_TITLES_H

#include "model/encoders/bert.h"
#include "model/recommenders/recommender.h"
#include "model/train/frozen_rows.h"
#include "model/train/title_tokens.h"

/* Zero-initialise. */
struct bert_titles {
	const struct encoder_settings *encoder;
	struct bert net;
	struct params frozen;
	struct title_tokens titles;
	struct frozen_rows trunk; /* open while something is frozen */
	struct transformer_dropout dropout;
	const struct news_data *data; /* borrowed */
};

/* Registers what is trained as "bert.…"; encoder.config may be "small", encoder.vocab may be words. max_tokens: what
 * encoder.max_tokens = 0 stands for. Reads sizes and titles. ST_USAGE, ST_MALFORMED or what the files say. */
MUST_CHECK enum status bert_titles_create(struct bert_titles *b, struct params *ps, const struct news_data *data,
                                          const struct encoder_settings *e, int64_t max_tokens);
/* As recommender_type's load: values out of the weights, and the frozen layers' states, which are computed if they are not
 * there. */
MUST_CHECK enum status bert_titles_load(struct bert_titles *b, enum load_what what, char **network);
void bert_titles_release(struct bert_titles *b); /* accepts a zeroed one */

/* The states of all tokens of the titles of rows, packed [tokens, width]: [CLS], words, [SEP]; *tokens has one segment a
 * title. dropout acts inside the layers that are trained. */
struct tensor *bert_titles_apply(struct bert_titles *b, struct tape *t, const uint32_t *rows, int32_t count,
                                 double dropout, struct segments *tokens);

#endif
