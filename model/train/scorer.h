/* Scores of whole behaviors files: every news that the file names is encoded once, then impressions stream by. Memory does not grow
 * with their number; what it holds for the news is in encoded_store.h. */
#ifndef COVERLINE_MODEL_TRAIN_SCORER_H
#define COVERLINE_MODEL_TRAIN_SCORER_H

#include <stdint.h>

#include "common/status.h"
#include "model/recommenders/recommender.h"
#include "model/train/attention_file.h"
#include "model/train/batch.h"
#include "model/train/encoded_store.h"

/* One impression's result; everything is borrowed for the call. */
struct scored {
	const char *id;
	size_t id_length;
	const int8_t *labels; /* as struct impression's */
	const real *scores;
	const uint32_t *ranks; /* 1 is best; equal scores keep the candidates' order */
	size_t count;
};

typedef enum status scorer_visit_fn(void *context, const struct scored *s);

struct scorer {
	struct recommender *r; /* borrowed, as data */
	const struct news_data *data;
	int64_t history;
	struct attention_file *attention; /* where the weights go that r offers, borrowed; NULL: nowhere */
	struct encoded_store store;
	struct tape tape;
};

void scorer_init(struct scorer *s, struct recommender *r, const struct news_data *data, int64_t history);
void scorer_release(struct scorer *s);
/* Encodes the news that path names, as candidates or as clicks that are read, or with path NULL every news, with the parameters as
 * they are. ST_FAILED if a vector or a part is not finite. */
MUST_CHECK enum status scorer_encode(struct scorer *s, const char *path);
/* Calls visit for each impression of path, in order. After scorer_encode of the same path, or of every news. */
MUST_CHECK enum status scorer_run(struct scorer *s, const char *path, scorer_visit_fn *visit, void *context);
/* Scores of count candidates, any number, for one reader. */
MUST_CHECK enum status scorer_score(struct scorer *s, const struct reader *who, const uint32_t *candidates,
                                    size_t count, real *scores);

/* Encodes what path names; MIND's official AUC of it: the mean over impressions with a clicked and a not-clicked
 * candidate (*impressions of them), each ranked as the prediction file would rank it. 0 if there is none. */
MUST_CHECK enum status scorer_auc(struct scorer *s, const char *path, double *auc, int64_t *impressions);

#endif
