/* Metrics against their definitions, written out the slow way, and against cases worked by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/rng.h"
#include "eval/metrics.h"

#define TOLERANCE 1e-12
enum { MOST = 300 };

/* Position of candidate i, from 1: those that score higher, and of equals the later ones, come before it. */
static size_t position_of(const double *s, size_t n, size_t i)
{
	size_t position = 1;
	for (size_t j = 0; j < n; j++)
		position += s[j] > s[i] || (j > i && s[j] == s[i]);
	return position;
}

static double slow_auc(const int8_t *y, const double *s, size_t n)
{
	double wins = 0, pairs = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			if (!(y[i] == 1 && y[j] == 0))
				continue;
			wins += s[i] > s[j] ? 1 : s[i] == s[j] ? 0.5 : 0;
			pairs++;
		}
	return wins / pairs;
}

static double slow_mrr(const int8_t *y, const double *s, size_t n)
{
	double sum = 0, clicks = 0;
	for (size_t i = 0; i < n; i++)
		if (y[i]) {
			sum += 1.0 / (double)position_of(s, n, i);
			clicks++;
		}
	return sum / clicks;
}

static double slow_ndcg(const int8_t *y, const double *s, size_t n, size_t k)
{
	double gain = 0, ideal = 0;
	size_t clicks = 0;
	for (size_t i = 0; i < n; i++) {
		const size_t position = position_of(s, n, i);
		if (position <= k)
			gain += (exp2(y[i]) - 1) / log2((double)position + 1);
		clicks += y[i] == 1;
	}
	for (size_t i = 1; i <= clicks && i <= k; i++)
		ideal += 1 / log2((double)i + 1);
	return gain / ideal;
}

static void assert_metrics(const double *found, double auc, double mrr, double ndcg5, double ndcg10)
{
	assert_float_equal(found[METRIC_AUC], auc, TOLERANCE);
	assert_float_equal(found[METRIC_MRR], mrr, TOLERANCE);
	assert_float_equal(found[METRIC_NDCG5], ndcg5, TOLERANCE);
	assert_float_equal(found[METRIC_NDCG10], ndcg10, TOLERANCE);
}

/* Scores from few values, so that ties abound; click rates from rare to nearly all. */
static void test_scores_against_definition(void **state)
{
	(void)state;
	struct metrics_scratch scratch = {0};
	struct rng rng;
	int8_t y[MOST];
	double s[MOST], found[METRIC_COUNT];
	int scored = 0, left_out = 0;
	rng_init(&rng, 11, rng_stream("metrics"));
	for (int round = 0; round < 1500; round++) {
		const size_t n = 1 + rng_below(&rng, round % 3 == 0 ? 8 : MOST);
		const uint32_t values = 1 + rng_below(&rng, round % 2 ? 6 : 1000);
		const double rate = rng_uniform(&rng);
		size_t clicks = 0;
		for (size_t i = 0; i < n; i++) {
			y[i] = rng_uniform(&rng) < rate;
			s[i] = (double)rng_below(&rng, values) / 7 - 3;
			clicks += y[i] == 1;
		}
		const enum impression_kind kind = impression_kind(y, n);
		assert_int_equal(kind, clicks == 0   ? IMPRESSION_NO_CLICK
		                       : clicks == n ? IMPRESSION_ONLY_CLICKS
		                                     : IMPRESSION_SCORED);
		if (kind != IMPRESSION_SCORED) {
			left_out++;
			continue;
		}
		scored++;
		metrics_of_scores(&scratch, y, s, n, found);
		assert_metrics(found, slow_auc(y, s, n), slow_mrr(y, s, n), slow_ndcg(y, s, n, 5), slow_ndcg(y, s, n, 10));
	}
	assert_true(scored > 1000 && left_out > 20);
	metrics_scratch_release(&scratch);
}

