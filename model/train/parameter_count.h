/* How large a recommender is before there is any data. */
#ifndef COVERLINE_MODEL_TRAIN_PARAMETER_COUNT_H
#define COVERLINE_MODEL_TRAIN_PARAMETER_COUNT_H

#include "common/status.h"
#include "model/train/settings.h"

/* Sizes that numbers of parameters are told for, about those of MIND-small's training split. */
enum {
	COUNT_WORDS = 30000,
	COUNT_READERS = 50000,
	COUNT_CATEGORIES = 17,
	COUNT_SUBCATEGORIES = 264,
	COUNT_TRIGRAMS = 12000,
	COUNT_ENTITY_TYPES = 20,
};

struct parameter_count {
	int64_t all;
	int64_t tables; /* of these, in tables of words, readers and the like: those whose rows are looked up */
};

/* Of the recommender that s has chosen, on features as the published networks give them. */
MUST_CHECK enum status parameter_count(const struct settings *s, struct recommender *r, struct parameter_count *out);

#endif
