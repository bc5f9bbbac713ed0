/* Random numbers: the published vectors of Philox 4x32-10, and the shapes of what is drawn from it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/rng.h"

/* The known answers that the authors publish with Random123. */
static void known_answers(void **state)
{
	static const struct {
		uint64_t seed, stream, block;
		uint32_t wanted[4];
	} cases[] = {
		{0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};
	uint32_t out[4];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		rng_block(cases[i].seed, cases[i].stream, cases[i].block, out);
		assert_memory_equal(out, cases[i].wanted, sizeof out);
	}
}

static void many_blocks_are_the_single_ones(void **state)
{
	const uint64_t first = UINT32_MAX - 20ull; /* the block index carries into its high word on the way */
	uint32_t many[4 * 45], one[4];

	(void)state;
	for (uint64_t count = 0; count <= 45; count += 15) {
		memset(many, 0, sizeof many);
		rng_blocks(9, 8, first, count, many);
		for (uint64_t i = 0; i < 45; i++) {
			rng_block(9, 8, first + i, one);
			if (i >= count)
				memset(one, 0, sizeof one);
			assert_memory_equal(many + 4 * i, one, sizeof one);
		}
	}
}

static void position_is_the_whole_state(void **state)
{
	struct rng a, b;
	uint32_t values[10], block[4];

	(void)state;
	rng_init(&a, 7, rng_stream("x"));
	for (int i = 0; i < 10; i++)
		values[i] = rng_u32(&a);
	rng_init(&b, 7, rng_stream("x"));
	b.position = 6;
	assert_int_equal(rng_u32(&b), values[6]);
	rng_block(7, rng_stream("x"), 1, block);
	assert_memory_equal(block, values + 4, sizeof block);
	assert_true(rng_stream("x") != rng_stream("y"));
	rng_init(&a, 1, 0);
	for (int i = 0; i < 5; i++)
		rng_uniform(&a);
	assert_int_equal(a.position, 10);
	rng_normal(&a);
	assert_int_equal(a.position, 14);
}

/* Bounds are five standard errors wide; the draws are the same every time. */
static void uniform_and_normal_have_their_moments(void **state)
{
	enum { N = 200000 };
	double sum = 0, squares = 0, n_sum = 0, n_squares = 0, n_fourth = 0;
	struct rng r;

	(void)state;
	rng_init(&r, 1, 2);
	for (int i = 0; i < N; i++) {
		double u = rng_uniform(&r), z = rng_normal(&r);

		assert_true(u >= 0 && u < 1 && isfinite(z));
		sum += u;
		squares += u * u;
		n_sum += z;
		n_squares += z * z;
		n_fourth += z * z * z * z;
	}
	assert_true(fabs(sum / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
	assert_true(fabs(squares / N - 1.0 / 3) < 5 * sqrt(4.0 / 45 / N));
	assert_true(fabs(n_sum / N) < 5 * sqrt(1.0 / N));
	assert_true(fabs(n_squares / N - 1) < 5 * sqrt(2.0 / N));
	assert_true(fabs(n_fourth / N - 3) < 5 * sqrt(96.0 / N));
}

static void below_is_even(void **state)
{
	enum { N = 70000 };
	int count[7] = {0};
	struct rng r;

	(void)state;
	rng_init(&r, 3, 4);
	for (int i = 0; i < N; i++)
		count[rng_below(&r, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(count[i], 10000 - 5 * 93, 10000 + 5 * 93);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rng_below(&r, 1), 0);
	/* Nearly half of the products of this n are drawn again; without that a third of the range comes up twice as often. */
	count[0] = 0;
	for (int i = 0; i < N; i++)
		count[0] += rng_below(&r, 3u << 30) < 1u << 30;
	assert_in_range(count[0], 23333 - 5 * 125, 23333 + 5 * 125);
}

static void shuffle_gives_each_order_alike(void **state)
{
	enum { N = 24000 };
	int count[6] = {0};
	struct rng r;

	(void)state;
	rng_init(&r, 5, 6);
	for (int i = 0; i < N; i++) {
		uint32_t items[3] = {0, 1, 2};

		rng_shuffle(&r, items, 3);
		assert_int_equal(items[0] + items[1] + items[2], 3);
		assert_int_equal(items[0] * items[0] + items[1] * items[1] + items[2] * items[2], 5);
		count[items[0] * 2 + (items[1] > items[2])]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(count[i], 4000 - 5 * 58, 4000 + 5 * 58);
	rng_shuffle(&r, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(many_blocks_are_the_single_ones),
		cmocka_unit_test(position_is_the_whole_state),
		cmocka_unit_test(uniform_and_normal_have_their_moments),
		cmocka_unit_test(below_is_even),
		cmocka_unit_test(shuffle_gives_each_order_alike),
	};

	return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
