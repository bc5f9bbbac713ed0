/* What a frozen trunk makes of each news, computed once and kept in a file: rows of `width` numbers, packed, as many a news
 * as it has tokens. Values are rounded to halves, those just computed too, so that a run does not depend on whether the file
 * was there.
 *
 * The file is used only while its key, width and offsets are those asked for; otherwise it is made anew. Layout,
 * little-endian: struct frozen_rows_head; int64 offset[news + 1]; zeros to a multiple of 64 bytes; half value[rows][width]. */
#ifndef COVERLINE_MODEL_TRAIN_FROZEN_ROWS_H
#define COVERLINE_MODEL_TRAIN_FROZEN_ROWS_H

#include <stdint.h>

#include "common/digest.h"
#include "common/file.h"
#include "common/status.h"
#include "model/tensor/tensor.h"

#define FROZEN_ROWS_MAGIC "coverline trunk"

struct frozen_rows_head {
	char magic[16];
	uint32_t version, width;
	uint64_t news, rows;
	char key[DIGEST_HEX];
	char zeros[23];
};

struct frozen_rows_plan {
	const char *path;
	char key[DIGEST_HEX];  /* of all that the values follow from: weights, layers, vocabulary, tokens */
	const int64_t *offset; /* [news + 1] from 0: rows offset[i] … offset[i + 1] - 1 are news i's; none is fine */
	uint32_t news;
	int32_t width;
	uint32_t together; /* the most news of one call of make */
	/* The rows of count news from first on, as bert_infer gives them. */
	enum status (*make)(void *context, uint32_t first, uint32_t count, real *out);
	void *context;
};

struct frozen_rows {
	uint32_t news;
	int32_t width;
	const int64_t *offset; /* in the map, as value */
	const uint16_t *value;
	struct file_map map;
};

/* Maps the file, which is made first if it is not there or not of this plan; of runs that ask at once, one makes it.
 * ST_INTERRUPTED, or what make fails with: then no new file is there. */
MUST_CHECK enum status frozen_rows_open(struct frozen_rows *f, const struct frozen_rows_plan *p);
void frozen_rows_close(struct frozen_rows *f); /* accepts a zeroed one */

/* The rows of news[0 … count) as a tensor [rows, width] that wants no gradient, and in *titles a segment for each news.
 * Memory is the tape's. Hand it to bert_layers(first = b->frozen). */
struct tensor *frozen_rows_take(const struct frozen_rows *f, struct tape *t, const uint32_t *news, int32_t count,
                                struct segments *titles);

/* Values first … first + count - 1 of those of one news, all its rows one after another: for rows of which parts are
 * not alike. */
void frozen_rows_copy(const struct frozen_rows *f, uint32_t news, int64_t first, int64_t count, real *out);

#endif
