#include "model/train/feature_column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/half.h"
#include "common/log.h"
#include "common/rng.h"
#include "common/shard.h"
#include "model/train/feature_cache.h"

#define BLOCK_BYTES (1 << 23) /* of rows read at once */

/* Columns that are not listed are pictures', so that the control cannot pass one over. */
static enum news_part part_of(const char *kind, const char *column)
{
	static const struct {
		const char *kind, *column;
		enum news_part part;
	} parts[] = {
		{"clip", "title", NEWS_PART_TITLE},
		{"clip", "category", NEWS_PART_CATEGORY},
		{"clip", "subcategory", NEWS_PART_CATEGORY},
		{"impression", "word", NEWS_PART_CARD_WORDS},
		{"impression", "category", NEWS_PART_CATEGORY},
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcmp(kind, parts[i].kind) == 0 && strcmp(column, parts[i].column) == 0)
			return parts[i].part;
	return strcmp(kind, "bert") == 0 ? NEWS_PART_TITLE : NEWS_PART_PICTURE;
}

/* Whether the shard has it. */
static bool is_there(const struct feature_column *c, uint32_t row)
{
	if (c->state[row] == FEATURE_MISSING)
		return false;
	/* An impression card without a cover is still a card. */
	return c->part != NEWS_PART_PICTURE || c->state[row] != FEATURE_TEXT_ONLY ||
	       strcmp(c->want.kind, "impression") == 0;
}

bool feature_column_has(const struct feature_column *c, uint32_t row)
{
	return !c->hidden && is_there(c, row);
}

static struct feature_column *column_new(const struct feature_want *want, uint32_t rows, int ndim, const int64_t *dim)
{
	struct feature_column *c = xcalloc(1, sizeof *c);
	c->want = *want;
	c->rows = rows;
	c->ndim = ndim;
	memcpy(c->dim, dim, (size_t)ndim * sizeof *dim);
	c->part = part_of(want->kind, want->column);
	c->items = want->count ? dim[0] : 1;
	c->item_size = 1;
	for (int i = want->count ? 1 : 0; i < ndim; i++)
		c->item_size *= dim[i];
	c->state = xcalloc((size_t)rows + 1, sizeof *c->state);
	c->offset = xcalloc((size_t)rows + 1, sizeof *c->offset);
	return c;
}

static void column_close(struct feature_column *c)
{
	free(c->state);
	free(c->offset);
	free(c->value);
	feature_cache_close(c->cache);
	free(c->source);
	free(c->inputs);
	free(c->mean);
	free(c->scale);
	free(c->picture_of);
	free(c);
}

static void set_offsets(struct feature_column *c, const int32_t *count)
{
	for (uint32_t row = 0; row < c->rows; row++)
		c->offset[row + 1] = c->offset[row] + (!is_there(c, row) ? 0 : count ? count[row] : c->items);
}

static void set_push(struct feature_columns *fs, struct feature_column *take_c)
{
	fs->column = xrealloc(fs->column, (size_t)fs->count + 1, sizeof *fs->column);
	fs->column[fs->count++] = take_c;
}

void feature_columns_close(struct feature_columns *fs)
{
	for (int i = 0; i < fs->count; i++)
		column_close(fs->column[i]);
	free(fs->column);
	*fs = (struct feature_columns){0};
}

struct feature_column *feature_columns_find(const struct feature_columns *fs, const char *kind, const char *column)
{
	for (int i = 0; i < fs->count; i++)
		if (strcmp(fs->column[i]->want.kind, kind) == 0 && strcmp(fs->column[i]->want.column, column) == 0)
			return fs->column[i];
	return NULL;
}

/* Opening ------------------------------------------------------------------------------------------------------------- */

