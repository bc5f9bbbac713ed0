#include "model/train/impression_features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/half.h"
#include "common/rng.h"
#include "common/shard.h"

#define BLOCK_ROWS 256

/* Columns of a block of rows, as the shard has them. */
struct block {
	uint16_t *word, *region, *category;
	int32_t *word_count;
	int32_t word_max;
};

static enum status expect_shape(struct shard_reader *r, const char *column, int ndim, struct h5_shape *shape)
{
	enum status st = shard_describe(r, column, shape);
	if (st != ST_OK)
		return st;
	if (shape->ndim != ndim)
		return status_fail(ST_MALFORMED, "impression features: %s has %d dimensions, expected %d", column, shape->ndim,
		                   ndim);
	for (int i = 1; i < ndim; i++)
		if (shape->dim[i] < 1 || shape->dim[i] > 65536)
			return status_fail(ST_MALFORMED, "impression features: dimension %d of %s is %llu, expected 1 to 65536", i,
			                   column, (unsigned long long)shape->dim[i]);
	return ST_OK;
}

static enum status read_shapes(struct impression_features *f, struct block *b, struct shard_reader *r)
{
	struct h5_shape word, region, category, global;
	enum status st = expect_shape(r, "word", 3, &word);
	if (st == ST_OK)
		st = expect_shape(r, "region", 3, &region);
	if (st == ST_OK)
		st = expect_shape(r, "category", 2, &category);
	if (st == ST_OK)
		st = expect_shape(r, "global", 2, &global);
	if (st != ST_OK)
		return st;
	if (word.dim[2] != region.dim[2] || word.dim[2] != category.dim[1])
		return status_fail(ST_MALFORMED, "impression features: word, region and category differ in width: %d, %d, %d",
		                   (int)word.dim[2], (int)region.dim[2], (int)category.dim[1]);
	f->cue_width = (int32_t)word.dim[2];
	f->global_width = (int32_t)global.dim[1];
	f->region_count = (int32_t)region.dim[1];
	b->word_max = (int32_t)word.dim[1];
	return ST_OK;
}

static bool halves_finite(const uint16_t *x, int64_t n)
{
	bool finite = true;
	for (int64_t i = 0; i < n; i++)
		finite &= (x[i] & 0x7c00) != 0x7c00;
	return finite;
}

/* Counts the cues of every news, and makes the offsets. */
static enum status count_cues(struct impression_features *f, const struct block *b, struct shard_reader *r,
                              const struct catalog *news)
{
	int32_t *count = xcalloc((size_t)f->rows + 1, sizeof *count);
	enum status st = f->rows ? shard_read(r, "word_count", 0, f->rows, H5_I32, count) : ST_OK;
	for (uint32_t row = 0; row < f->rows && st == ST_OK; row++) {
		if (count[row] < 0 || count[row] > b->word_max)
			st = status_fail(ST_MALFORMED, "impression features of %s: word_count is %d, expected 0 to %d",
			                 news->news[row].id, (int)count[row], (int)b->word_max);
		bool present = f->state[row] != FEATURE_MISSING;
		f->offset[row + 1] = f->offset[row] + (present ? count[row] + f->region_count + 1 : 0);
	}
	free(count);
	return st;
}

static enum status take_row(struct impression_features *f, const struct block *b, uint32_t i, uint32_t row,
                            const char *id)
{
	if (f->state[row] == FEATURE_MISSING) {
		memset(f->global + (size_t)row * (size_t)f->global_width, 0, (size_t)f->global_width * sizeof *f->global);
		return ST_OK;
	}
	const size_t width = (size_t)f->cue_width, regions = width * (size_t)f->region_count;
	const size_t words = (size_t)(f->offset[row + 1] - f->offset[row]) * width - regions - width;
	uint16_t *out = f->cue + (size_t)f->offset[row] * width;
	memcpy(out, b->word + (size_t)i * (size_t)b->word_max * width, words * sizeof *out);
	memcpy(out + words, b->region + i * regions, regions * sizeof *out);
	memcpy(out + words + regions, b->category + i * width, width * sizeof *out);
	if (!halves_finite(out, (int64_t)(words + regions + width)) ||
	    !halves_finite(f->global + (size_t)row * (size_t)f->global_width, f->global_width))
		return status_fail(ST_MALFORMED, "impression features of %s: not finite (extract it again)", id);
	return ST_OK;
}

