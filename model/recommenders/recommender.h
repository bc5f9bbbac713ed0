/* A recommender is one file and one line in the registry (recommender.c).
 *
 * It declares its keys and the feature columns that it reads, registers its parameters, and says how news are encoded and how
 * candidates are scored. Everything else (batches, sampling, optimiser, checkpoints, scoring) is shared.
 *
 * To add one: write NAME.c with a struct that begins with struct recommender and a const struct recommender_type, declare
 * and list the type in recommender.c, and add golden/NAME.h5 to tests/parity (layout: tests/parity/test_recommenders.c). That
 * test and tests/unit/test_recommender_behaviour.c run whatever the registry lists. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_RECOMMENDER_H
#define COVERLINE_MODEL_RECOMMENDERS_RECOMMENDER_H

#include "common/config.h"
#include "common/status.h"
#include "model/tensor/ops.h"
#include "model/tensor/params.h"
#include "model/train/encoder_settings.h"
#include "model/train/news_data.h"

struct recommender;

/* What a recommender makes of the news of a batch or of a catalogue: a vector each, and for those that match words (FIM's
 * levels, RMBERT's word states), ragged parts of each; or nothing. Tensors live in the tape. When scoring, every news is
 * encoded once, and parts may have been kept as halves. */
struct encoded_news {
	struct tensor *vector;   /* [count, d], or NULL */
	struct tensor *part;     /* [part_of.offset[count], e], or NULL */
	struct segments part_of; /* a news' parts */
};

/* Impressions, packed over the slots of encoded news. Histories are oldest first; an empty one is an empty segment. Arrays
 * are good until the tape is reset. */
struct impressions {
	int32_t count;
	struct segments clicks, candidates; /* by impression */
	const int32_t *click, *candidate;   /* [offset[count]] slots of encoded_news */
	const int32_t *user;                /* [count] number of the reader among training's readers, from 1; 0: unseen */
	const int64_t *time;                /* [count] when they were shown, in seconds (impression_seconds) */
	const uint32_t *rows;               /* [slots] news row of each slot; NULL: slot i is news i */
};

/* What is read beside titles; tables are made of the training split and kept in the checkpoint. */
enum recommender_tables {
	TABLE_READERS = 1,    /* news_data.readers, impressions.user */
	TABLE_CATEGORIES = 2, /* news_data.category and subcategory */
	TABLE_ABSTRACTS = 4,  /* news_data.abstract; the vocabulary is of titles and abstracts then */
	TABLE_TRIGRAMS = 8,   /* news_data.trigram */
	TABLE_ENTITIES = 16,  /* news_data.entities; of abstracts, too, with TABLE_ABSTRACTS */
	TABLE_SPARSE = 32,    /* news_data.sparse (sparse_fields.h), readers, categories, abstracts; keys under [sparse] */
};

/* What of a network's published weights is read: all, or what a checkpoint that is read next does not hold. */
enum load_what { LOAD_ALL, LOAD_FROZEN };

struct pass;

/* Parameters that learn in turns with the others, from a loss and at a rate of their own (model/train/turns.h). */
struct turn {
	const char *prefix; /* of their names, with its full stop: "cgan.generator."; NULL ends a list */
	double learning_rate;
	int64_t from_epoch; /* epochs, from 0, before they begin to */
};

struct recommender_type {
	const char *name;         /* "nrms-im", as in the config's model.name */
	const char *paper;        /* "Xun et al., Why Do We Click, MM 2021" */
	const char *const *kinds; /* feature kinds that it can read, NULL-terminated */
	unsigned tables;          /* enum recommender_tables that it reads */
	const char *tiny; /* "nrms.heads=2 nrms.head_width=4": settings that the behaviour tests run it with; or NULL */
	int32_t encode_together; /* most news on a tape while scoring; 0: 256 */
	int32_t score_together;  /* most impressions on a tape while scoring; 0: 128 */
	int64_t score_pairs;     /* most clicks x candidates on a tape while scoring; 0: any number */