static enum status check_shape(const struct feature_want *w, const struct h5_shape *shape)
{
	const int least = w->count ? 3 : 2;
	if (shape->ndim < least || shape->ndim > FEATURE_DIMS + 1)
		return status_fail(ST_MALFORMED, "%s features: %s has %d dimensions, expected %d to %d", w->kind, w->column,
		                   shape->ndim, least, FEATURE_DIMS + 1);
	for (int i = 1; i < shape->ndim; i++)
		if (shape->dim[i] < 1 || shape->dim[i] > 65536)
			return status_fail(ST_MALFORMED, "%s features: dimension %d of %s is %llu, expected 1 to 65536", w->kind, i,
			                   w->column, (unsigned long long)shape->dim[i]);
	const uint64_t width = shape->dim[shape->ndim - 1];
	if (w->width && width != (uint64_t)w->width)
		return status_fail(ST_MALFORMED,
		                   "%s features: %s is %llu wide, expected %lld: extract them with another network", w->kind,
		                   w->column, (unsigned long long)width, (long long)w->width);
	return ST_OK;
}

static enum status read_counts(struct feature_column *c, struct shard_reader *r, const struct catalog *news)
{
	if (!c->want.count) {
		set_offsets(c, NULL);
		return ST_OK;
	}
	int32_t *count = xcalloc((size_t)c->rows + 1, sizeof *count);
	enum status st = c->rows ? shard_read(r, c->want.count, 0, c->rows, H5_I32, count) : ST_OK;
	for (uint32_t row = 0; row < c->rows && st == ST_OK; row++)
		if (count[row] < 0 || count[row] > c->items)
			st = status_fail(ST_MALFORMED, "%s features of %s: %s is %d, expected 0 to %lld", c->want.kind,
			                 news->news[row].id, c->want.count, (int)count[row], (long long)c->items);
	if (st == ST_OK)
		set_offsets(c, count);
	free(count);
	return st;
}

/* All but the values. */
static enum status describe(struct feature_column **out, const struct feature_want *w, struct shard_reader *r,
                            const struct catalog *news)
{
	struct h5_shape shape;
	int64_t dim[FEATURE_DIMS];
	*out = NULL;
	enum status st = shard_describe(r, w->column, &shape);
	if (st == ST_OK)
		st = check_shape(w, &shape);
	if (st != ST_OK)
		return st;
	for (int i = 1; i < shape.ndim; i++)
		dim[i - 1] = (int64_t)shape.dim[i];
	struct feature_column *c = column_new(w, news->count, shape.ndim - 1, dim);
	st = shard_states(r, c->state);
	if (st == ST_OK)
		st = shard_source(r, &c->source);
	if (st == ST_OK)
		st = shard_text(r, "inputs_sha256", &c->inputs);
	if (st == ST_OK)
		st = read_counts(c, r, news);
	if (st == ST_OK)
		*out = c;
	else
		column_close(c);
	return st;
}

static int64_t bytes_of(const struct feature_column *c)
{
	return c->offset[c->rows] * c->item_size * (int64_t)sizeof *c->value;
}

static enum status load(struct feature_column *c, struct shard_reader *r, const struct catalog *news)
{
	const size_t row_size = (size_t)(c->items * c->item_size), row_bytes = row_size * sizeof(uint16_t);
	const uint32_t together = row_bytes < BLOCK_BYTES ? (uint32_t)(BLOCK_BYTES / row_bytes) : 1;
	uint16_t *block = xmalloc(together * row_bytes);
	enum status st = ST_OK;
	c->value = xmalloc((size_t)bytes_of(c) + 1);
	for (uint32_t first = 0; first < c->rows && st == ST_OK; first += together) {
		const uint32_t n = c->rows - first < together ? c->rows - first : together;
		st = shard_read(r, c->want.column, first, n, H5_F16, block);
		for (uint32_t row = first; row < first + n && st == ST_OK; row++) {
			const int64_t size = (c->offset[row + 1] - c->offset[row]) * c->item_size;
			const uint16_t *x = block + (row - first) * row_size;
			if (!halves_finite(x, size))
				st = status_fail(ST_MALFORMED, "%s features of %s: %s is not finite (extract it again)", c->want.kind,
				                 news->news[row].id, c->want.column);
			memcpy(c->value + c->offset[row] * c->item_size, x, (size_t)size * sizeof *x);
		}
	}
	free(block);
	return st;
}

static enum status open_columns(struct feature_columns *fs, const char *data, const struct catalog *news,
                                const struct feature_want *wants, struct shard_reader **readers)
{
	for (int i = 0; wants[i].kind; i++) {
		struct feature_column *c;
		enum status st = shard_open(&readers[i], data, wants[i].kind, news);
		if (st == ST_OK)
			st = describe(&c, &wants[i], readers[i], news);
		if (st != ST_OK)
			return st;
		set_push(fs, c);
	}
	return ST_OK;
}

