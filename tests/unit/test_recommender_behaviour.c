/* What must hold of any recommender, whatever its equations, and of each one that the registry lists: order of candidates and
 * company in a batch do not change a score; scoring from news encoded beforehand neither; what is missing is no trouble; a score is
 * explained by scores; and fifty impressions can be learnt by heart. A type's `tiny` settings keep this quick. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "model/tensor/kernels.h"
#include "model/train/encoded_store.h"
#include "model/train/explain.h"
#include "tests/support/news_world.h"
#include "tests/support/scratch.h"

static void expect_near(double a, double b)
{
	assert_true(isfinite(a));
	if (fabs(a - b) > 2e-5 * fmax(1, fabs(b)))
		fail_msg("%.9g, expected %.9g", a, b);
}

static void all_of(struct batch *b, const struct news_world *w)
{
	batch_init(b, WORLD_NEWS, BATCH_DISTINCT);
	for (int i = 0; i < WORLD_IMPRESSIONS; i++)
		news_world_add(w, b, i);
}

/* Whether samples of a batch share what a layer makes of it while training, as Dice's moments are shared. */
static bool shares_batches(const struct params *ps)
{
	for (int i = 0; i < ps->count; i++)
		if (ps->list[i]->follow > 0)
			return true;
	return false;
}

static void company_does_not_matter(void **state)
{
	struct news_world w;
	struct batch all, one;
	float together[WORLD_IMPRESSIONS * WORLD_SHOWN];
	double size = 0;
	news_world_open(&w, *state);
	w.tape.training = !shares_batches(&w.params);
	all_of(&all, &w);
	batch_init(&one, WORLD_NEWS, BATCH_DISTINCT);
	memcpy(together, news_world_scores(&w, &all)->data, sizeof together);
	for (int i = 0; i < WORLD_IMPRESSIONS * WORLD_SHOWN; i++)
		size += fabs(together[i]);
	assert_true(size > 0.01);
	for (int i = 0; i < WORLD_IMPRESSIONS; i += 3) {
		batch_clear(&one);
		news_world_add(&w, &one, i);
		const struct tensor *alone = news_world_scores(&w, &one);
		for (int j = 0; j < WORLD_SHOWN; j++)
			expect_near(alone->data[j], together[i * WORLD_SHOWN + j]);
	}
	batch_release(&all);
	batch_release(&one);
	news_world_close(&w);
}

/* As `score` works: every news encoded once, a few at a time, on a tape that does not record. */
static void encoding_beforehand_does_not_matter(void **state)
{
	struct news_world w;
	struct batch b;
	struct encoded_store store;
	float before[WORLD_IMPRESSIONS * WORLD_SHOWN];
	uint32_t rows[WORLD_NEWS], wrong;
	struct tape t = {0};
	news_world_open(&w, *state);
	all_of(&b, &w);
	w.tape.training = false;
	memcpy(before, news_world_scores(&w, &b)->data, sizeof before);
	batch_release(&b);

	tape_init(&t, false);
	encoded_store_init(&store, WORLD_NEWS);
	for (uint32_t i = 0; i < WORLD_NEWS; i++)
		rows[i] = i;
	for (uint32_t first = 0; first < WORLD_NEWS; first += 7) {
		const uint32_t n = first + 7 < WORLD_NEWS ? 7 : WORLD_NEWS - first;
		struct encoded_news news = {0};
		tape_reset(&t);
		assert_true(w.r->type->encode_news(w.r, &t, &w.data, rows + first, (int32_t)n, &news));
		assert_true(encoded_store_add(&store, &news, rows + first, n, &wrong));
	}
	batch_init(&b, WORLD_NEWS, store.part_width ? BATCH_DISTINCT : BATCH_EVERY_NEWS);
	for (int i = 0; i < WORLD_IMPRESSIONS; i++)
		news_world_add(&w, &b, i);
	tape_reset(&t);
	const struct encoded_news *kept = encoded_store_take(&store, &t, b.every_news ? NULL : b.rows, b.row_count);
	const struct tensor *after = batch_scores(&b, w.r, &t, &w.data, kept);
	must(tape_status(&t));
	for (int i = 0; i < WORLD_IMPRESSIONS * WORLD_SHOWN; i++)
		expect_near(after->data[i], before[i]);
	tape_release(&t);
	encoded_store_release(&store);
	batch_release(&b);
	news_world_close(&w);
}

