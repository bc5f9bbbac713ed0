/* Student's t against tabled values, and paired comparisons worked by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eval/compare.h"

/* Closed forms: df 1 is Cauchy's distribution; df 2 is algebraic. */
static void test_closed_forms(void **state)
{
	(void)state;
	for (double t = 0.01; t < 60; t *= 1.7) {
		assert_float_equal(student_p(t, 1), 1 - 2 / acos(-1.0) * atan(t), 1e-12);
		assert_float_equal(student_p(t, 2), 1 - t / sqrt(2 + t * t), 1e-12);
		assert_float_equal(student_p(-t, 2), student_p(t, 2), 0);
	}
	assert_float_equal(student_p(0, 5), 1, 0);
	assert_float_equal(student_p(INFINITY, 5), 0, 0);
	assert_true(isnan(student_p(NAN, 5)));
}

/* The 95 % points of printed tables. */
static void test_quantiles(void **state)
{
	(void)state;
	static const struct {
		double df, t;
	} table[] = {{1, 12.70620474}, {2, 4.30265273},  {5, 2.57058184},
	             {10, 2.22813885}, {30, 2.04227246}, {100, 1.98397152}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_float_equal(student_quantile(0.05, table[i].df), table[i].t, 1e-8);
	assert_float_equal(student_quantile(0.05, 1e7), 1.95996398, 1e-6);
}

/* Many degrees of freedom approach the normal distribution, also far out, where p must not be lost to rounding. */
static void test_normal_limit(void **state)
{
	(void)state;
	for (double t = 0.5; t < 12; t += 0.5) {
		const double normal = erfc(t / sqrt(2));
		assert_float_equal(student_p(t, 1e9) / normal, 1, 1e-4);
	}
}

/* Differences 1, 2, 3, 6: mean 3, deviation sqrt(14/3), error sqrt(14/12), t = 3 / error. */
static void test_by_hand(void **state)
{
	(void)state;
	static const double d[] = {1, 2, 3, 6};
	struct paired p = {0};
	for (int i = 0; i < 4; i++)
		paired_add(&p, d[i]);
	const struct comparison c = paired_compare(&p);
	const double error = sqrt(14.0 / 12);
	assert_float_equal(c.mean, 3, 1e-12);
	assert_float_equal(c.error, error, 1e-12);
	assert_float_equal(c.t, 3 / error, 1e-12);
	assert_float_equal(c.low, 3 - 3.182446305284 * error, 1e-9);
	assert_float_equal(c.high, 3 + 3.182446305284 * error, 1e-9);
	assert_float_equal(c.p, student_p(3 / error, 3), 1e-15);
	assert_float_equal(c.effect, 3 / sqrt(14.0 / 3), 1e-12);
	assert_false(comparison_certain(&c));
	const struct comparison back = comparison_reversed(&c);
	assert_float_equal(back.mean, -3, 1e-12);
	assert_float_equal(back.low, -c.high, 0);
	assert_float_equal(back.high, -c.low, 0);
	assert_float_equal(back.t, -c.t, 0);
	assert_float_equal(back.p, c.p, 0);
}

static void test_degenerate(void **state)
{
	(void)state;
	struct paired none = {0}, one = {0}, equal = {0}, constant = {0};
	assert_true(isnan(paired_compare(&none).mean));
	paired_add(&one, 0.25);
	struct comparison c = paired_compare(&one);
	assert_float_equal(c.mean, 0.25, 0);
	assert_true(isnan(c.error) && isnan(c.low) && isnan(c.p));
	assert_false(comparison_certain(&c));
	for (int i = 0; i < 1000; i++) {
		paired_add(&equal, 0);
		paired_add(&constant, -0.1);
	}
	c = paired_compare(&equal);
	assert_float_equal(c.error, 0, 0);
	assert_float_equal(c.p, 1, 0);
	assert_false(comparison_certain(&c));
	c = paired_compare(&constant);
	assert_float_equal(c.error, 0, 0);
	assert_true(c.p < 1e-300);
	assert_true(comparison_certain(&c) && c.high < 0);
}

/* Seeds that change nothing: what they agree on is no more certain than so many tosses of a coin on one side. */
static void test_equal_and_few(void **state)
{
	(void)state;
	struct paired p = {0};
	for (uint64_t n = 1; n <= 8; n++) {
		paired_add(&p, 0.25);
		const struct comparison c = paired_compare(&p);
		if (n == 1)
			continue;
		assert_float_equal(c.p, 2 / pow(2, (double)n), 0);
		assert_int_equal(comparison_certain(&c), n >= 6);
		if (n >= 6)
			assert_float_equal(c.low, 0.25, 0);
		else
			assert_true(isnan(c.low) && isnan(c.high));
	}
}

/* Holm: the smallest of four times 4, the next times 3, and so on, never falling, at most 1. */
static void test_holm(void **state)
{
	(void)state;
	static const double p[] = {0.04, 0.01, 0.03, 0.005, NAN}, wanted[] = {0.06, 0.03, 0.06, 0.02};
	double found[5];
	holm_adjust(p, 5, found);
	for (int i = 0; i < 4; i++)
		assert_float_equal(found[i], wanted[i], 1e-15);
	assert_true(isnan(found[4]));
	holm_adjust((const double[]){0.6, 0.6, 0}, 3, found);
	assert_float_equal(found[0], 1, 0);
	assert_float_equal(found[1], 1, 0);
	assert_float_equal(found[2], 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_forms), cmocka_unit_test(test_quantiles),  cmocka_unit_test(test_normal_limit),
		cmocka_unit_test(test_by_hand),      cmocka_unit_test(test_degenerate), cmocka_unit_test(test_equal_and_few),
		cmocka_unit_test(test_holm),
	};
	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
