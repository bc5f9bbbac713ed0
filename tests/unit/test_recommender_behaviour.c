/* What must hold of any recommender, whatever its equations: order of candidates and company in a batch do not change a
 * score, no clicks is no trouble, and twenty impressions can be learnt by heart. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/half.h"
#include "common/rng.h"
#include "common/shard.h"
#include "model/train/batch.h"
#include "model/train/settings.h"
#include "tests/support/scratch.h"

enum { NEWS = 60, WORDS = 50, CUE = 16, GLOBAL = 24, REGIONS = 3, IMPRESSIONS = 20, SHOWN = 5, CLICKS = 6 };

struct world {
	struct settings settings;
	struct recommender *r;
	struct catalog news; /* count only */
	struct news_data data;
	struct params params;
	struct tape tape;
	uint32_t history[IMPRESSIONS][CLICKS];
	size_t clicks[IMPRESSIONS];
	uint32_t shown[IMPRESSIONS][SHOWN]; /* the first is clicked */
};

static uint16_t *random_halves(struct rng *rng, int64_t n)
{
	uint16_t *out = calloc((size_t)n + 1, sizeof *out);
	assert_non_null(out);
	for (int64_t i = 0; i < n; i++) {
		const float x = (float)rng_normal(rng);
		half_from_float(out + i, &x, 1);
	}
	return out;
}

static void make_news(struct world *w, struct rng *rng)
{
	struct impression_features *f = calloc(1, sizeof *f);
	assert_non_null(f);
	w->news.count = f->rows = NEWS;
	w->data = (struct news_data){.news = &w->news, .word_width = 12, .impression = f};
	w->data.vocabulary.count = WORDS;
	w->data.title = calloc(NEWS * 8, sizeof *w->data.title);
	w->data.title_offset = calloc(NEWS + 1, sizeof *w->data.title_offset);
	f->offset = calloc(NEWS + 1, sizeof *f->offset);
	f->state = calloc(NEWS, 1);
	f->cue_width = CUE;
	f->global_width = GLOBAL;
	f->region_count = REGIONS;
	for (int i = 0; i < NEWS; i++) {
		const int64_t first = w->data.title_offset[i], words = 2 + rng_below(rng, 6);
		for (int64_t j = 0; j < words; j++)
			w->data.title[first + j] = (int32_t)rng_below(rng, WORDS);
		w->data.title_offset[i + 1] = first + words;
		f->state[i] = i % 7 == 3 ? FEATURE_MISSING : FEATURE_ORIGINAL;
		f->offset[i + 1] = f->offset[i] + (f->state[i] ? words + REGIONS + 1 : 0);
	}
	f->cue = random_halves(rng, f->offset[NEWS] * CUE);
	f->global = random_halves(rng, NEWS * GLOBAL);
}

static void world_open(struct world *w, const char *name)
{
	memset(w, 0, sizeof *w);
	struct rng rng;
	rng_init(&rng, 5, 0);
	make_news(w, &rng);
	for (int i = 0; i < IMPRESSIONS; i++) {
		w->clicks[i] = 1 + rng_below(&rng, CLICKS);
		for (size_t j = 0; j < w->clicks[i]; j++)
			w->history[i][j] = rng_below(&rng, NEWS);
		const uint32_t first = rng_below(&rng, NEWS);
		for (uint32_t j = 0; j < SHOWN; j++)
			w->shown[i][j] = (first + 7 * j) % NEWS;
	}
	settings_open(&w->settings);
	char *set = path_printf("model.name=%s", name);
	must(config_set(w->settings.keys, set));
	free(set);
	must(settings_choose(&w->settings, &w->r));
	w->r->dropout = 0;
	must(w->r->type->create(w->r, &w->params, &w->data));
	params_seal(&w->params, 3);
	tape_init(&w->tape, true);
	w->tape.training = true;
}

static void world_close(struct world *w)
{
	tape_release(&w->tape);
	params_release(&w->params);
	news_data_release(&w->data);
	settings_close(&w->settings);
}

static void add(struct batch *b, const struct world *w, int i)
{
	batch_add(b, w->history[i], w->clicks[i], CLICKS, w->shown[i], SHOWN);
}

static struct tensor *scores_of(struct world *w, const struct batch *b)
{
	tape_reset(&w->tape);
	struct tensor *y = batch_scores(b, w->r, &w->tape, batch_encode(b, w->r, &w->tape, &w->data));
	must(tape_status(&w->tape));
	return y;
}

static void expect_near(double a, double b)
{
	assert_true(isfinite(a));
	if (fabs(a - b) > 1e-5 * fmax(1, fabs(b)))
		fail_msg("%.9g, expected %.9g", a, b);
}