static enum status read_rows(struct impression_features *f, struct block *b, struct shard_reader *r,
                             const struct catalog *news)
{
	enum status st = ST_OK;
	for (uint32_t first = 0; first < f->rows && st == ST_OK; first += BLOCK_ROWS) {
		const uint32_t n = f->rows - first < BLOCK_ROWS ? f->rows - first : BLOCK_ROWS;
		st = shard_read(r, "word", first, n, H5_F16, b->word);
		if (st == ST_OK)
			st = shard_read(r, "region", first, n, H5_F16, b->region);
		if (st == ST_OK)
			st = shard_read(r, "category", first, n, H5_F16, b->category);
		if (st == ST_OK)
			st = shard_read(r, "global", first, n, H5_F16, f->global + (size_t)first * (size_t)f->global_width);
		for (uint32_t i = 0; i < n && st == ST_OK; i++)
			st = take_row(f, b, i, first + i, news->news[first + i].id);
	}
	return st;
}

static enum status read_features(struct impression_features *f, struct shard_reader *r, const struct catalog *news)
{
	struct block b = {0};
	enum status st = read_shapes(f, &b, r);
	if (st == ST_OK)
		st = shard_source(r, &f->source);
	if (st != ST_OK)
		return st;
	const size_t width = (size_t)f->cue_width;
	f->offset = xcalloc((size_t)f->rows + 1, sizeof *f->offset);
	f->state = xcalloc((size_t)f->rows + 1, 1);
	f->global = xmalloc((size_t)f->rows * (size_t)f->global_width * sizeof *f->global + 1);
	st = shard_states(r, f->state);
	if (st == ST_OK)
		st = count_cues(f, &b, r, news);
	if (st != ST_OK)
		return st;
	f->cue = xmalloc((size_t)f->offset[f->rows] * width * sizeof *f->cue + 1);
	b.word = xmalloc(BLOCK_ROWS * (size_t)b.word_max * width * sizeof *b.word);
	b.region = xmalloc(BLOCK_ROWS * (size_t)f->region_count * width * sizeof *b.region);
	b.category = xmalloc(BLOCK_ROWS * width * sizeof *b.category);
	st = read_rows(f, &b, r, news);
	free(b.word);
	free(b.region);
	free(b.category);
	return st;
}

enum status impression_features_open(struct impression_features **out, const char *data, const struct catalog *news)
{
	*out = NULL;
	struct shard_reader *r;
	enum status st = shard_open(&r, data, "impression", news);
	if (st != ST_OK)
		return st;
	struct impression_features *f = xcalloc(1, sizeof *f);
	f->rows = news->count;
	st = read_features(f, r, news);
	shard_close(r);
	if (st == ST_OK)
		*out = f;
	else
		impression_features_close(f);
	return st;
}

void impression_features_close(struct impression_features *f)
{
	if (!f)
		return;
	free(f->cue);
	free(f->offset);
	free(f->global);
	free(f->state);
	free(f->source);
	free(f->cue_mean);
	free(f->cue_scale);
	free(f->global_mean);
	free(f->global_scale);
	free(f->picture_of);
	free(f->masked);
	free(f);
}

void impression_features_shuffle(struct impression_features *f, uint64_t seed)
{
	free(f->picture_of);
	f->picture_of = xcalloc((size_t)f->rows + 1, sizeof *f->picture_of);
	uint32_t *present = xmalloc(((size_t)f->rows + 1) * sizeof *present), n = 0;
	for (uint32_t row = 0; row < f->rows; row++) {
		f->picture_of[row] = row;
		if (f->state[row] != FEATURE_MISSING)
			present[n++] = row;
	}
	struct rng rng;
	rng_init(&rng, seed, rng_stream("shuffle_pictures"));
	rng_shuffle(&rng, present, n);
	for (uint32_t i = 0; i < n; i++)
		f->picture_of[present[i]] = present[(i + 1) % n];
	free(present);
}

void impression_features_mask(struct impression_features *f, double share, uint64_t seed)
{
	free(f->masked);
	f->masked = xcalloc((size_t)f->rows + 1, 1);
	uint32_t *present = xmalloc(((size_t)f->rows + 1) * sizeof *present), n = 0;
	for (uint32_t row = 0; row < f->rows; row++)
		if (f->state[row] != FEATURE_MISSING)
			present[n++] = row;
	struct rng rng;
	rng_init(&rng, seed, rng_stream("impression_share"));
	rng_shuffle(&rng, present, n);
	for (uint32_t i = (uint32_t)(share * n + 0.5); i < n; i++)
		f->masked[present[i]] = 1;
	free(present);
}

