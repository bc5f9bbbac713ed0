/* Attention weights on disk: NRMS-IM's words and cues, through the scorer; and weights of impressions, handed over as a recommender
 * would; what VLSNR and RMBERT offer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "model/train/attention_file.h"
#include "model/train/scorer.h"
#include "tests/support/golden.h"
#include "tests/support/news_world.h"
#include "tests/support/scratch.h"

static void expect_text(struct h5_file *f, const char *attribute, const char *wanted)
{
	char *text;
	must(h5_get_text(f, attribute, &text));
	assert_string_equal(text, wanted);
	free(text);
}

static char *read_labels(struct h5_file *f, const char *name)
{
	struct h5_shape shape;
	must(h5_describe(f, name, &shape));
	assert_int_equal(shape.type, H5_STRING);
	assert_int_equal(shape.string_size, ATTENTION_LABEL);
	char *out = xcalloc((size_t)shape.dim[0] + 1, ATTENTION_LABEL);
	must(h5_read(f, name, 0, shape.dim[0], H5_STRING, out));
	return out;
}

/* A block a news that has words and cues, in order of the catalogue. */
static void words_and_cues(void **state)
{
	(void)state;
	struct news_world w;
	struct scorer s;
	struct attention_file *a;
	struct h5_file *f;
	const char *path = scratch_path("attention.h5");
	news_world_open(&w, recommender_find("nrms-im"));
	must(attention_file_create(&a, path, &w.data, "nrms-im", "digest"));
	scorer_init(&s, w.r, &w.data, WORLD_CLICKS);
	s.attention = a;
	w.r->watch = attention_file_watch(a);
	must(scorer_encode(&s, NULL));
	must(attention_file_commit(a));
	scorer_release(&s);

	must(h5_open(&f, path));
	expect_text(f, "names", "word-cue");
	expect_text(f, "model", "nrms-im");
	expect_text(f, "catalogue_sha256", "digest");
	expect_text(f, "word-cue unit", "news");
	expect_text(f, "word-cue rows", "words");
	expect_text(f, "word-cue columns", "cues");
	size_t blocks, weights;
	int64_t *of = golden_read(f, "word-cue/of", H5_I64, &blocks),
			*offset = golden_read(f, "word-cue/offset", H5_I64, NULL);
	int64_t *row = golden_read(f, "word-cue/row_offset", H5_I64, NULL),
			*column = golden_read(f, "word-cue/column_offset", H5_I64, NULL);
	int32_t *shape = golden_read(f, "word-cue/shape", H5_I32, NULL);
	float *weight = golden_read(f, "word-cue/weight", H5_F32, &weights);
	char *cue = read_labels(f, "word-cue/column");
	size_t b = 0;
	for (uint32_t news = 0; news < WORLD_NEWS; news++) {
		const struct impression_features *x = w.data.impression;
		const int32_t words = (int32_t)(w.data.title.offset[news + 1] - w.data.title.offset[news]),
					  cues = (int32_t)(x->offset[news + 1] - x->offset[news]);
		if (words == 0 || cues == 0)
			continue;
		assert_true(b < blocks);
		assert_int_equal(of[b], news);
		assert_memory_equal(shape + 3 * b, ((const int32_t[]){1, words, cues}), 3 * sizeof *shape);
		assert_int_equal(offset[b + 1] - offset[b], words * cues);
		assert_int_equal(row[b + 1] - row[b], words);
		assert_int_equal(column[b + 1] - column[b], cues);
		for (int32_t i = 0; i < words; i++) {
			double sum = 0;
			for (int32_t j = 0; j < cues; j++)
				sum += weight[offset[b] + i * cues + j];
			assert_true(fabs(sum - 1) < 1e-5);
		}
		const char *last = cue + (column[b + 1] - 1) * ATTENTION_LABEL;
		assert_string_equal(last, "category");
		assert_string_equal(last - ATTENTION_LABEL, "region 3");
		assert_string_equal(last - 3 * ATTENTION_LABEL, "region 1");
		b++;
	}
	assert_int_equal(b, blocks);
	assert_int_equal(offset[blocks], weights);
	free(of);
	free(offset);
	free(row);
	free(column);
	free(shape);
	free(weight);
	free(cue);
	h5_close(f);
	news_world_close(&w);
}

