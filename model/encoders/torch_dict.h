/* The state dict of a PyTorch file: which tensors there are, and where in which storage each lies.
 *
 * A pickle of a dictionary from names to tensors (torch._utils._rebuild_tensor and _v2, plain or as Parameters), either
 * itself or under the key "state_dict" or "model" of another. A tensor is a view of a storage, which the pickle names by a
 * persistent id and the container holds. Calls of anything else, and values that are not tensors, are refused. */
#ifndef COVERLINE_MODEL_ENCODERS_TORCH_DICT_H
#define COVERLINE_MODEL_ENCODERS_TORCH_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "model/encoders/pickle.h"
#include "model/encoders/weights_format.h"

#define TORCH_TENSORS_MAX 100000
#define TORCH_KEY_MAX     64

struct torch_storage {
	const char *key;
	enum element_type type;
	uint64_t element_size, count; /* their product fits */
	uint64_t place;               /* for the container: where it is */
	bool found;                   /* for the container */
};

/* Element (i, j, …) of a tensor is element first + i * stride[0] + j * stride[1] + … of its storage, and within it. */
struct torch_view {
	const struct torch_storage *storage;
	uint64_t first;
	int64_t stride[WEIGHTS_DIMS_MAX];
};

/* A persistent id: all of a storage, or, in files of 2017, a part of one. */
struct torch_reference {
	const struct pickle_value *value, *key;
	enum element_type type;
	uint64_t element_size, count;
	uint64_t part_first, part_count;
	struct torch_storage *storage;
};

struct torch_dict {
	struct pickle pickle;
	struct torch_reference *references; /* [pickle.persistent_count] */
	struct torch_storage *storages;     /* sorted by key */
	size_t storage_count;
	struct torch_view *views; /* by an entry's number */
};

/* Reads the pickle at bytes (borrowed as long as d); fills d, which is zeroed before, and f's entries. *used: how many bytes
 * it took. d is released by the caller, after a failure too. */
MUST_CHECK enum status torch_dict_read(struct torch_dict *d, struct weights_file *f, const void *bytes, size_t size,
                                       size_t *used);
void torch_dict_release(struct torch_dict *d);

/* NULL if the state dict has none of that key. */
struct torch_storage *torch_dict_storage(const struct torch_dict *d, const struct pickle_value *key);

/* What the pickles of a file may name; for those beside the state dict as well. */
struct pickle_rules torch_rules(const char *source);

#endif
