/* Halves: all 65536 of them, and rounding between each two. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/half.h"

#define HALVES 65536

/* Long arrays take the processor's own conversion where it has one, single values never do: both must agree. */
static void convert(uint16_t *out, const float *in, size_t n)
{
	uint16_t one;

	half_from_float(out, in, n);
	for (size_t i = 0; i < n; i++) {
		half_from_float(&one, in + i, 1);
		assert_int_equal(one, out[i]);
	}
}

static void every_half_is_read_exactly(void **state)
{
	uint16_t *halves = malloc(HALVES * sizeof *halves);
	float *values = malloc(HALVES * sizeof *values), one;

	(void)state;
	assert_non_null(halves);
	assert_non_null(values);
	for (int i = 0; i < HALVES; i++)
		halves[i] = (uint16_t)i;
	half_to_float(values, halves, HALVES);
	for (int i = 0; i < HALVES; i++) {
		int exponent = i >> 10 & 31, mantissa = i & 0x3ff;
		double wanted = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);

		half_to_float(&one, halves + i, 1);
		assert_memory_equal(&one, values + i, sizeof one);
		if (exponent == 31 && mantissa) {
			assert_true(isnan(values[i]));
			continue;
		}
		if (exponent == 31)
			wanted = INFINITY;
		assert_true(fabs((double)values[i]) == wanted);
		assert_int_equal(signbit(values[i]) != 0, i >> 15);
	}
	free(values);
	free(halves);
}

static void every_half_comes_back(void **state)
{
	uint16_t *halves = malloc(2 * HALVES * sizeof *halves), *back = halves + HALVES;
	float *values = malloc(HALVES * sizeof *values);

	(void)state;
	assert_non_null(halves);
	assert_non_null(values);
	for (int i = 0; i < HALVES; i++)
		halves[i] = (uint16_t)i;
	half_to_float(values, halves, HALVES);
	convert(back, values, HALVES);
	for (int i = 0; i < HALVES; i++) {
		if ((i >> 10 & 31) == 31 && (i & 0x3ff))
			assert_int_equal(back[i], i | 0x200);
		else
			assert_int_equal(back[i], i);
	}
	free(values);
	free(halves);
}

/* Between neighbours h and h+1: just below the middle goes down, just above goes up, the middle goes to the even one. */
static void between_neighbours_it_rounds_to_even(void **state)
{
	enum { TOP = 0x7bff }; /* 65504 */
	float *in = malloc(6 * TOP * sizeof *in);
	uint16_t *out = malloc(6 * TOP * sizeof *out);

	(void)state;
	assert_non_null(in);
	assert_non_null(out);
	for (int h = 0; h < TOP; h++) {
		uint16_t pair[2] = {(uint16_t)h, (uint16_t)(h + 1)};
		float ends[2], middle;

		half_to_float(ends, pair, 2);
		middle = (ends[0] + ends[1]) / 2;
		in[6 * h] = nextafterf(middle, 0);
		in[6 * h + 1] = middle;
		in[6 * h + 2] = nextafterf(middle, INFINITY);
		for (int i = 0; i < 3; i++)
			in[6 * h + 3 + i] = -in[6 * h + i];
	}
	convert(out, in, 6 * TOP);
	for (int h = 0; h < TOP; h++) {
		int wanted[3] = {h, h % 2 ? h + 1 : h, h + 1};

		for (int i = 0; i < 3; i++) {
			assert_int_equal(out[6 * h + i], wanted[i]);
			assert_int_equal(out[6 * h + 3 + i], wanted[i] | 0x8000);
		}
	}
	free(out);
	free(in);
}

static void the_ends_of_the_range(void **state)
{
	const float in[8] = {65504, 65519.996f, 65520, 1e30f, INFINITY, -65520, 0x1p-25f, 0x1.000002p-25f};
	const uint16_t wanted[8] = {0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00, 0, 1};
	uint16_t out[8], nan_half;
	float nan = NAN;

	(void)state;
	convert(out, in, 8);
	assert_memory_equal(out, wanted, sizeof out);
	half_from_float(&nan_half, &nan, 1);
	assert_true((nan_half & 0x7c00) == 0x7c00 && (nan_half & 0x3ff));
	half_from_float(NULL, NULL, 0);
	half_to_float(NULL, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_half_is_read_exactly),
		cmocka_unit_test(every_half_comes_back),
		cmocka_unit_test(between_neighbours_it_rounds_to_even),
		cmocka_unit_test(the_ends_of_the_range),
	};

	return cmocka_run_group_tests_name("half", tests, NULL, NULL);
}
