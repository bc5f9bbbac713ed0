/* Feature shards: one kind of feature for the catalogue's news, in parts that anyone can open.
 *
 * DATA/features/KIND/part-00000.h5, part-00001.h5, … and DATA/features/KIND.h5, which shows them as one table.
 *
 *   /id          fixed-length string of 32, NUL-padded            [rows]
 *   /state       uint8: enum feature_state                        [rows]
 *   /COLUMN      float16 (--dtype f32: float32), or int32 counts  [rows, …]
 *   attributes   schema (1), kind, first_row, rows, part_rows, network, weights_sha256, preprocessing, program,
 *                arguments, inputs_sha256
 *
 * Part p holds catalogue rows p * part_rows … in catalogue order: row i of the united table is news i. Chunks are
 * whole rows of about 256 KiB with fletcher32. A part exists only when whole. inputs_sha256 digests all that the
 * part's content follows from, so a rerun knows which parts are current. */
#ifndef COVERLINE_COMMON_SHARD_H
#define COVERLINE_COMMON_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/h5.h"
#include "common/status.h"

#define SHARD_SCHEMA      1
#define SHARD_COLUMNS_MAX 8
#define SHARD_PART_ROWS   4096 /* default of --part-rows */

enum feature_state {
	FEATURE_MISSING = 0,
	FEATURE_ORIGINAL = 1,   /* the news' own image */
	FEATURE_ARCHIVE = 2,    /* an archive's copy of it */
	FEATURE_SUBSTITUTE = 3, /* another page's image, found by headline */
	FEATURE_TEXT_ONLY = 4,  /* made without an image */
};

/* A column: shape.dim[0] is ignored, dim[1 …] is the shape of one row. */
struct shard_column {
	const char *name;
	struct h5_shape shape;
};

/* What a part is made of and from. Strings are borrowed. */
struct shard_info {
	const char *kind;
	const struct shard_column *columns;
	size_t column_count;
	const char *network;        /* "resnet101" */
	const char *weights_sha256; /* or "random:SEED" */
	const char *preprocessing;  /* size, interpolation, channel order, mean, deviation; as text */
	const char *arguments;      /* the command line */
	uint64_t part_rows;
};

struct shard_writer;

/* "DATA/features/KIND/part-00000.h5"; the caller frees. */
char *shard_part_path(const char *data, const char *kind, uint32_t part);
uint32_t shard_part_count(uint32_t rows, uint64_t part_rows);
/* True if the part is there, whole and made from inputs_sha256. */
bool shard_part_current(const char *data, const char *kind, uint32_t part, const char *inputs_sha256);

MUST_CHECK enum status shard_create(struct shard_writer **w, const char *data, const struct shard_info *info,
                                    uint32_t part, const char *inputs_sha256);
/* Appends n rows. data[c] is n * width elements of column c, in the column's type except that float columns
 * (F16, F32) are given as float and converted here; borrowed for this call only.
 * After a failure every later append returns that first status. */
MUST_CHECK enum status shard_append(struct shard_writer *w, size_t n, const char *const *id, const uint8_t *state,
                                    const void *const *data);
/* Writes the row count, syncs, renames. Frees w, even on failure. */
MUST_CHECK enum status shard_commit(struct shard_writer *w);
/* Removes the .part and frees w. Accepts NULL. Keeps this thread's message. */
void shard_discard(struct shard_writer *w);

/* Makes DATA/features/KIND.h5 over the parts; ST_FAILED names the first that is missing. Of several processes that may do so
 * at once each has a number of its own, from 0. */
MUST_CHECK enum status shard_unite(const char *data, const struct shard_info *info, uint32_t part_count, int process);
/* True if KIND.h5 was made over the parts as they are now. */
bool shard_united_current(const char *data, const struct shard_info *info, uint32_t part_count);

/* A kind open for reading, checked against the catalogue (row count and ids; ST_INTEGRITY says what differs). */
struct shard_reader;
MUST_CHECK enum status shard_open(struct shard_reader **r, const char *data, const char *kind,
                                  const struct catalog *news);
void shard_close(struct shard_reader *r);
uint32_t shard_rows(const struct shard_reader *r);
/* Shape of a column, dim[0] = rows. ST_MALFORMED if there is none of that name. */
MUST_CHECK enum status shard_describe(struct shard_reader *r, const char *column, struct h5_shape *shape);
/* Rows first …, converted to `as`: H5_F32 or H5_F64, H5_F16 for the raw halves, H5_I32 for counts. */
MUST_CHECK enum status shard_read(struct shard_reader *r, const char *column, uint64_t first, uint64_t rows,
                                  enum h5_type as, void *out);
MUST_CHECK enum status shard_states(struct shard_reader *r, uint8_t *out);
/* An attribute of the shard, e.g. "network"; the caller frees. */
MUST_CHECK enum status shard_text(struct shard_reader *r, const char *attribute, char **value);
/* What the shard was made with, as one text: network, weights and preprocessing. The caller frees. */
MUST_CHECK enum status shard_source(struct shard_reader *r, char **source);

#endif