/* Two heads over clicks for each candidate; a reader without clicks gives no block. */
static void clicks_and_candidates(void **state)
{
	(void)state;
	struct news_world w;
	struct attention_file *a;
	struct h5_file *f;
	struct batch b;
	const char *path = scratch_path("pairs.h5");
	const uint32_t history[] = {7, 8, 9}, shown[] = {1, 2};
	real weights[] = {.25f, .75f, .5f, .5f, 1, 0, .125f, .875f, 2, 3, 4, 5, 6, 7};
	news_world_open(&w, recommender_find("nrms"));
	batch_init(&b, WORLD_NEWS, BATCH_DISTINCT);
	batch_add(&b, &(struct reader){.clicks = history, .count = 2}, 5, shown, 2);
	batch_add(&b, &(struct reader){.clicks = history}, 5, shown, 2);
	batch_add(&b, &(struct reader){.clicks = history, .count = 3}, 5, shown + 1, 1);
	must(attention_file_create(&a, path, &w.data, "nrms", ""));
	attention_file_of_impressions(a, &b, 40);
	w.r->watch = attention_file_watch(a);
	const struct segments rows = {b.candidates.offset, 3}, columns = {b.clicks.offset, 3};
	recommender_watch(w.r, &(struct watched){"click", WATCH_IMPRESSIONS, WATCH_CANDIDATES, WATCH_CLICKS, 2, &rows,
	                                         &columns, weights});
	must(attention_file_status(a));
	must(attention_file_commit(a));
	must(h5_open(&f, path));
	int64_t *of = golden_read(f, "click/of", H5_I64, NULL);
	int32_t *shape = golden_read(f, "click/shape", H5_I32, NULL);
	float *weight = golden_read(f, "click/weight", H5_F32, NULL);
	char *row = read_labels(f, "click/row"), *column = read_labels(f, "click/column");
	assert_memory_equal(of, ((const int64_t[]){40, 42}), 2 * sizeof *of);
	assert_memory_equal(shape, ((const int32_t[]){2, 2, 2, 2, 1, 3}), 6 * sizeof *shape);
	assert_memory_equal(weight, weights, sizeof weights);
	assert_string_equal(row, "N1");
	assert_string_equal(row + 2 * ATTENTION_LABEL, "N2");
	assert_string_equal(column + ATTENTION_LABEL, "N8");
	assert_string_equal(column + 4 * ATTENTION_LABEL, "N9");
	free(of);
	free(shape);
	free(weight);
	free(row);
	free(column);
	h5_close(f);
	batch_release(&b);

	/* Nothing offered: refused, and no file. */
	must(attention_file_create(&a, scratch_path("none.h5"), &w.data, "nrms", ""));
	assert_int_equal(attention_file_commit(a), ST_USAGE);
	assert_false(file_exists(scratch_path("none.h5")));
	news_world_close(&w);
}

/* What a recommender offers while it scores, kept. */
struct offer {
	const char *name;
	enum watch_unit unit;
	enum watch_axis row, column;
	int heads;
	int32_t rows[3], columns[3]; /* of the three segments: news 1 to 3, or the impressions below */
	const real *block[3];
	real *weights;
};
struct offers {
	struct offer list[4];
	int count;
};

static void keep(void *context, const struct watched *w)
{
	struct offers *all = context;
	struct offer *o = &all->list[all->count++];
	int64_t size = 0;
	*o = (struct offer){.name = w->name, .unit = w->unit, .row = w->row, .column = w->column, .heads = w->heads};
	for (int32_t s = 0; s < w->columns->count; s++)
		size += (int64_t)w->heads * (w->rows ? w->rows->offset[s + 1] - w->rows->offset[s] : 1) *
		        (w->columns->offset[s + 1] - w->columns->offset[s]);
	o->weights = xmalloc((size_t)size * sizeof *o->weights + 1);
	memcpy(o->weights, w->weights, (size_t)size * sizeof *o->weights);
	const real *next = o->weights;
	for (int32_t s = 0; s < 3 && w->columns->count == 3; s++) {
		o->rows[s] = w->rows ? w->rows->offset[s + 1] - w->rows->offset[s] : 1;
		o->columns[s] = w->columns->offset[s + 1] - w->columns->offset[s];
		o->block[s] = next;
		next += (int64_t)w->heads * o->rows[s] * o->columns[s];
	}
}

