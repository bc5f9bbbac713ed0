/* The fields of sparse_features.h for one candidate or for a batch. A new field is one line of the table in sparse_fields.c, and
 * its function there. */
#ifndef COVERLINE_MODEL_TRAIN_SPARSE_FIELDS_H
#define COVERLINE_MODEL_TRAIN_SPARSE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "model/recommenders/recommender.h"
#include "model/train/batch.h"
#include "model/train/news_data.h"

/* Groups of fields. Plain ones describe reader, candidate or moment; crosses pair what the reader is or clicked with what the
 * candidate is, for models that are linear in them (Wide&Deep's cross-product transformations, LR). */
enum sparse_group { SPARSE_PLAIN = 1, SPARSE_CROSSES = 2 };

/* Fields in these groups, those that the settings leave out among them: their segments are empty. */
int32_t sparse_field_count(unsigned groups);
/* Name of field number i of these groups. */
const char *sparse_field_name(unsigned groups, int32_t i);
/* The bits of a list of names, "all" or "user news hour"; ST_USAGE lists the names there are. */
MUST_CHECK enum status sparse_fields_find(const char *names, unsigned *bits);

/* Pairs of a growing list. Zero-initialise; free both. */
struct sparse_pairs {
	int32_t *index;
	real *value;
	size_t count, size;
};
void sparse_pairs_release(struct sparse_pairs *p);
/* Pairs first … count - 1 in order of index, those of one index summed. */
void sparse_pairs_merge(struct sparse_pairs *p, size_t first);

/* A reader at a moment: what the fields need of the clicks, told once for all candidates. */
struct sparse_reader;
struct sparse_reader *sparse_reader_new(const struct news_data *data);
void sparse_reader_free(struct sparse_reader *r); /* accepts NULL */
void sparse_reader_set(struct sparse_reader *r, const struct reader *who);
/* Appends the pairs of a candidate, field by field of the groups; end, if not NULL, receives p->count after each field. */
void sparse_reader_add(struct sparse_reader *r, uint32_t candidate, unsigned groups, struct sparse_pairs *p,
                       int32_t *end);

/* Samples are the candidates of the impressions, packed, as scores are. */
struct sparse_batch {
	int32_t samples, fields;
	struct segments by_field;  /* [samples * fields]: segment s * fields + f is field f of sample s */
	struct segments by_sample; /* [samples]: all fields of a sample together */
	const int32_t *index;      /* [pairs] rows of a table [buckets, …], as op_embedding_bag takes them */
	const real *value;         /* [pairs] */
};

/* What is read of the candidates of m, in the tape. data was asked for TABLE_SPARSE. Parts of the candidates that data
 * hides give no pairs; clicks keep theirs. NULL, after tape_fail, if there are more than INT32_MAX segments or pairs. */
const struct sparse_batch *sparse_batch_make(struct tape *t, const struct news_data *data, const struct impressions *m,
                                             unsigned groups);
/* The same with the pairs of a sample in order of index, those of one bucket summed: the hashed vector x itself. fields is 1. */
const struct sparse_batch *sparse_batch_merged(struct tape *t, const struct news_data *data,
                                               const struct impressions *m, unsigned groups);

#endif
