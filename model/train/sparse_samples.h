/* The samples of feature-based models, written once and read by mapping: RUN/samples.bin, little-endian,
 *
 *   char     magic[8]        "CVLSPRS1"
 *   char     key[64]         sha256 of what it was made from
 *   char     digest[64]      sha256 of all that follows
 *   uint64   samples, pairs, buckets
 *   uint64   offset[samples + 1]    of a sample's first pair
 *   uint32   index[pairs]           ascending within a sample, each bucket once
 *   float    value[pairs]
 *   uint8    label[samples]         1 clicked, 0 not
 *
 * and the same by columns, for who goes bucket by bucket, in a file without a name. */
#ifndef COVERLINE_MODEL_TRAIN_SPARSE_SAMPLES_H
#define COVERLINE_MODEL_TRAIN_SPARSE_SAMPLES_H

#include "common/file.h"
#include "common/status.h"
#include "model/train/pass.h"

struct sparse_samples {
	struct file_map map;
	uint64_t count, pairs, buckets;
	const uint64_t *offset; /* [count + 1] */
	const uint32_t *index;  /* [pairs] */
	const float *value;     /* [pairs] */
	const uint8_t *label;   /* [count] */
};

/* Which candidates are samples. */
enum sparse_shown {
	SPARSE_DRAWN, /* every click, with as many negatives as the world says, drawn once */
	SPARSE_ALL,   /* every candidate of every impression */
};
#define SPARSE_SHOWN_NAMES "drawn|all"

/* Maps RUN/samples.bin, which is written if it is not there, not whole, or made from something else. */
MUST_CHECK enum status sparse_samples_open(struct sparse_samples *s, const struct pass_world *w,
                                           enum sparse_shown shown, unsigned groups);
void sparse_samples_close(struct sparse_samples *s); /* accepts a zeroed one */

/* Points s into bytes. ST_INTEGRITY with what is wrong unless sizes, offsets, order and range of indices are as stated above; key
 * and digest are not looked at. */
MUST_CHECK enum status sparse_samples_lay_out(struct sparse_samples *s, const char *bytes, size_t size);

/* Column j has entries offset[j] … offset[j + 1] - 1, by ascending sample. */
struct sparse_columns {
	const uint64_t *offset; /* [buckets + 1] */
	const uint32_t *sample; /* [pairs] */
	const float *value;     /* [pairs] */
	float *residual, *sum;  /* [samples] for the solver's use, zeros at first */
	void *map;
	size_t size;
};
/* folder is where the file without a name goes. ST_MEMORY for 2^32 samples or more. */
MUST_CHECK enum status sparse_columns_open(struct sparse_columns *c, const struct sparse_samples *s,
                                           const char *folder);
void sparse_columns_close(struct sparse_columns *c); /* accepts a zeroed one */

#endif
