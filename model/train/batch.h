/* Impressions packed for the recommenders, over the distinct news that they name: a news is encoded once a batch however
 * often it occurs. */
#ifndef COVERLINE_MODEL_TRAIN_BATCH_H
#define COVERLINE_MODEL_TRAIN_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/behaviors.h"
#include "model/recommenders/recommender.h"

/* Packed lists of slots; offset[0] is 0. */
struct slot_list {
	int32_t *slot;   /* [offset[count]] */
	int32_t *offset; /* [count + 1] */
	size_t slot_size, offset_size;
};

/* Who reads, what they clicked before, and when they are shown the candidates. */
struct reader {
	int32_t user;           /* number among training's readers; 0: unseen */
	const uint32_t *clicks; /* [count] oldest first */
	size_t count;
	int64_t time; /* in seconds, as impression_seconds gives it */
};

struct batch {
	uint32_t *rows; /* [row_count] distinct news, by first appearance: slot i is news rows[i] */
	int32_t row_count;
	size_t row_size;
	int32_t count; /* impressions */
	struct slot_list clicks, candidates;
	int32_t *user; /* [count] */
	int64_t *time; /* [count] */
	size_t reader_size;
	int32_t *slot_of; /* [news] -1: not in this batch */
	uint32_t news_count;
	bool every_news; /* slot i is news i, whether named or not */
};

/* Slots of a batch: numbered by appearance, or the catalogue's own rows, for news encoded beforehand. */
enum batch_slots { BATCH_DISTINCT, BATCH_EVERY_NEWS };

/* The reader of an impression, numbered by the table (NULL: unseen); clicks are borrowed from m. */
struct reader reader_of(const struct name_table *readers, const struct impression *m);

void batch_init(struct batch *b, uint32_t news_count, enum batch_slots slots);
void batch_clear(struct batch *b);
void batch_release(struct batch *b);
/* Adds an impression: its reader with the latest `most` of the clicks, and its candidates. */
void batch_add(struct batch *b, const struct reader *who, size_t most, const uint32_t *candidates,
               size_t candidate_count);

/* The impressions as recommenders see them; in the tape, over b's arrays. */
const struct impressions *batch_impressions(const struct batch *b, struct tape *t);
/* The batch's news, a slot each, in the tape; NULL on failure. */
const struct encoded_news *batch_encode(const struct batch *b, struct recommender *r, struct tape *t,
                                        const struct news_data *data);
/* Scores of all candidates, packed, from the encoded slots. NULL news: NULL. */
struct tensor *batch_scores(const struct batch *b, struct recommender *r, struct tape *t, const struct news_data *data,
                            const struct encoded_news *news);
/* The loss when the first candidate of each impression is the clicked one. */
struct tensor *batch_loss(const struct batch *b, struct recommender *r, struct tape *t, const struct news_data *data,
                          const struct encoded_news *news, struct tensor *scores);

#endif