/* The smallest column that is neither held nor cached yet, or -1. */
static int smallest_left(const struct feature_columns *fs)
{
	int best = -1;
	for (int i = 0; i < fs->count; i++) {
		const struct feature_column *c = fs->column[i];
		if (!c->value && !c->cache && (best < 0 || bytes_of(c) < bytes_of(fs->column[best])))
			best = i;
	}
	return best;
}

static enum status place_columns(struct feature_columns *fs, const struct catalog *news, struct shard_reader **readers,
                                 int64_t memory)
{
	int left = fs->count;
	for (int i; (i = smallest_left(fs)) >= 0; left--) {
		struct feature_column *c = fs->column[i];
		if (bytes_of(c) <= memory) {
			memory -= bytes_of(c);
			enum status st = load(c, readers[i], news);
			if (st != ST_OK)
				return st;
			continue;
		}
		log_info("%s features: %s takes %.1f GB, more than train.feature_memory leaves: it is read from the shards",
		         c->want.kind, c->want.column, (double)bytes_of(c) / 1e9);
		c->cache = feature_cache_open(readers[i], c, news, memory / left);
		readers[i] = NULL;
		memory -= memory / left;
	}
	return ST_OK;
}

enum status feature_columns_open(struct feature_columns *fs, const char *data, const struct catalog *news,
                                 const struct feature_want *wants, int64_t memory)
{
	int count = 0;
	*fs = (struct feature_columns){0};
	while (wants && wants[count].kind)
		count++;
	if (count == 0)
		return ST_OK;
	struct shard_reader **readers = xcalloc((size_t)count, sizeof *readers);
	enum status st = open_columns(fs, data, news, wants, readers);
	if (st == ST_OK)
		st = place_columns(fs, news, readers, memory);
	for (int i = 0; i < count; i++)
		shard_close(readers[i]);
	free(readers);
	if (st != ST_OK)
		feature_columns_close(fs);
	return st;
}

struct feature_column *feature_columns_add(struct feature_columns *fs, const struct feature_want *want, uint32_t rows,
                                           int ndim, const int64_t *dim, const uint8_t *state, const int32_t *count,
                                           const uint16_t *value)
{
	struct feature_column *c = column_new(want, rows, ndim, dim);
	memcpy(c->state, state, rows);
	set_offsets(c, count);
	c->value = xmalloc((size_t)bytes_of(c) + 1);
	for (uint32_t row = 0; row < rows; row++)
		memcpy(c->value + c->offset[row] * c->item_size, value + (int64_t)row * c->items * c->item_size,
		       (size_t)((c->offset[row + 1] - c->offset[row]) * c->item_size) * sizeof *value);
	c->source = xstrdup("by hand");
	set_push(fs, c);
	return c;
}

int64_t feature_column_count(const struct feature_column *c, uint32_t row)
{
	const uint32_t from = c->picture_of ? c->picture_of[row] : row;
	return c->hidden ? 0 : c->offset[from + 1] - c->offset[from];
}

void feature_column_digest(const struct feature_column *c, struct digest *d)
{
	const size_t width = (size_t)c->dim[c->ndim - 1];
	digest_add_string(d, c->source);
	digest_add_string(d, c->inputs ? c->inputs : "");
	digest_add(d, c->dim, (size_t)c->ndim * sizeof *c->dim);
	digest_add(d, c->state, c->rows);
	digest_add(d, c->offset, ((size_t)c->rows + 1) * sizeof *c->offset);
	if (c->mean) {
		digest_add(d, c->mean, width * sizeof *c->mean);
		digest_add(d, c->scale, width * sizeof *c->scale);
	}
	if (c->picture_of)
		digest_add(d, c->picture_of, c->rows * sizeof *c->picture_of);
}

/* Reading, a batch at a time ------------------------------------------------------------------------------------------ */

