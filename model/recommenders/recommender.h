/* A recommender is one file and one line in the registry (recommender.c).
 *
 * It declares its keys, registers its parameters, and says how news become vectors and how a user's clicks and
 * candidates become scores. Everything else (batches, sampling, optimiser, checkpoints, scoring) is shared.
 *
 * To add one: write NAME.c with a struct that begins with struct recommender and a const struct recommender_type, declare
 * and list the type in recommender.c, and add a golden file to tests/parity. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_RECOMMENDER_H
#define COVERLINE_MODEL_RECOMMENDERS_RECOMMENDER_H

#include "common/config.h"
#include "common/status.h"
#include "model/tensor/ops.h"
#include "model/tensor/params.h"
#include "model/train/news_data.h"

struct recommender;

struct recommender_type {
	const char *name;         /* "nrms-im", as in the config's model.name */
	const char *paper;        /* "Xun et al., Why Do We Click, MM 2021" */
	const char *const *kinds; /* feature kinds that it can read, NULL-terminated */

	/* A zeroed recommender whose first field is struct recommender; and back. */
	struct recommender *(*open)(void);
	void (*close)(struct recommender *r);
	/* Its keys, all under "[NAME]"; the table lives as long as r. */
	const struct config_key *(*keys)(struct recommender *r);
	/* True if its settings make it read features of that kind. */
	bool (*reads)(const struct recommender *r, const char *kind);
	/* Registers its parameters. data gives vocabulary size and feature widths. */
	enum status (*create)(struct recommender *r, struct params *ps, const struct news_data *data);
	/* Puts pretrained values where the data has some. Once, in a new run, after params_seal; NULL: nothing to do. */
	void (*start)(struct recommender *r, const struct news_data *data);
	/* The vectors [count, d] of the distinct news in rows; NULL on failure (see tape_status). */
	struct tensor *(*encode_news)(struct recommender *r, struct tape *t, const struct news_data *data,
	                              const uint32_t *rows, int32_t count);
	/* One vector a user, [users, d], from the vectors of their clicks, packed oldest first. An empty history is zeros. */
	struct tensor *(*encode_user)(struct recommender *r, struct tape *t, struct tensor *clicks,
	                              const struct segments *users);
	/* Scores [n] of each user's candidates, packed. */
	struct tensor *(*score)(struct recommender *r, struct tape *t, struct tensor *candidates, struct tensor *users,
	                        const struct segments *impressions);
};

struct recommender {
	const struct recommender_type *type;
	double dropout; /* set before create; acts only while the tape trains */
};

/* The type of that name, or NULL; and all of them, NULL-terminated, for --list. */
const struct recommender_type *recommender_find(const char *name);
extern const struct recommender_type *const recommender_types[];

#endif
