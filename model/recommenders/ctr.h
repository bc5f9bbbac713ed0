/* What the recommenders of hashed features have in common (Wide & Deep, DeepFM, DCN): a candidate's features by field,
 * the fields' embeddings, a deep part on them, and the loss.
 *
 *     e_f = sum of x V_j over the features (j, x) of field f      a_0 = [e_1 … e_F]      deep(a_0) by tower.h
 *
 * Fields are the plain ones of model/train/sparse_fields.h, hour and popularity in classes like the rest. Tables list the
 * rows that a step touches: with train.adam = sparse a step does not cost a table's size. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_CTR_H
#define COVERLINE_MODEL_RECOMMENDERS_CTR_H

#include "model/layers/tower.h"
#include "model/recommenders/recommender.h"
#include "model/train/sparse_fields.h"

enum { CTR_KEYS = 6 };

/* Of key "parts": a model whole, or one half of it. */
enum ctr_parts { CTR_BOTH, CTR_SHALLOW, CTR_DEEP };

struct ctr; /* a recommender is a struct that begins with one */

struct ctr_way {
	const char *name;           /* the recommender's */
	const char *parts;          /* "both|wide|deep" */
	const char *init;           /* usual deviation of embeddings */
	const char *width, *layers; /* the paper's */
	enum status (*create)(struct ctr *c, struct params *ps, const struct news_data *data);
	/* Log-odds of a click on each candidate, [n, 1], from its plain fields x. */
	struct tensor *(*logit)(struct ctr *c, struct tape *t, const struct news_data *data, const struct impressions *m,
	                        const struct sparse_batch *x);
};

struct ctr {
	struct recommender base;
	const struct ctr_way *way;
	int64_t width;
	double init;
	char *layers;
	int parts, loss;
	struct config_key keys[CTR_KEYS + 1];
	char *key_names[CTR_KEYS];
	int key_count;

	struct tensor *field; /* V, [buckets, width] */
	struct tower deep;
};

/* Allocates size bytes that begin with a struct ctr, and declares the shared keys. */
struct ctr *ctr_open(size_t size, const struct ctr_way *way);
/* One more key, "NAME.key", before keys are read; k.name is ignored. */
void ctr_add_key(struct ctr *c, const char *key, struct config_key k);

/* Registers a table [buckets, width] that lists touched rows. */
MUST_CHECK enum status ctr_table_init(struct params *ps, const struct news_data *data, const char *name, int64_t width,
                                      struct init init, struct tensor **out);
/* Registers V, as "field.weight"; *width is that of a_0 … */
MUST_CHECK enum status ctr_fields_init(struct ctr *c, struct params *ps, const struct news_data *data, int64_t *width);
/* … and a_0, [n, fields * width]. */
struct tensor *ctr_fields_apply(const struct ctr *c, struct tape *t, const struct sparse_batch *x);
/* Registers the deep part, as "deep.0.weight" …; c->deep.width is that of its result. */
MUST_CHECK enum status ctr_deep_init(struct ctr *c, struct params *ps, int64_t width);
struct tensor *ctr_deep_apply(const struct ctr *c, struct tape *t, struct tensor *first);

/* Members of struct recommender_type. */
void ctr_close(struct recommender *r);
const struct config_key *ctr_keys(struct recommender *r);
MUST_CHECK enum status ctr_create(struct recommender *r, struct params *ps, const struct news_data *data);
struct tensor *ctr_score(struct recommender *r, struct tape *t, const struct news_data *data,
                         const struct encoded_news *news, const struct impressions *m);
struct tensor *ctr_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                        const struct encoded_news *news, const struct impressions *m, struct tensor *scores);
extern const char *const ctr_kinds[];

#define CTR_FUNCTIONS                                                                                                  \
	.kinds = ctr_kinds, .tables = TABLE_SPARSE, .close = ctr_close, .keys = ctr_keys, .create = ctr_create,            \
	.encode_news = encode_no_news, .score = ctr_score, .loss = ctr_loss

#endif