/* An order and the scores 1 / rank that the official scorer makes of it give the same. */
static void test_order_against_scores(void **state)
{
	(void)state;
	struct metrics_scratch scratch = {0};
	struct rng rng;
	int8_t y[MOST];
	uint32_t order[MOST];
	double s[MOST], by_order[METRIC_COUNT], by_score[METRIC_COUNT];
	rng_init(&rng, 12, rng_stream("metrics"));
	for (int round = 0; round < 500; round++) {
		const size_t n = 2 + rng_below(&rng, MOST - 2);
		for (size_t i = 0; i < n; i++) {
			order[i] = (uint32_t)i;
			y[i] = rng_below(&rng, 10) == 0;
		}
		y[0] = 1;
		y[1] = 0;
		rng_shuffle(&rng, order, (uint32_t)n);
		for (size_t i = 0; i < n; i++)
			s[order[i]] = 1.0 / (double)(i + 1);
		metrics_of_order(y, order, n, by_order);
		metrics_of_scores(&scratch, y, s, n, by_score);
		assert_metrics(by_order, by_score[METRIC_AUC], by_score[METRIC_MRR], by_score[METRIC_NDCG5],
		               by_score[METRIC_NDCG10]);
	}
	metrics_scratch_release(&scratch);
}

/* Clicked: second and fourth of five. Ranks 3 1 2 5 4: the clicked ones stand at positions 1 and 5. */
static void test_by_hand(void **state)
{
	(void)state;
	const int8_t y[] = {0, 1, 0, 1, 0};
	const uint32_t order[] = {1, 2, 0, 4, 3};
	double found[METRIC_COUNT];
	metrics_of_order(y, order, 5, found);
	const double ideal = 1 + 1 / log2(3), gain = 1 + 1 / log2(6);
	assert_metrics(found, 3.0 / 6, (1 + 1.0 / 5) / 2, gain / ideal, gain / ideal);
}

/* All scores equal: AUC one half, and the later candidate comes first. */
static void test_all_tied(void **state)
{
	(void)state;
	struct metrics_scratch scratch = {0};
	const int8_t y[] = {1, 0, 0, 0};
	const double s[] = {2, 2, 2, 2};
	double found[METRIC_COUNT];
	metrics_of_scores(&scratch, y, s, 4, found);
	assert_metrics(found, 0.5, 0.25, 1 / log2(5), 1 / log2(5));
	metrics_scratch_release(&scratch);
}

/* A click at position 6 counts for nDCG@10 and not for nDCG@5; one at 11 for neither. */
static void test_depth(void **state)
{
	(void)state;
	int8_t y[12] = {0};
	uint32_t order[12];
	double found[METRIC_COUNT];
	for (uint32_t i = 0; i < 12; i++)
		order[i] = i;
	y[5] = 1;
	metrics_of_order(y, order, 12, found);
	assert_metrics(found, 6.0 / 11, 1.0 / 6, 0, 1 / log2(7));
	y[5] = 0;
	y[10] = 1;
	metrics_of_order(y, order, 12, found);
	assert_metrics(found, 1.0 / 11, 1.0 / 11, 0, 0);
}

/* More clicks than depth: the ideal order is cut at the depth too. */
static void test_many_clicks(void **state)
{
	(void)state;
	int8_t y[13];
	uint32_t order[13];
	double found[METRIC_COUNT];
	for (uint32_t i = 0; i < 13; i++) {
		y[i] = i < 12;
		order[i] = i;
	}
	metrics_of_order(y, order, 13, found);
	assert_float_equal(found[METRIC_AUC], 1, TOLERANCE);
	assert_float_equal(found[METRIC_NDCG5], 1, TOLERANCE);
	assert_float_equal(found[METRIC_NDCG10], 1, TOLERANCE);
}

static void test_kinds(void **state)
{
	(void)state;
	const int8_t bare[] = {-1, -1};
	assert_int_equal(impression_kind(bare, 2), IMPRESSION_UNLABELLED);
	assert_int_equal(impression_kind(bare, 0), IMPRESSION_NO_CLICK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scores_against_definition),
		cmocka_unit_test(test_order_against_scores),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_all_tied),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_many_clicks),
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