static void order_of_candidates_does_not_matter(void **state)
{
	struct news_world w;
	struct batch b;
	float before[WORLD_SHOWN];
	news_world_open(&w, *state);
	batch_init(&b, WORLD_NEWS, BATCH_DISTINCT);
	news_world_add(&w, &b, 0);
	memcpy(before, news_world_scores(&w, &b)->data, sizeof before);
	for (int j = 0; j < WORLD_SHOWN / 2; j++) {
		const uint32_t row = w.shown[0][j];
		w.shown[0][j] = w.shown[0][WORLD_SHOWN - 1 - j];
		w.shown[0][WORLD_SHOWN - 1 - j] = row;
	}
	batch_clear(&b);
	news_world_add(&w, &b, 0);
	const struct tensor *after = news_world_scores(&w, &b);
	for (int j = 0; j < WORLD_SHOWN; j++)
		expect_near(after->data[j], before[WORLD_SHOWN - 1 - j]);
	batch_release(&b);
	news_world_close(&w);
}

static void expect_finite(const real *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		assert_true(isfinite(x[i]));
}

/* No clicks at all, a reader that training did not see, a news without picture, one without words or features. Also on the
 * way back. */
static void what_is_missing_is_no_trouble(void **state)
{
	struct news_world w;
	struct batch b;
	news_world_open(&w, *state);
	for (int i = 0; i < 4; i++)
		w.clicks[i] = i < 2 ? 0 : 1;
	w.user[0] = w.user[2] = 0;
	w.shown[1][0] = w.history[2][0] = WORLD_EMPTY_TITLE;
	w.shown[1][1] = w.shown[2][0] = w.history[3][0] = WORLD_NO_PICTURE;
	w.shown[2][1] = 3; /* features missing */
	batch_init(&b, WORLD_NEWS, BATCH_DISTINCT);
	for (int first = 0; first < 4; first++) {
		batch_clear(&b);
		for (int i = first; i < 4; i++)
			news_world_add(&w, &b, i);
		struct tensor *y = news_world_scores(&w, &b);
		expect_finite(y->data, tensor_size(y));
		params_zero_grad(&w.params);
		assert_true(isfinite(news_world_learn(&w, &b, y)));
		expect_finite(w.params.grad, w.params.size);
	}
	/* A batch whose readers have no clicks, and whose news have nothing, alone. */
	batch_clear(&b);
	batch_add(&b, &(struct reader){0}, 1, (const uint32_t[]){WORLD_EMPTY_TITLE, WORLD_EMPTY_TITLE}, 2);
	const struct tensor *y = news_world_scores(&w, &b);
	expect_finite(y->data, 2);
	batch_release(&b);
	news_world_close(&w);
}

/* Scores of the first impression's candidates, by the scorer. */
static void scorer_scores(struct news_world *w, struct scorer *s, const struct reader *who, real *out)
{
	must(scorer_score(s, who, w->shown[0], WORLD_SHOWN, out));
	expect_finite(out, WORLD_SHOWN);
}