/* Reading, a batch at a time ------------------------------------------------------------------------------------------ */

/* out = (x - mean) * scale for n rows of halves. */
static void take_halves(const uint16_t *x, int64_t n, int32_t width, const float *mean, const float *scale, real *out)
{
	float part[256];
	for (int64_t i = 0; i < n; i++)
		for (int32_t j = 0; j < width; j += 256) {
			const int32_t m = width - j < 256 ? width - j : 256;
			half_to_float(part, x + i * width + j, (size_t)m);
			real *y = out + i * width + j;
			for (int32_t c = 0; c < m; c++)
				y[c] = mean ? (part[c] - mean[j + c]) * scale[j + c] : part[c];
		}
}

/* The cues of a news, by kind. */
struct cue_counts {
	int64_t words, regions, categories;
};

static struct cue_counts count_shown(const struct impression_features *f, uint32_t row)
{
	const int64_t n = f->offset[row + 1] - f->offset[row];
	if (n == 0 || (f->masked && f->masked[row]))
		return (struct cue_counts){0, 0, 0};
	return (struct cue_counts){.words = f->hidden & NEWS_PART_CARD_WORDS ? 0 : n - f->region_count - 1,
	                           .regions = f->hidden & NEWS_PART_PICTURE ? 0 : f->region_count,
	                           .categories = f->hidden & NEWS_PART_CATEGORY ? 0 : 1};
}

static void take_cues(const struct impression_features *f, uint32_t row, real *out)
{
	const struct cue_counts n = count_shown(f, row);
	const int64_t width = f->cue_width;
	const uint32_t picture = f->picture_of ? f->picture_of[row] : row;
	if (n.words)
		take_halves(f->cue + f->offset[row] * width, n.words, f->cue_width, f->cue_mean, f->cue_scale, out);
	if (n.regions)
		take_halves(f->cue + (f->offset[picture + 1] - 1 - f->region_count) * width, n.regions, f->cue_width,
		            f->cue_mean, f->cue_scale, out + n.words * width);
	if (n.categories)
		take_halves(f->cue + (f->offset[row + 1] - 1) * width, 1, f->cue_width, f->cue_mean, f->cue_scale,
		            out + (n.words + n.regions) * width);
}

struct tensor *news_data_cues(const struct impression_features *f, const uint32_t *rows, int32_t count, struct tape *t,
                              struct segments *memory)
{
	int32_t *offset = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *offset);
	offset[0] = 0;
	for (int32_t i = 0; i < count; i++) {
		const struct cue_counts n = count_shown(f, rows[i]);
		offset[i + 1] = offset[i] + (int32_t)(n.words + n.regions + n.categories);
	}
	*memory = (struct segments){offset, count};
	struct tensor *cues = tape_tensor(t, 2, (int64_t[]){offset[count], f->cue_width}, false);
#pragma omp parallel for schedule(static)
	for (int32_t i = 0; i < count; i++)
		take_cues(f, rows[i], cues->data + (int64_t)offset[i] * f->cue_width);
	return cues;
}

struct tensor *news_data_globals(const struct impression_features *f, const uint32_t *rows, int32_t count,
                                 struct tape *t, struct tensor **present)
{
	struct tensor *whole = tape_tensor(t, 2, (int64_t[]){count, f->global_width}, false);
	*present = tape_tensor(t, 2, (int64_t[]){count, 1}, false);
#pragma omp parallel for schedule(static)
	for (int32_t i = 0; i < count; i++) {
		real *out = whole->data + (int64_t)i * f->global_width;
		const uint32_t picture = f->picture_of ? f->picture_of[rows[i]] : rows[i];
		const bool masked = f->hidden & NEWS_PART_CARD || (f->masked && f->masked[rows[i]]);
		(*present)->data[i] = f->state[rows[i]] != FEATURE_MISSING && !masked;
		if (!((*present)->data[i] > 0))
			memset(out, 0, (size_t)f->global_width * sizeof *out);
		else
			take_halves(f->global + (int64_t)picture * f->global_width, 1, f->global_width, f->global_mean,
			            f->global_scale, out);
	}
	return whole;
}

