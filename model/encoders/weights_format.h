/* Between weights.c and the files that weights come in. A format is a file of its own here and a line in weights.c's list:
 * it recognises its bytes, lists the tensors, and hands out one tensor's elements. */
#ifndef COVERLINE_MODEL_ENCODERS_WEIGHTS_FORMAT_H
#define COVERLINE_MODEL_ENCODERS_WEIGHTS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "model/encoders/weights.h"

enum element_type { ELEMENT_F32, ELEMENT_F16, ELEMENT_BF16, ELEMENT_OTHER };

/* A tensor of the file. ELEMENT_OTHER is there to be named, and is never read. */
struct weights_entry {
	const char *name; /* owned by the format */
	enum element_type type;
	int ndim;
	int64_t dim[WEIGHTS_DIMS_MAX]; /* their product times the element's size is below 2^63 */
	size_t number;                 /* the format's own, of where the elements are */
};

struct weights_file {
	const char *source; /* for messages; borrowed */
	const unsigned char *bytes;
	uint64_t size;
	struct weights_entry *entries; /* malloc'd by open, freed by weights.c */
	size_t entry_count;
	void *own; /* the format's; freed by close */
};

struct weights_format {
	/* By the bytes alone, never by the file's name. */
	bool (*recognise)(const unsigned char *bytes, uint64_t size);
	/* Fills entries and own; what it made before a failure is freed by close and weights.c too. */
	enum status (*open)(struct weights_file *f);
	/* The elements of e, row-major, little-endian, of e's type. Not by two threads at once. */
	enum status (*read)(struct weights_file *f, const struct weights_entry *e, void *out);
	void (*close)(struct weights_file *f); /* accepts own NULL */
};

extern const struct weights_format safetensors_format; /* safetensors.c; recognises whatever nothing else did */

/* ST_MALFORMED, "SOURCE: tensor NAME: what". */
MUST_CHECK enum status weights_malformed(const struct weights_file *f, const char *name, const char *what);

#endif