static void expect_offer(const struct offer *o, const char *name, enum watch_unit unit, enum watch_axis row,
                         enum watch_axis column, int heads)
{
	assert_string_equal(o->name, name);
	assert_int_equal(o->unit, unit);
	assert_int_equal(o->row, row);
	assert_int_equal(o->column, column);
	assert_int_equal(o->heads, heads);
	for (int s = 0; s < 3; s++)
		for (int i = 0; o->columns[s] && i < o->heads * o->rows[s]; i++) {
			double sum = 0;
			for (int j = 0; j < o->columns[s]; j++)
				sum += o->block[s][i * o->columns[s] + j];
			assert_true(fabs(sum - 1) < 1e-5);
		}
}

static double weight(const struct offer *o, int segment, int head, int row, int column)
{
	return o->block[segment][(head * o->rows[segment] + row) * o->columns[segment] + column];
}

/* A reader of three clicks, the first and the last of them the same news, who is shown four news; one without clicks;
 * and one of two clicks who is shown the fourth of those alone. */
static void watch_three(const char *name, struct offers *all)
{
	static const uint32_t history[] = {7, 8, 7}, shown[] = {1, 3, 4, 2};
	struct news_world w;
	struct batch b;
	const struct watch watch = {keep, all};
	news_world_open(&w, recommender_find(name));
	w.r->watch = &watch;
	/* Far from where all weigh alike. */
	for (int64_t i = 0; i < w.params.size; i++)
		w.params.value[i] *= 2;
	batch_init(&b, WORLD_NEWS, BATCH_EVERY_NEWS);
	batch_add(&b, &(struct reader){.clicks = history, .count = 3}, 5, shown, 4);
	batch_add(&b, &(struct reader){.clicks = history}, 5, shown, 2);
	batch_add(&b, &(struct reader){.clicks = history, .count = 2}, 5, shown + 3, 1);
	uint32_t rows[WORLD_NEWS];
	struct encoded_news news = {0};
	for (uint32_t i = 0; i < WORLD_NEWS; i++)
		rows[i] = i;
	w.tape.training = false;
	assert_true(w.r->type->encode_news(w.r, &w.tape, &w.data, rows, WORLD_NEWS, &news));
	assert_non_null(w.r->type->score(w.r, &w.tape, &w.data, &news, batch_impressions(&b, &w.tape)));
	batch_release(&b);
	news_world_close(&w);
}

static void forget(struct offers *all)
{
	for (int i = 0; i < all->count; i++)
		free(all->list[i].weights);
}

/* VLSNR: clicks among each other (eq. 7), and what their states weigh in the reader (eq. 11). */
static void history_of_vlsnr(void **state)
{
	(void)state;
	struct offers all = {0};
	watch_three("vlsnr", &all);
	assert_int_equal(all.count, 2);
	const struct offer *among = &all.list[0], *whole = &all.list[1];
	expect_offer(among, "click-click", WATCH_IMPRESSIONS, WATCH_CLICKS, WATCH_CLICKS, 2);
	expect_offer(whole, "click", WATCH_IMPRESSIONS, WATCH_ONE, WATCH_CLICKS, 1);
	assert_memory_equal(among->rows, ((const int32_t[]){3, 0, 2}), sizeof among->rows);
	assert_memory_equal(whole->columns, ((const int32_t[]){3, 0, 2}), sizeof whole->columns);
	/* The same news asks and is asked alike; its states, at two places in time, are two. */
	for (int head = 0; head < 2; head++)
		for (int j = 0; j < 3; j++) {
			assert_true(fabs(weight(among, 0, head, 0, j) - weight(among, 0, head, 2, j)) < 1e-6);
			assert_true(fabs(weight(among, 0, head, j, 0) - weight(among, 0, head, j, 2)) < 1e-6);
		}
	assert_true(fabs(weight(among, 0, 0, 0, 0) - weight(among, 0, 0, 0, 1)) > 1e-6);
	assert_true(fabs(weight(whole, 0, 0, 0, 0) - weight(whole, 0, 0, 0, 2)) > 1e-7);
	forget(&all);
}

