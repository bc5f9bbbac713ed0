/* Published weights, or seeded random ones in their place.
 *
 * A .safetensors file: 8 bytes little-endian header length; that many bytes of JSON, an object of
 *     "NAME": {"dtype": "F16", "shape": [64, 3, 7, 7], "data_offsets": [first, end]}
 * and "__metadata__"; then the data, offsets counted from its start, little-endian and row-major. The file is
 * memory-mapped. It is treated as hostile: the header's length, every offset, shape and data type is checked, and tensors
 * that overlap or leave the file are refused. */
#ifndef COVERLINE_MODEL_ENCODERS_WEIGHTS_H
#define COVERLINE_MODEL_ENCODERS_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/status.h"
#include "common/strbuf.h"

#define WEIGHTS_HEADER_MAX ((uint64_t)16 << 20)
#define WEIGHTS_NAME_MAX   160
#define WEIGHTS_DIMS_MAX   8

/* How random weights fill a tensor. */
enum weights_init {
	WEIGHTS_CONSTANT, /* `value` everywhere */
	WEIGHTS_HE,       /* normal, variance 2 / (elements of one row of dim[0])      (He et al. 2015, fan-in) */
};

/* A tensor that a network has. */
struct weights_tensor {
	char name[WEIGHTS_NAME_MAX];
	int ndim;
	int64_t dim[WEIGHTS_DIMS_MAX];
	bool optional; /* may be absent, and may have any shape: a network that stops earlier has no use for it */
	enum weights_init init;
	float value;
};

struct weights;

/* source: a file, or "random:SEED". ST_MALFORMED says what is wrong with the file. */
MUST_CHECK enum status weights_open(struct weights **w, const char *source);
/* The same for bytes in memory, borrowed while w is open; name stands for them in messages. */
MUST_CHECK enum status weights_open_bytes(struct weights **w, const void *bytes, size_t size, const char *name);
void weights_close(struct weights *w); /* accepts NULL */

/* SHA-256 of the file, or "random:SEED": what shards and digests say. Lives as long as w. */
const char *weights_digest(const struct weights *w);
bool weights_are_random(const struct weights *w);

/* Holds the file against the network's whole list: ST_MALFORMED with one message that names everything missing, of another
 * shape, or in the file but not in the list. Random weights always fit. */
MUST_CHECK enum status weights_check(const struct weights *w, const struct weights_tensor *list, size_t count);
/* The tensor as floats, dim[0] * dim[1] * … of them, into out. Random ones are a function of (seed, name) alone. */
MUST_CHECK enum status weights_read(const struct weights *w, const struct weights_tensor *t, float *out);

#endif