static void company_does_not_matter(void **state)
{
	struct world w;
	struct batch all, one;
	float together[IMPRESSIONS * SHOWN];
	world_open(&w, *state);
	batch_init(&all, NEWS, BATCH_DISTINCT);
	batch_init(&one, NEWS, BATCH_DISTINCT);
	for (int i = 0; i < IMPRESSIONS; i++)
		add(&all, &w, i);
	memcpy(together, scores_of(&w, &all)->data, sizeof together);
	double size = 0;
	for (int i = 0; i < IMPRESSIONS * SHOWN; i++)
		size += fabs(together[i]);
	assert_true(size > 0.01);
	for (int i = 0; i < IMPRESSIONS; i++) {
		batch_clear(&one);
		add(&one, &w, i);
		const struct tensor *alone = scores_of(&w, &one);
		assert_int_equal(tensor_size(alone), SHOWN);
		for (int j = 0; j < SHOWN; j++)
			expect_near(alone->data[j], together[i * SHOWN + j]);
	}
	batch_release(&all);
	batch_release(&one);
	world_close(&w);
}

static void order_of_candidates_does_not_matter(void **state)
{
	struct world w;
	struct batch b;
	float before[SHOWN];
	world_open(&w, *state);
	batch_init(&b, NEWS, BATCH_DISTINCT);
	add(&b, &w, 0);
	memcpy(before, scores_of(&w, &b)->data, sizeof before);
	for (int j = 0; j < SHOWN / 2; j++) {
		const uint32_t row = w.shown[0][j];
		w.shown[0][j] = w.shown[0][SHOWN - 1 - j];
		w.shown[0][SHOWN - 1 - j] = row;
	}
	batch_clear(&b);
	add(&b, &w, 0);
	const struct tensor *after = scores_of(&w, &b);
	for (int j = 0; j < SHOWN; j++)
		expect_near(after->data[j], before[SHOWN - 1 - j]);
	batch_release(&b);
	world_close(&w);
}

static void no_clicks_score_zero(void **state)
{
	struct world w;
	struct batch b;
	world_open(&w, *state);
	batch_init(&b, NEWS, BATCH_DISTINCT);
	w.clicks[1] = 0;
	add(&b, &w, 0);
	add(&b, &w, 1);
	const struct tensor *y = scores_of(&w, &b);
	for (int j = 0; j < SHOWN; j++)
		assert_true(y->data[SHOWN + j] == 0);
	batch_release(&b);
	world_close(&w);
}

/* Impressions whose clicked candidate is above all others, and the loss. */
static int learn_once(struct world *w, const struct batch *b, struct adam *adam)
{
	struct tensor *y = scores_of(w, b), *loss = batch_loss(b, &w->tape, y);
	must(tape_status(&w->tape));
	params_zero_grad(&w->params);
	must(tape_backward(&w->tape, loss));
	int right = 0;
	for (int i = 0; i < IMPRESSIONS; i++) {
		int above = 0;
		for (int j = 1; j < SHOWN; j++)
			above += y->data[i * SHOWN] > y->data[i * SHOWN + j];
		right += above == SHOWN - 1;
	}
	adam_step(adam, &w->params);
	return right;
}

static void learns_twenty_impressions(void **state)
{
	struct world w;
	struct batch b;
	struct adam adam = {.learning_rate = 3e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
	world_open(&w, *state);
	batch_init(&b, NEWS, BATCH_DISTINCT);
	for (int i = 0; i < IMPRESSIONS; i++)
		add(&b, &w, i);
	const int at_first = learn_once(&w, &b, &adam);
	assert_true(at_first < IMPRESSIONS);
	int right = 0;
	for (int step = 0; step < 300 && right < IMPRESSIONS; step++)
		right = learn_once(&w, &b, &adam);
	assert_int_equal(right, IMPRESSIONS);
	batch_release(&b);
	world_close(&w);
}

#define OF_EACH(name)                                                                                                  \
	{name ": company in a batch", company_does_not_matter, NULL, NULL, name},                                          \
		{name ": order of candidates", order_of_candidates_does_not_matter, NULL, NULL, name},                         \
		{name ": no clicks", no_clicks_score_zero, NULL, NULL, name},                                                  \
	{                                                                                                                  \
		name ": learns by heart", learns_twenty_impressions, NULL, NULL, name                                          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {OF_EACH("nrms"), OF_EACH("nrms-im")};
	return cmocka_run_group_tests_name("recommender behaviour", tests, NULL, NULL);
}