/* RMBERT: words by cell (eq. 3), and clicks by candidate, a head a cell (eq. 6). */
static void cells_of_rmbert(void **state)
{
	(void)state;
	struct offers all = {0};
	watch_three("rmbert", &all);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.list[0].name, "cell-word");
	assert_int_equal(all.list[0].unit, WATCH_NEWS);
	const struct offer *clicks = &all.list[1];
	expect_offer(clicks, "candidate-click", WATCH_IMPRESSIONS, WATCH_CANDIDATES, WATCH_CLICKS, 2);
	assert_memory_equal(clicks->rows, ((const int32_t[]){4, 2, 1}), sizeof clicks->rows);
	assert_memory_equal(clicks->columns, ((const int32_t[]){3, 0, 2}), sizeof clicks->columns);
	for (int head = 0; head < 2; head++)
		for (int i = 0; i < 4; i++)
			assert_true(fabs(weight(clicks, 0, head, i, 0) - weight(clicks, 0, head, i, 2)) < 1e-6);
	/* The first cell knows nothing of a reader yet: of two clicks, their shares are as many times each other's as they are
	 * for the same candidate among three. */
	assert_true(fabs(weight(clicks, 0, 0, 3, 0) / weight(clicks, 0, 0, 3, 1) -
	                 weight(clicks, 2, 0, 0, 0) / weight(clicks, 2, 0, 0, 1)) < 1e-4);
	assert_true(fabs(weight(clicks, 0, 0, 3, 0) - weight(clicks, 0, 0, 3, 1)) > 1e-6);
	forget(&all);
}

/* RMBERT's words, as its file has them: two cells over the wordpieces of each title that has some. */
static void words_of_rmbert(void **state)
{
	(void)state;
	struct news_world w;
	struct scorer s;
	struct attention_file *a;
	struct h5_file *f;
	const char *path = scratch_path("cells.h5");
	news_world_open(&w, recommender_find("rmbert"));
	must(attention_file_create(&a, path, &w.data, "rmbert", "digest"));
	scorer_init(&s, w.r, &w.data, WORLD_CLICKS);
	s.attention = a;
	w.r->watch = attention_file_watch(a);
	must(scorer_encode(&s, NULL));
	must(attention_file_commit(a));
	scorer_release(&s);
	must(h5_open(&f, path));
	expect_text(f, "cell-word columns", "numbers");
	size_t blocks;
	int64_t *of = golden_read(f, "cell-word/of", H5_I64, &blocks),
			*at = golden_read(f, "cell-word/offset", H5_I64, NULL);
	int32_t *shape = golden_read(f, "cell-word/shape", H5_I32, NULL);
	float *words = golden_read(f, "cell-word/weight", H5_F32, NULL);
	size_t b = 0;
	for (uint32_t news = 0; news < WORLD_NEWS; news++) {
		const int32_t tokens = feature_column_count(news_data_feature(&w.data, "bert", "token"), news);
		if (tokens <= 2)
			continue;
		assert_true(b < blocks);
		assert_int_equal(of[b], news);
		assert_memory_equal(shape + 3 * b, ((const int32_t[]){1, 2, tokens - 2}), 3 * sizeof *shape);
		for (int cell = 0; cell < 2; cell++) {
			double sum = 0;
			for (int32_t j = 0; j < tokens - 2; j++)
				sum += words[at[b] + cell * (tokens - 2) + j];
			assert_true(fabs(sum - 1) < 1e-5);
		}
		b++;
	}
	assert_int_equal(b, blocks);
	assert_true(b > WORLD_NEWS / 3);
	free(of);
	free(at);
	free(shape);
	free(words);
	h5_close(f);
	news_world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_cues),  cmocka_unit_test(clicks_and_candidates), cmocka_unit_test(history_of_vlsnr),
		cmocka_unit_test(cells_of_rmbert), cmocka_unit_test(words_of_rmbert),
	};
	return cmocka_run_group_tests_name("attention file", tests, scratch_make, scratch_remove);
}
