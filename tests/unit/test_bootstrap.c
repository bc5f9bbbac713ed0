/* Bootstrap intervals against the errors that theory gives, alike on any number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/rng.h"
#include "eval/bootstrap.h"

enum { IMPRESSIONS = 20000, REPLICATES = 1000 };

/* Two runs on impressions of users who have `each` impressions of one value; the second is ahead by 0.01 exactly. */
static void fill(struct bootstrap *b, int workers, uint64_t seed, uint32_t each)
{
	struct rng rng;
	double values[2][METRIC_COUNT] = {{0}};
	*b = (struct bootstrap){.replicates = REPLICATES, .seed = seed, .workers = workers};
	rng_init(&rng, 5, 0);
	for (uint32_t i = 0; i < IMPRESSIONS; i++) {
		char user[16];
		const size_t n = (size_t)snprintf(user, sizeof user, "U%u", i / each);
		if (i % each == 0)
			values[0][METRIC_AUC] = rng_uniform(&rng);
		values[1][METRIC_AUC] = values[0][METRIC_AUC] + 0.01;
		values[0][METRIC_MRR] = rng_normal(&rng);
		values[1][METRIC_MRR] = rng_normal(&rng);
		assert_int_equal(bootstrap_add(b, user, n, values, 2), ST_OK);
	}
	assert_int_equal(bootstrap_finish(b), ST_OK);
}

/* Half the interval, in standard errors of the mean of uniform numbers: 1.96 for independent impressions. */
static double reach(const struct bootstrap *b, enum resampling by)
{
	const struct bootstrap_interval i = bootstrap_mean(b, by, 0, METRIC_AUC);
	assert_true(i.low < 0.52 && i.high > 0.48);
	return (i.high - i.low) / 2 / (sqrt(1.0 / 12) / sqrt(IMPRESSIONS));
}

static void test_independent(void **state)
{
	(void)state;
	struct bootstrap b;
	fill(&b, 2, 1, 1);
	assert_float_equal(reach(&b, RESAMPLE_IMPRESSIONS), 1.96, 0.2);
	assert_float_equal(reach(&b, RESAMPLE_USERS), 1.96, 0.2);
	bootstrap_release(&b);
}

/* Sixteen equal impressions a user are one: the interval over users is four times as wide, that over impressions blind. */
static void test_clustered(void **state)
{
	(void)state;
	struct bootstrap b;
	fill(&b, 2, 1, 16);
	assert_float_equal(reach(&b, RESAMPLE_IMPRESSIONS), 1.96, 0.2);
	assert_float_equal(reach(&b, RESAMPLE_USERS), 4 * 1.96, 0.8);
	bootstrap_release(&b);
}

static void test_differences(void **state)
{
	(void)state;
	struct bootstrap b;
	fill(&b, 2, 1, 4);
	for (int by = 0; by < RESAMPLINGS; by++) {
		const struct bootstrap_interval ahead = bootstrap_difference(&b, (enum resampling)by, 1, 0, METRIC_AUC);
		assert_float_equal(ahead.low, 0.01, 1e-12);
		assert_float_equal(ahead.high, 0.01, 1e-12);
		assert_float_equal(ahead.p, 2.0 / (REPLICATES + 1), 1e-12);
		const struct bootstrap_interval back = bootstrap_difference(&b, (enum resampling)by, 0, 1, METRIC_AUC);
		assert_float_equal(back.high, -0.01, 1e-12);
		const struct bootstrap_interval noise = bootstrap_difference(&b, (enum resampling)by, 1, 0, METRIC_MRR);
		assert_float_equal((noise.high - noise.low) / 2 / sqrt(2.0 / IMPRESSIONS), 1.96, 0.2);
		assert_float_equal(bootstrap_difference(&b, (enum resampling)by, 0, 0, METRIC_MRR).p, 1, 0);
	}
	bootstrap_release(&b);
}

/* To the last bit, whatever the threads; another seed draws otherwise. */
static void test_deterministic(void **state)
{
	(void)state;
	struct bootstrap one, three, other;
	fill(&one, 1, 7, 3);
	fill(&three, 3, 7, 3);
	fill(&other, 2, 8, 3);
	for (int by = 0; by < RESAMPLINGS; by++) {
		const struct bootstrap_interval a = bootstrap_mean(&one, (enum resampling)by, 1, METRIC_MRR);
		const struct bootstrap_interval b = bootstrap_mean(&three, (enum resampling)by, 1, METRIC_MRR);
		const struct bootstrap_interval c = bootstrap_mean(&other, (enum resampling)by, 1, METRIC_MRR);
		assert_true(a.low == b.low && a.high == b.high && a.p == b.p);
		assert_true(a.low != c.low);
	}
	bootstrap_release(&one);
	bootstrap_release(&three);
	bootstrap_release(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_independent),
		cmocka_unit_test(test_clustered),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_deterministic),
	};
	return cmocka_run_group_tests_name("bootstrap", tests, NULL, NULL);
}