	/* A zeroed recommender whose first field is struct recommender; and back. */
	struct recommender *(*open)(void);
	void (*close)(struct recommender *r);
	/* Its keys, all under "[NAME]"; the table lives as long as r. NULL: none. */
	const struct config_key *(*keys)(struct recommender *r);
	/* The columns that its settings make it read, ended by {0}, living as long as r; NULL: none. In news_data_feature. */
	const struct feature_want *(*features)(const struct recommender *r);
	/* True if its settings make it read news_data.impression; NULL: it never does. */
	bool (*reads)(const struct recommender *r, const char *kind);
	/* Registers its parameters. data gives vocabulary size and feature widths. */
	enum status (*create)(struct recommender *r, struct params *ps, const struct news_data *data);
	/* Only of those with a network in the loop, whose keys are then those under [encoder], too: after params_seal, reads
	 * published weights and opens or makes what is kept of frozen layers. *network receives what the frozen layers are, in
	 * memory that the caller frees; NULL if none is frozen. NULL: no network. See recommender_load. */
	enum status (*load)(struct recommender *r, enum load_what what, char **network);
	/* Puts pretrained values where the data has some. Once, in a new run, after params_seal; NULL: nothing to do. */
	void (*start)(struct recommender *r, const struct news_data *data);
	/* Encodes the distinct news in rows. False on failure (see tape_status). */
	bool (*encode_news)(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
	                    int32_t count, struct encoded_news *out);
	/* Scores of all candidates, packed: [n] with n = candidates.offset[count]; those that look at a candidate first see the
	 * clicks here. A candidate's score does not depend on the others'. */
	struct tensor *(*score)(struct recommender *r, struct tape *t, const struct news_data *data,
	                        const struct encoded_news *news, const struct impressions *m);
	/* The loss [1] of a training batch, in which the first candidate of each impression is the clicked one. NULL: cross-entropy
	 * over each impression's candidates. */
	struct tensor *(*loss)(struct recommender *r, struct tape *t, const struct news_data *data,
	                       const struct encoded_news *news, const struct impressions *m, struct tensor *scores);
	/* The passes over all samples (model/train/pass.h) that its settings make it learn by, in place of steps over batches; NULL, or
	 * giving NULL: it learns by steps. */
	const struct pass *(*pass)(const struct recommender *r);
	/* The turns that its settings make it learn in, living as long as r; NULL (or giving NULL): none. */
	const struct turn *(*turns)(const struct recommender *r);
	/* The loss [1] of a turn over the distinct news of a training batch; NULL without a failure: nothing to learn from. */
	struct tensor *(*turn_loss)(struct recommender *r, struct tape *t, const struct news_data *data,
	                            const uint32_t *rows, int32_t count, int turn);
};

struct recommender {
	const struct recommender_type *type;
	double dropout;                         /* set before create; acts only while the tape trains */
	const struct watch *watch;              /* NULL: nobody wants to see weights */
	const struct encoder_settings *encoder; /* set before create */
};

/* The type of that name, or NULL; and all of them, NULL-terminated, for --list. */
const struct recommender_type *recommender_find(const char *name);
extern const struct recommender_type *const recommender_types[];

/* Attention weights that encode_news or score offers to who watches (score --attention). */
enum watch_axis {
	WATCH_WORDS,      /* words of the news' title */
	WATCH_CUES,       /* of kind impression: words on the card, regions, category */
	WATCH_CLICKS,     /* of the impression's reader */
	WATCH_CANDIDATES, /* of the impression */
	WATCH_ONE,        /* one row a segment, where only columns are weighed */
	WATCH_NUMBERS,    /* anything else: 1, 2, … */
	WATCH_MODALITIES, /* id, visual, text */
};
enum watch_unit { WATCH_NEWS, WATCH_IMPRESSIONS };
struct watched {
	const char *name;     /* "word-cue" */
	enum watch_unit unit; /* segment i is the i-th news that encode_news was given, or the i-th impression of score */
	enum watch_axis row, column;
	int heads;
	const struct segments *rows, *columns; /* rows NULL for WATCH_ONE */
	const real *weights; /* as op_attention's: for segment s, head h a block [rows of s, columns of s], by (s, h) */
};
struct watch {
	void (*take)(void *context, const struct watched *w); /* copies what it wants */
	void *context;
};
/* Nothing if nobody watches. */
void recommender_watch(const struct recommender *r, const struct watched *w);
/* Of each head, what each candidate makes of its reader's clicks: blocks [candidates, clicks] as in struct watched,
 * "candidate-click". */
void watch_candidate_clicks(const struct recommender *r, const struct impressions *m, int heads, const real *weights);
/* The type's load, if it has one, after params_seal and before a checkpoint's parameters are read; data->network is told. */
MUST_CHECK enum status recommender_load(struct recommender *r, struct news_data *data, enum load_what what);

/* encode_news of those that read nothing of a news alone, but of a candidate in its impression. */
bool encode_no_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                    int32_t count, struct encoded_news *out);

/* For models that score by a dot product: the vectors of all clicks and of all candidates, [offset[count], d] each … */
struct tensor *gather_clicks(struct tape *t, struct tensor *vectors, const struct impressions *m);
struct tensor *gather_candidates(struct tape *t, struct tensor *vectors, const struct impressions *m);
/* … and the product of each candidate with its reader's vector: users [count, d], candidates [n, d] -> [n]. */
struct tensor *score_by_dot(struct tape *t, struct tensor *users, struct tensor *candidates,
                            const struct segments *segments);
/* [candidates] whose each candidate is: the number of its impression. In the tape. */
const int32_t *candidate_impressions(struct tape *t, const struct impressions *m);
/* The sum of each segment's rows: [n, d] -> [segments, d]. */
struct tensor *sum_rows(struct tape *t, struct tensor *x, const struct segments *segments);
/* The mean of each segment's rows; zeros of an empty one. */
struct tensor *mean_rows(struct tape *t, struct tensor *x, const struct segments *segments);
/* The largest of rows first[i] … end[i] - 1 of x [n, d], column by column: [count, d]; zeros where there are none. */
struct tensor *largest_rows(struct tape *t, struct tensor *x, const int32_t *first, const int32_t *end, int32_t count);
/* x * by. */
struct tensor *times(struct tape *t, struct tensor *x, double by);
/* Binary cross-entropy over all candidates, of which the first of each impression is clicked. */
struct tensor *click_bce(struct tape *t, struct tensor *scores, const struct impressions *m);

#endif