/* out = (x - mean) * scale for n elements, n a multiple of the width. */
static void take_halves(const struct feature_column *c, const uint16_t *x, int64_t n, real *out)
{
	const int64_t width = c->dim[c->ndim - 1];
	float part[256];
	for (int64_t i = 0; i < n; i += width)
		for (int64_t j = 0; j < width; j += 256) {
			const int64_t m = width - j < 256 ? width - j : 256;
			half_to_float(part, x + i + j, (size_t)m);
			for (int64_t k = 0; k < m; k++)
				out[i + j + k] = c->mean ? (part[k] - c->mean[j + k]) * c->scale[j + k] : part[k];
		}
}

/* Where each row asked for goes. */
struct wanted {
	const uint32_t *rows; /* after the exchange of pictures */
	real *out;
	const int64_t *place; /* [count] element of out */
};

static void take_row(void *context, const struct feature_column *c, int32_t i, const uint16_t *halves)
{
	const struct wanted *w = context;
	const uint32_t row = w->rows[i];
	take_halves(c, halves, (c->offset[row + 1] - c->offset[row]) * c->item_size, w->out + w->place[i]);
}

/* Items of the row that are to be read. */
static int64_t items_of(const struct feature_column *c, uint32_t row)
{
	return c->hidden ? 0 : c->offset[row + 1] - c->offset[row];
}

static bool take_rows(struct feature_column *c, struct tape *t, const struct wanted *w, int32_t count)
{
	if (c->hidden)
		return true;
	if (c->value) {
#pragma omp parallel for schedule(static)
		for (int32_t i = 0; i < count; i++)
			take_row((void *)w, c, i, c->value + c->offset[w->rows[i]] * c->item_size);
		return true;
	}
	if (t->status == ST_OK)
		t->status = feature_cache_each(c, w->rows, count, take_row, (void *)w);
	return t->status == ST_OK;
}

static const uint32_t *exchange(const struct feature_column *c, struct tape *t, const uint32_t *rows, int32_t count)
{
	if (!c->picture_of)
		return rows;
	uint32_t *out = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *out);
	for (int32_t i = 0; i < count; i++)
		out[i] = c->picture_of[rows[i]];
	return out;
}

struct tensor *feature_column_rows(struct feature_column *c, const uint32_t *rows, int32_t count, struct tape *t,
                                   struct tensor **present)
{
	const int64_t size = c->items * c->item_size;
	int64_t dim[TENSOR_DIMS] = {count}, *place = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *place);
	memcpy(dim + 1, c->dim, (size_t)c->ndim * sizeof *dim);
	struct tensor *x = tape_tensor(t, c->ndim + 1, dim, false);
	const struct wanted w = {exchange(c, t, rows, count), x->data, place};
	if (present)
		*present = tape_tensor(t, 2, (int64_t[]){count, 1}, false);
	for (int32_t i = 0; i < count; i++) {
		const int64_t used = items_of(c, w.rows[i]) * c->item_size;
		place[i] = i * size;
		memset(x->data + place[i] + used, 0, (size_t)(size - used) * sizeof *x->data);
		if (present)
			(*present)->data[i] = feature_column_has(c, rows[i]);
	}
	return take_rows(c, t, &w, count) ? x : NULL;
}

struct tensor *feature_column_items(struct feature_column *c, const uint32_t *rows, int32_t count, struct tape *t,
                                    struct segments *segments)
{
	if (!c->want.count)
		BUG("%s features: %s has no count", c->want.kind, c->want.column);
	const uint32_t *from = exchange(c, t, rows, count);
	int32_t *offset = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *offset);
	int64_t *place = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *place), n = 0;
	offset[0] = 0;
	for (int32_t i = 0; i < count; i++) {
		place[i] = n * c->item_size;
		n += items_of(c, from[i]);
		if (n > INT32_MAX)
			BUG("more than %d items in a batch", INT32_MAX);
		offset[i + 1] = (int32_t)n;
	}
	*segments = (struct segments){offset, count};
	int64_t dim[TENSOR_DIMS] = {n};
	memcpy(dim + 1, c->dim + 1, (size_t)(c->ndim - 1) * sizeof *dim);
	struct tensor *x = tape_tensor(t, c->ndim, dim, false);
	return take_rows(c, t, &(struct wanted){from, x->data, place}, count) ? x : NULL;
}