/* Standardisation ----------------------------------------------------------------------------------------------------- */

struct moments {
	double *sum, *square;
	int64_t count;
};

static void add_moments(struct moments *m, const uint16_t *x, int32_t width)
{
	float part[256];
	for (int32_t j = 0; j < width; j += 256) {
		const int32_t n = width - j < 256 ? width - j : 256;
		half_to_float(part, x + j, (size_t)n);
		for (int32_t c = 0; c < n; c++) {
			m->sum[j + c] += part[c];
			m->square[j + c] += (double)part[c] * part[c];
		}
	}
	m->count++;
}

static void finish_moments(struct moments *m, int32_t width, float **mean, float **scale)
{
	free(*mean);
	free(*scale);
	*mean = xcalloc((size_t)width, sizeof **mean);
	*scale = xcalloc((size_t)width, sizeof **scale);
	for (int32_t j = 0; j < width; j++) {
		const double n = m->count ? (double)m->count : 1, average = m->sum[j] / n;
		const double deviation = sqrt(fmax(0, m->square[j] / n - average * average));
		(*mean)[j] = (float)average;
		(*scale)[j] = deviation > 1e-6 ? (float)(1 / (deviation * sqrt(width))) : 1;
	}
	free(m->sum);
	free(m->square);
}

static struct moments moments_new(int32_t width)
{
	return (struct moments){xcalloc((size_t)width, sizeof(double)), xcalloc((size_t)width, sizeof(double)), 0};
}

void impression_features_standardise(struct impression_features *f, const uint8_t *in_training)
{
	struct moments cue = moments_new(f->cue_width), global = moments_new(f->global_width);
	for (uint32_t row = 0; row < f->rows; row++) {
		if (!in_training[row] || f->state[row] == FEATURE_MISSING)
			continue;
		for (int64_t i = f->offset[row]; i < f->offset[row + 1]; i++)
			add_moments(&cue, f->cue + i * f->cue_width, f->cue_width);
		add_moments(&global, f->global + (int64_t)row * f->global_width, f->global_width);
	}
	finish_moments(&cue, f->cue_width, &f->cue_mean, &f->cue_scale);
	finish_moments(&global, f->global_width, &f->global_mean, &f->global_scale);
}

static enum status write_column(struct h5_file *file, const char *name, int32_t width, const float *x)
{
	const struct h5_shape shape = {.type = H5_F32, .ndim = 1, .dim = {(uint64_t)width}};
	return x ? h5_write(file, name, &shape, x) : ST_OK;
}

enum status impression_features_write(const struct impression_features *f, struct h5_file *file)
{
	enum status st = write_column(file, "impression/cue_mean", f->cue_width, f->cue_mean);
	if (st == ST_OK)
		st = write_column(file, "impression/cue_scale", f->cue_width, f->cue_scale);
	if (st == ST_OK)
		st = write_column(file, "impression/global_mean", f->global_width, f->global_mean);
	if (st == ST_OK)
		st = write_column(file, "impression/global_scale", f->global_width, f->global_scale);
	return st;
}

static enum status read_column(struct h5_file *file, const char *name, int32_t width, float **x)
{
	struct h5_shape shape;
	enum status st = h5_describe(file, name, &shape);
	if (st != ST_OK)
		return st;
	if (shape.ndim != 1 || shape.dim[0] != (uint64_t)width)
		return status_fail(ST_INTEGRITY, "%s has %llu columns, the features have %d", name,
		                   (unsigned long long)shape.dim[0], (int)width);
	free(*x);
	*x = xmalloc((size_t)width * sizeof **x);
	return h5_read(file, name, 0, shape.dim[0], H5_F32, *x);
}

enum status impression_features_read(struct impression_features *f, struct h5_file *file)
{
	if (!h5_has(file, "impression/cue_mean"))
		return ST_OK;
	enum status st = read_column(file, "impression/cue_mean", f->cue_width, &f->cue_mean);
	if (st == ST_OK)
		st = read_column(file, "impression/cue_scale", f->cue_width, &f->cue_scale);
	if (st == ST_OK)
		st = read_column(file, "impression/global_mean", f->global_width, &f->global_mean);
	if (st == ST_OK)
		st = read_column(file, "impression/global_scale", f->global_width, &f->global_scale);
	return st;
}
