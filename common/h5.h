/* HDF5, as much of it as Coverline uses. Only h5.c and h5_read.c include hdf5.h (by h5_file.h).
 *
 * Files are made as NAME.part and renamed when whole; object times are not stored, so equal contents are
 * equal bytes. HDF5 is not thread-safe: call from one thread at a time. A program that links this has
 * HDF5_USE_FILE_LOCKING=FALSE in its environment from before main, unless the variable was set. */
#ifndef COVERLINE_COMMON_H5_H
#define COVERLINE_COMMON_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

enum h5_type { H5_U8, H5_I8, H5_I32, H5_I64, H5_U64, H5_F16, H5_F32, H5_F64, H5_STRING };

#define H5_DIMS_MAX 6
#define H5_TEXT_MAX 32768

/* A dataset's type and shape. */
struct h5_shape {
	enum h5_type type;
	int ndim;
	uint64_t dim[H5_DIMS_MAX];
	size_t string_size; /* bytes of a fixed-length string, NUL-padded; H5_STRING only */
};

struct h5_file; /* an open file */

/* Every file made here begins with a seal, HDF5's user block of H5_SEAL_SIZE bytes, which readers pass over: one line of
 * text with the SHA-256 of all bytes after the block, then NULs. `tail -c +513 FILE | sha256sum` computes it too. */
#define H5_SEAL_SIZE 512
/* Reads the whole file. ST_INTEGRITY if a byte of it is not as it was made. *sealed is false, and nothing was checked, for an
 * HDF5 file without a seal: one that another program made. */
MUST_CHECK enum status h5_check_seal(const char *path, bool *sealed);

/* Bytes of one element. */
size_t h5_element_size(const struct h5_shape *shape);

MUST_CHECK enum status h5_create(struct h5_file **f, const char *path);
/* Flushes, closes, seals, syncs, renames to the final name; frees f even on failure (then removes the .part). */
MUST_CHECK enum status h5_commit(struct h5_file *f);
/* Closes and removes the .part; for a file opened for reading, closes. Accepts NULL. */
void h5_close(struct h5_file *f);
MUST_CHECK enum status h5_open(struct h5_file **f, const char *path);

bool h5_has(struct h5_file *f, const char *name);
/* Whole dataset at once; parents ("a/b") are made. Contiguous when small, else chunked by rows of about
 * 256 KiB with fletcher32. data may be NULL when the shape has no elements. */
MUST_CHECK enum status h5_write(struct h5_file *f, const char *name, const struct h5_shape *shape, const void *data);
/* A dataset that grows by rows: shape->dim[0] is ignored. Chunks of whole rows, about 256 KiB, fletcher32. */
MUST_CHECK enum status h5_declare(struct h5_file *f, const char *name, const struct h5_shape *shape);
MUST_CHECK enum status h5_append(struct h5_file *f, const char *name, const struct h5_shape *shape, uint64_t rows,
                                 const void *data);

/* ST_MALFORMED if there is no such dataset or its type is none of h5_type. */
MUST_CHECK enum status h5_describe(struct h5_file *f, const char *name, struct h5_shape *shape);
/* Rows first … first+rows-1, converted to `as` (any of the numeric types; H5_STRING reads strings as
 * string_size bytes each, as h5_describe gave it). out holds rows * width elements. */
MUST_CHECK enum status h5_read(struct h5_file *f, const char *name, uint64_t first, uint64_t rows, enum h5_type as,
                               void *out);

/* Calls visit for each dataset under the root, by name in alphabetical order, until it fails. */
MUST_CHECK enum status h5_each(struct h5_file *f, enum status (*visit)(void *context, const char *name), void *context);

/* Attributes of the root group. Text is UTF-8; beyond H5_TEXT_MAX bytes, the most that the format has room for, it is
 * cut and ends in "...". h5_get_text gives memory that the caller frees. */
MUST_CHECK enum status h5_set_text(struct h5_file *f, const char *name, const char *value);
MUST_CHECK enum status h5_set_int(struct h5_file *f, const char *name, int64_t value);
MUST_CHECK enum status h5_get_text(struct h5_file *f, const char *name, char **value);
MUST_CHECK enum status h5_get_int(struct h5_file *f, const char *name, int64_t *value);

/* A virtual dataset: the rows of the same dataset in each source, one after another. Sources are paths like f's own,
 * in f's folder or below it; they are named relative to that folder, so that it can be moved as a whole.
 * ST_MALFORMED if two of them disagree in type or width. */
MUST_CHECK enum status h5_write_virtual(struct h5_file *f, const char *name, const char *const *sources,
                                        size_t source_count);

#endif
