/* The float kernels: accuracy against libm in double, and the same bits on one thread and on several. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/digest.h"
#include "common/rng.h"
#include "model/tensor/kernels_cpu.h"

/* |y - wanted| in units of the last place of wanted as a float. */
static double ulps(float y, double wanted)
{
	const float nearest = (float)wanted;
	const double unit = (double)nextafterf(fabsf(nearest), INFINITY) - fabs((double)nearest);
	return fabs(y - wanted) / unit;
}

static double logistic(double x)
{
	return 1 / (1 + exp(-x));
}

/* The largest error over a million points of [low, high]. */
static double worst(void (*ours)(int64_t, const real *, real *), double (*exact)(double), double low, double high)
{
	enum { POINTS = 1 << 20, CHUNK = 1 << 10 };
	double largest = 0;
	for (int i = 0; i < POINTS; i += CHUNK) {
		float x[CHUNK], y[CHUNK];
		for (int j = 0; j < CHUNK; j++)
			x[j] = (float)(low + (high - low) * (i + j) / POINTS);
		ours(CHUNK, x, y);
		for (int j = 0; j < CHUNK; j++)
			largest = fmax(largest, ulps(y[j], exact(x[j])));
	}
	return largest;
}

#define ASSERT_ULPS(most, ...)                                                                                         \
	do {                                                                                                               \
		const double found = worst(__VA_ARGS__);                                                                       \
		if (!(found < (most)))                                                                                         \
			fail_msg("%s: %.3f units in the last place, at most %g allowed", #__VA_ARGS__, found, (double)(most));     \
	} while (0)

static void exp_is_good_to_two_units(void **state)
{
	(void)state;
	ASSERT_ULPS(2, math_exp, exp, -87.3, 88.7);
	ASSERT_ULPS(2, math_exp, exp, -1, 1);
	ASSERT_ULPS(2, math_exp, exp, -1e-4, 1e-4);
}

static void tanh_is_good_to_four_units(void **state)
{
	(void)state;
	ASSERT_ULPS(4, math_tanh, tanh, -12, 12);
	ASSERT_ULPS(4, math_tanh, tanh, -0.5, 0.5);
	ASSERT_ULPS(4, math_tanh, tanh, 1e-30, 1e-3);
}

static void sigmoid_is_good_to_four_units(void **state)
{
	(void)state;
	ASSERT_ULPS(4, math_sigmoid, logistic, -80, 80);
	ASSERT_ULPS(4, math_sigmoid, logistic, -2, 2);
}

/* math_gelu of x, over x. */
static void share_below(int64_t n, const real *x, real *y)
{
	math_gelu(n, x, y);
	for (int64_t i = 0; i < n; i++)
		y[i] /= x[i];
}

static double normal(double x)
{
	return 0.5 * erfc(-x / sqrt(2));
}

static double gelu(double x)
{
	return x * normal(x);
}

static double gelu_tanh(double x)
{
	return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
}

static double quick_gelu(double x)
{
	return x / (1 + exp(-1.702 * x));
}

static void gelu_is_good_to_seven_units(void **state)
{
	(void)state;
	ASSERT_ULPS(7, math_gelu, gelu, -12, 12);
	ASSERT_ULPS(7, math_gelu, gelu, -1, 1);
	ASSERT_ULPS(7, math_gelu, gelu, -1e-4, 1e-4);
	ASSERT_ULPS(7, share_below, normal, -12.5, 12);
	ASSERT_ULPS(7, math_gelu_tanh, gelu_tanh, -1, 12);
	ASSERT_ULPS(7, math_quick_gelu, quick_gelu, -2, 40);
	const float x[] = {0, -0.0F, 300, -300, 1e30F, -1e30F, INFINITY, NAN};
	float y[8];
	void (*const functions[])(int64_t, const real *, real *) = {math_gelu, math_gelu_tanh, math_quick_gelu};
	for (int f = 0; f < 3; f++) {
		functions[f](8, x, y);
		assert_true(y[0] == 0 && y[1] == 0 && y[2] == 300 && y[3] == 0 && y[4] == 1e30F && y[5] == 0);
		assert_true(y[6] == INFINITY && isnan(y[7]));
	}
}

static void ends_of_the_range_are_exact(void **state)
{
	(void)state;
	const float x[] = {0, -0.0F, -INFINITY, INFINITY, 200, -200, 1e30F, -1e30F};
	float y[8];
	math_exp(8, x, y);
	const float exps[] = {1, 1, 0, INFINITY, INFINITY, 0, INFINITY, 0};
	assert_memory_equal(y, exps, sizeof exps);
	math_tanh(8, x, y);
	const float tanhs[] = {0, -0.0F, -1, 1, 1, -1, 1, -1};
	assert_memory_equal(y, tanhs, sizeof tanhs);
	math_sigmoid(8, x, y);
	const float sigmoids[] = {0.5F, 0.5F, 0, 1, 1, 0, 1, 0};
	assert_memory_equal(y, sigmoids, sizeof sigmoids);
	const float nan[] = {NAN};
	void (*const functions[])(int64_t, const real *, real *) = {math_exp, math_tanh, math_sigmoid};
	for (int i = 0; i < 3; i++) {
		functions[i](1, nan, y);
		assert_true(isnan(y[0]));
	}
}

static void softmax_takes_extremes(void **state)
{
	(void)state;
	const float x[] = {1e30F, 1e30F, -1e30F, 0}, wanted[] = {0.5F, 0.5F, 0, 0};
	float y[4];
	kernels.softmax(1, 4, NULL, x, y);
	assert_memory_equal(y, wanted, sizeof wanted);
	const float up[] = {-INFINITY, 3};
	kernels.softmax(1, 2, NULL, up, y);
	assert_true(y[0] == 0 && y[1] == 1);
	/* A negative scale turns the order round. */
	const float z[] = {1, 2, 3};
	math_softmax(3, -1, z, y);
	const double sum = exp(-1) + exp(-2) + exp(-3);
	for (int i = 0; i < 3; i++)
		assert_true(fabs(y[i] - exp(-z[i]) / sum) < 1e-6);
}

static void fill(float *x, int64_t n, uint64_t stream)
{
	struct rng r;
	rng_init(&r, 7, stream);
	for (int64_t i = 0; i < n; i++)
		x[i] = (float)rng_normal(&r);
}

/* c = alpha op(a) op(b), or added to c, for every way the operands may lie and for sizes around the tile's. */
static void small_products_match_sums(void **state)
{
	(void)state;
	static const int64_t size[] = {0, 1, 3, 4, 5, 16, 17, 70};
	enum { MOST = 70 };
	static float a[MOST * MOST], b[MOST * MOST], c[MOST * MOST], before[MOST * MOST];
	fill(a, MOST * MOST, 1);
	fill(b, MOST * MOST, 2);
	fill(before, MOST * MOST, 3);
	for (int v = 0; v < 8 * 8 * 8 * 8; v++) {
		const int64_t m = size[v % 8], n = size[v / 8 % 8], k = size[v / 64 % 8];
		const bool turn_a = v / 512 % 2, turn_b = v / 1024 % 2, add = v / 2048 % 2;
		const struct small_matrix left = {a, turn_a ? 1 : MOST, turn_a ? MOST : 1};
		const struct small_matrix right = {b, turn_b ? 1 : MOST, turn_b ? MOST : 1};
		memcpy(c, before, sizeof c);
		small_gemm(m, n, k, 0.5F, left, right, add ? SMALL_ADD : SMALL_REPLACE, c, MOST);
		for (int64_t i = 0; i < MOST * MOST; i++) {
			const int64_t row = i / MOST, col = i % MOST;
			if (row >= m || col >= n) {
				assert_true(c[i] == before[i]);
				continue;
			}
			double sum = 0;
			for (int64_t p = 0; p < k; p++)
				sum += (double)left.data[row * left.row + p * left.col] * right.data[p * right.row + col * right.col];
			assert_true(fabs(c[i] - (0.5 * sum + (add ? before[i] : 0))) < 1e-5 * (1 + (double)k));
		}
	}
}

static void blocks_of_random_numbers_match_single_ones(void **state)
{
	(void)state;
	const uint64_t first = 0xFFFFFFF0; /* the counter carries into its second word */
	uint32_t many[4 * 37], one[4];
	rng_blocks(3, 5, first, 37, many);
	for (unsigned i = 0; i < 37; i++) {
		rng_block(3, 5, first + i, one);
		assert_memory_equal(many + 4 * i, one, sizeof one);
	}
}

/* Runs all but gemm on threads threads and returns one long array of results. */
enum { ROWS = 700, WIDTH = 75, SIZE = ROWS * WIDTH, SEGMENTS = 50, RESULTS = 46 };

#define RESULT(i) (result + (int64_t)(i)*SIZE)

/* Room for the weights of 3 heads, and where each segment's begin. */
static float *make_blocks(const struct segments *s, int64_t *block)
{
	int64_t end = 0;
	for (int32_t i = 0; i < s->count; i++) {
		const int64_t n = s->offset[i + 1] - s->offset[i];
		block[i] = end;
		end += 3 * n * n;
	}
	return xcalloc((size_t)end, sizeof(float));
}

static float *run_all(int threads)
{
	static float x[SIZE], y[SIZE], g[ROWS];
	static int32_t offset[SEGMENTS + 1], row[ROWS];
	static uint8_t keep[SIZE], dropped[6 * SIZE];
	float *result = xcalloc((size_t)RESULTS * SIZE, sizeof *result);
	fill(x, SIZE, 11);
	fill(y, SIZE, 12);
	fill(g, ROWS, 13);
	for (int i = 0; i < ROWS; i++)
		row[i] = (i * i) % 97;
	for (int i = 0; i <= SEGMENTS; i++)
		offset[i] = ROWS * i * i / (SEGMENTS * SEGMENTS);
	const struct segments s = {offset, SEGMENTS};
	kernels_set_threads(threads);

	kernels.axpy(SIZE, 0.3F, x, RESULT(0));
	const struct space whole = {2, {ROWS, WIDTH}, {{WIDTH, 1}, {WIDTH, 1}, {WIDTH, 1}, {0, 1}}};
	kernels.binary(BINARY_DIV, &whole, x, y, RESULT(1));
	kernels.tanh(SIZE, x, RESULT(2));
	kernels.tanh_grad(SIZE, x, y, RESULT(3));
	kernels.sigmoid(SIZE, x, RESULT(4));
	kernels.sigmoid_grad(SIZE, x, y, RESULT(5));
	kernels.relu(SIZE, x, RESULT(6));
	kernels.relu_grad(SIZE, x, y, RESULT(7));
	kernels.dropout(SIZE, 0.3, 1, 2, x, RESULT(8), keep);
	kernels.dropout_grad(SIZE, 0.3, keep, y, RESULT(9));
	kernels.lerp(ROWS, WIDTH, 1, g, x, y, RESULT(10));
	kernels.lerp_grad(ROWS, WIDTH, WIDTH, x, x, y, y, RESULT(11), RESULT(12), RESULT(13));
	kernels.add_to_rows(ROWS, WIDTH, x, y, RESULT(14));
	kernels.add_rows(ROWS, WIDTH, x, RESULT(15));
	kernels.gather(ROWS, WIDTH, row, x, RESULT(16));
	kernels.gather_grad(ROWS, WIDTH, row, y, RESULT(17));
	int64_t block[SEGMENTS];
	float *weights = make_blocks(&s, block);
	const struct attention_data a = {.query = &s,
	                                 .key = &s,
	                                 .heads = 3,
	                                 .dk = 25,
	                                 .dv = 25,
	                                 .scale = 0.2F,
	                                 .block = block,
	                                 .weights = weights,
	                                 .q = x,
	                                 .k = y,
	                                 .v = x,
	                                 .dropout = 0.4,
	                                 .seed = 5,
	                                 .stream = 6,
	                                 .keep = dropped};
	kernels.attention(&a, RESULT(18));
	kernels.attention_grad(&a, y, RESULT(19), RESULT(20), RESULT(21));
	free(weights);
	const struct blocks b = {&s, &s, block};
	kernels.block_dot(&b, WIDTH, x, y, false, RESULT(43));
	kernels.block_to_queries(&b, WIDTH, RESULT(43), y, false, RESULT(44));
	kernels.block_to_keys(&b, WIDTH, RESULT(43), x, true, RESULT(45));
	kernels.segment_dot(&s, WIDTH, x, y, RESULT(22));
	kernels.segment_sum(&s, WIDTH, x, g, RESULT(23));
	kernels.segment_sum_grad(&s, WIDTH, x, g, y, RESULT(24), RESULT(25));
	kernels.segment_dot_grad(&s, WIDTH, x, y, g, RESULT(26), RESULT(27));
	const struct space columns = {2, {ROWS, WIDTH}, {{0, 1}, {WIDTH, 1}, {WIDTH, 1}, {0}}};
	kernels.accumulate(TERM_X_TIMES_A, &columns, x, y, NULL, RESULT(28));
	const struct space rows = {2, {ROWS, WIDTH}, {{1, 0}, {WIDTH, 1}, {0}, {0}}};
	kernels.accumulate(TERM_X, &rows, x, NULL, NULL, RESULT(29));
	const struct space turned = {2, {WIDTH, ROWS}, {{ROWS, 1}, {1, WIDTH}, {0}, {0}}};
	kernels.permute(&turned, COPY_REPLACE, x, RESULT(30));
	kernels.softmax(ROWS, WIDTH, NULL, x, RESULT(31));
	kernels.log_softmax(ROWS, WIDTH, NULL, x, RESULT(32));
	static int64_t at[SEGMENTS], where[ROWS];
	const struct products p = {SEGMENTS, 10, 20, 30, false, true, false, false, at, at, at};
	for (int i = 0; i < SEGMENTS; i++)
		at[i] = 600 * i;
	kernels.products(&p, x, y, RESULT(33));
	kernels.largest(&rows, x, where, RESULT(34));
	kernels.gather_add(ROWS, WIDTH, row, x, RESULT(35));
	kernels.column_moments(ROWS, WIDTH, x, RESULT(37), RESULT(38));
	const struct dice_columns dice = {RESULT(37), RESULT(38), y, true};
	float sums[2 * WIDTH] = {0};
	kernels.dice(ROWS, WIDTH, &dice, x, RESULT(39), RESULT(40));
	kernels.dice_grad(ROWS, WIDTH, &dice, x, RESULT(40), y, RESULT(41), RESULT(42), sums);
	const struct space all = {2, {ROWS, WIDTH}, {{0, 0}, {WIDTH, 1}, {WIDTH, 1}, {0}}};
	kernels.accumulate(TERM_X_TIMES_A, &all, x, y, NULL, RESULT(36));
	double sum = 0;
	for (int i = 0; i < SIZE; i++)
		sum += (double)x[i] * y[i];
	assert_true(fabs(*RESULT(36) - sum) < 1e-3);
	return result;
}

/* What every processor has the same bits of: all but attention, blocks and products. tests/stage/vectors.sh compares the line. */
static void print_digest(const float *result)
{
	char hex[DIGEST_HEX];
	struct digest *d = digest_new();
	for (int i = 0; i < RESULTS; i++)
		if (i != 33 && (i < 18 || i > 21) && i < 43)
			digest_add(d, RESULT(i), SIZE * sizeof *result);
	digest_finish(d, hex);
	printf("# results %s\n", hex);
}

static void results_do_not_depend_on_threads(void **state)
{
	(void)state;
	float *one = run_all(1), *two = run_all(2), *five = run_all(5);
	assert_memory_equal(one, two, (size_t)RESULTS * SIZE * sizeof *one);
	assert_memory_equal(one, five, (size_t)RESULTS * SIZE * sizeof *one);
	print_digest(one);
	free(one);
	free(two);
	free(five);
}

/* Sizes on both sides of the rule that chooses the library. Where in memory the operands lie makes no difference either:
 * the sum depends on sizes and threads alone. */
static void large_products_repeat_bit_for_bit(void **state)
{
	(void)state;
	static const int64_t size[][3] = {{700, 75, 75}, {100, 1200, 400}, {33, 768, 512}, {300, 1, 200}, {150, 100, 777}};
	enum { ROOM = 1200 * 400 + 64 };
	float *a = xcalloc(ROOM, sizeof *a), *b = xcalloc(ROOM, sizeof *b), *c = xcalloc(ROOM, sizeof *c);
	float *a_off = xcalloc(ROOM, sizeof *a), *b_off = xcalloc(ROOM, sizeof *b), *again = xcalloc(ROOM, sizeof *c);
	fill(a, ROOM, 1);
	fill(b, ROOM, 2);
	memcpy(a_off + 1, a, (ROOM - 1) * sizeof *a);
	memcpy(b_off + 3, b, (ROOM - 3) * sizeof *b);
	for (int threads = 1; threads <= 3; threads++)
		for (int v = 0; v < 5 * 4; v++) {
			const int64_t m = size[v / 4][0], n = size[v / 4][1], k = size[v / 4][2];
			const bool turn_a = v & 1, turn_b = v & 2;
			kernels_set_threads(threads);
			kernels.gemm(turn_a, turn_b, m, n, k, 1, a, turn_a ? m : k, b, turn_b ? k : n, 0, c, n);
			kernels.gemm(turn_a, turn_b, m, n, k, 1, a_off + 1, turn_a ? m : k, b_off + 3, turn_b ? k : n, 0, again + 5,
			             n);
			assert_memory_equal(c, again + 5, (size_t)(m * n) * sizeof *c);
			for (int64_t i = 0; i < m * n; i += 97) {
				double sum = 0;
				for (int64_t p = 0; p < k; p++)
					sum +=
						(double)a[turn_a ? p * m + i / n : i / n * k + p] * b[turn_b ? i % n * k + p : p * n + i % n];
				assert_true(fabs(c[i] - sum) < 1e-5 * (1 + (double)k));
			}
		}
	kernels_set_threads(2);
	free(a);
	free(b);
	free(c);
	free(a_off);
	free(b_off);
	free(again);
}

static void gemm_takes_empty_sides(void **state)
{
	(void)state;
	float c[4] = {1, 2, 3, 4};
	kernels.gemm(false, false, 0, 2, 2, 1, c, 2, c, 2, 0, c, 2);
	kernels.gemm(false, false, 2, 0, 2, 1, c, 2, c, 0, 0, c, 0);
	assert_true(c[0] == 1 && c[3] == 4);
	kernels.gemm(false, false, 2, 2, 0, 1, c, 0, c, 2, 1, c, 2);
	assert_true(c[0] == 1 && c[3] == 4);
	kernels.gemm(false, false, 2, 2, 0, 1, c, 0, c, 2, 0, c, 2);
	assert_true(c[0] == 0 && c[3] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exp_is_good_to_two_units),
		cmocka_unit_test(tanh_is_good_to_four_units),
		cmocka_unit_test(sigmoid_is_good_to_four_units),
		cmocka_unit_test(gelu_is_good_to_seven_units),
		cmocka_unit_test(ends_of_the_range_are_exact),
		cmocka_unit_test(softmax_takes_extremes),
		cmocka_unit_test(small_products_match_sums),
		cmocka_unit_test(blocks_of_random_numbers_match_single_ones),
		cmocka_unit_test(results_do_not_depend_on_threads),
		cmocka_unit_test(large_products_repeat_bit_for_bit),
		cmocka_unit_test(gemm_takes_empty_sides),
	};
	return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