/* The scorer alone and in pieces; what a click and a part of the news weigh; and hidden parts come back. */
static void scores_are_explained(void **state)
{
	struct news_world w;
	struct scorer s;
	real whole[WORLD_SHOWN], again[WORLD_SHOWN], fall[WORLD_CLICKS], parts[NEWS_PARTS];
	news_world_open(&w, *state);
	const struct reader who = {w.user[0], w.history[1], 3, w.time[0]};
	w.history[1][0] = 1, w.history[1][1] = 8, w.history[1][2] = 15;
	scorer_init(&s, w.r, &w.data, WORLD_CLICKS);
	must(scorer_encode(&s, NULL));
	scorer_scores(&w, &s, &who, whole);

	struct recommender_type small = *w.r->type;
	const struct recommender_type *own = w.r->type;
	small.score_pairs = 9; /* two candidates of a reader of three clicks */
	w.r->type = &small;
	scorer_scores(&w, &s, &who, again);
	w.r->type = own;
	for (int i = 0; i < WORLD_SHOWN; i++)
		expect_near(again[i], whole[i]);

	must(explain_clicks(&s, &who, w.shown[0][0], fall));
	for (uint32_t i = 0; i < 3; i++) {
		const uint32_t left[] = {who.clicks[(i > 0 ? 0 : 1)], who.clicks[i > 1 ? 1 : 2]};
		scorer_scores(&w, &s, &(struct reader){who.user, left, 2, who.time}, again);
		expect_near(fall[i], whole[0] - again[0]);
	}
	real most = 0; /* over all candidates: a news may have nothing that the recommender reads */
	for (int j = 0; j < WORLD_SHOWN; j++) {
		must(explain_parts(&s, &w.data, &who, w.shown[0][j], parts));
		expect_finite(parts, NEWS_PARTS);
		for (int i = 0; i < NEWS_PARTS; i++)
			most = fmaxf(most, fabsf(parts[i]));
	}
	assert_true(most > 0);
	assert_int_equal(w.data.hidden, 0);
	scorer_release(&s);
	scorer_init(&s, w.r, &w.data, WORLD_CLICKS);
	must(scorer_encode(&s, NULL));
	scorer_scores(&w, &s, &who, again);
	assert_memory_equal(again, whole, sizeof whole);
	scorer_release(&s);
	news_world_close(&w);
}

/* Impressions whose clicked candidate is above all others: their AUC is 1. */
static int count_right(const real *y)
{
	int right = 0;
	for (int i = 0; i < WORLD_IMPRESSIONS; i++) {
		int above = 0;
		for (int j = 1; j < WORLD_SHOWN; j++)
			above += y[i * WORLD_SHOWN] > y[i * WORLD_SHOWN + j];
		right += above == WORLD_SHOWN - 1;
	}
	return right;
}

static void learns_fifty_impressions(void **state)
{
	struct news_world w;
	struct batch b;
	struct adam adam = {.learning_rate = 3e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
	int right = 0;
	news_world_open(&w, *state);
	all_of(&b, &w);
	for (int step = 0; step < 600 && right < WORLD_IMPRESSIONS; step++) {
		w.tape.step = (uint64_t)step;
		struct tensor *y = news_world_scores(&w, &b);
		right = count_right(y->data);
		if (step == 0)
			assert_true(right < WORLD_IMPRESSIONS);
		params_zero_grad(&w.params);
		news_world_learn(&w, &b, y);
		adam_step(&adam, &w.params);
	}
	assert_int_equal(right, WORLD_IMPRESSIONS);
	batch_release(&b);
	news_world_close(&w);
}

static const struct {
	const char *name;
	void (*run)(void **state);
} behaviours[] = {
	{"company in a batch", company_does_not_matter},
	{"encoded beforehand", encoding_beforehand_does_not_matter},
	{"order of candidates", order_of_candidates_does_not_matter},
	{"what is missing", what_is_missing_is_no_trouble},
	{"explained", scores_are_explained},
	{"learns by heart", learns_fifty_impressions},
};

int main(void)
{
	enum { EACH = sizeof behaviours / sizeof *behaviours };
	struct CMUnitTest *tests = NULL;
	size_t count = 0;
	kernels_set_threads(1);
	for (const struct recommender_type *const *type = recommender_types; *type; type++) {
		tests = xrealloc(tests, count + EACH, sizeof *tests);
		for (int i = 0; i < EACH; i++)
			tests[count++] = (struct CMUnitTest){.name = path_printf("%s: %s", (*type)->name, behaviours[i].name),
			                                     .test_func = behaviours[i].run,
			                                     .initial_state = (void *)*type};
	}
	const int failed = _cmocka_run_group_tests("recommender behaviour", tests, count, scratch_make, scratch_remove);
	for (size_t i = 0; i < count; i++)
		free((char *)tests[i].name);
	free(tests);
	return failed;
}
