/* What LR and FM share: hashed sparse features, an equation of first and perhaps second order over them, and solvers that pass over
 * mapped samples (sparse_sgd.h has the equation).
 *
 * Solver adam learns as other recommenders do: steps over batches on the tape, negatives drawn anew each epoch, binary
 * cross-entropy of clicked and not clicked candidates. sgd minimises the same loss sample by sample, als the squares to
 * 1 and -1; both pass over RUN/samples.bin. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_MACHINE_H
#define COVERLINE_MODEL_RECOMMENDERS_MACHINE_H

#include "model/recommenders/recommender.h"
#include "model/train/pass.h"
#include "model/train/sparse_sgd.h"

enum machine_solver { MACHINE_SGD, MACHINE_ADAM, MACHINE_ALS };
enum { MACHINE_KEYS = 8 };

struct machine {
	struct recommender base;
	unsigned groups; /* of fields */
	int solver;      /* enum machine_solver */
	int shown;       /* enum sparse_shown */
	int64_t factors; /* 0: none */
	double deviation, l2_weight, l2_factor;
	struct config_key keys[MACHINE_KEYS + 1];
	struct tensor *w0, *w, *v; /* [1], [buckets, 1], [buckets, factors] */
	struct sparse_machine solved;
	struct sparse_samples samples; /* while passes are made */
	struct sparse_columns columns; /* of als */
	uint64_t seed;
};

void machine_close(struct recommender *r);
const struct config_key *machine_keys(struct recommender *r);
enum status machine_create(struct recommender *r, struct params *ps, const struct news_data *data);
struct tensor *machine_score(struct recommender *r, struct tape *t, const struct news_data *data,
                             const struct encoded_news *news, const struct impressions *m);
struct tensor *machine_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                            const struct encoded_news *news, const struct impressions *m, struct tensor *scores);
const struct pass *machine_pass(const struct recommender *r);

struct sparse_batch;
/* sum_{i<j} <v_i, v_j> x_i x_j of each sample, [samples, 1], as 1/2 sum_f ((sum_i v_if x_i)^2 - sum_i v_if^2 x_i^2) for
 * v [buckets, factors]. (Rendle 2010, lemma 3.1) */
struct tensor *machine_pairs(struct tape *t, struct tensor *v, const struct sparse_batch *x);

#define MACHINE_FUNCTIONS                                                                                              \
	.tables = TABLE_SPARSE, .kinds = machine_kinds, .close = machine_close, .keys = machine_keys,                      \
	.create = machine_create, .encode_news = encode_no_news, .score = machine_score, .loss = machine_loss,             \
	.pass = machine_pass
extern const char *const machine_kinds[];

#endif
