/* What the ops refuse, what they promise about empty segments, and the values of those whose gradients alone say little. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/rng.h"
#include "model/tensor/kernels.h"
#include "model/tensor/ops.h"

static struct tensor *zeros(struct tape *t, int ndim, int64_t a, int64_t b, int64_t c)
{
	struct tensor *x = tape_tensor(t, ndim, (int64_t[]){a, b, c}, true);
	memset(x->data, 0, (size_t)tensor_size(x) * sizeof *x->data);
	return x;
}

static struct tensor *matrix(struct tape *t, int64_t rows, int64_t cols)
{
	return zeros(t, 2, rows, cols, 1);
}

static struct tensor *vector(struct tape *t, int64_t n)
{
	return zeros(t, 1, n, 1, 1);
}

/* Checks that y is a refusal with this message, and that a later op keeps silent about it. */
static void refused(struct tape *t, const struct tensor *y, const char *message)
{
	assert_null(y);
	assert_int_equal(tape_status(t), ST_USAGE);
	assert_string_equal(status_message(), message);
	assert_null(op_tanh(t, matrix(t, 1, 1)));
	assert_int_equal(tape_backward(t, NULL), ST_USAGE);
	assert_string_equal(status_message(), message);
	tape_reset(t);
	assert_int_equal(tape_status(t), ST_OK);
}

static void wrong_shapes_are_refused(void **state)
{
	(void)state;
	struct tape tape = {0}, *t = &tape;
	tape_init(t, true);
	refused(t, op_linear(t, matrix(t, 2, 3), matrix(t, 5, 4), NULL),
	        "linear: x is [2, 3] and w is [5, 4], expected [..., in] and [out, in]");
	refused(t, op_linear(t, matrix(t, 2, 3), zeros(t, 3, 5, 3, 1), NULL),
	        "linear: x is [2, 3] and w is [5, 3, 1], expected [..., in] and [out, in]");
	refused(t, op_linear(t, matrix(t, 2, 3), matrix(t, 5, 3), vector(t, 4)), "linear: b is [4], expected [5]");
	refused(t, op_add(t, matrix(t, 2, 3), matrix(t, 3, 2)), "add: a is [2, 3] and b is [3, 2], which do not broadcast");
	refused(t, op_sub(t, matrix(t, 2, 3), vector(t, 2)), "sub: a is [2, 3] and b is [2], which do not broadcast");
	refused(t, op_mul(t, vector(t, 2), matrix(t, 0, 3)), "mul: a is [2] and b is [0, 3], which do not broadcast");
	refused(t, op_div(t, vector(t, 2), vector(t, 3)), "div: a is [2] and b is [3], which do not broadcast");
	refused(t, op_lerp(t, matrix(t, 2, 1), matrix(t, 2, 3), matrix(t, 2, 4)),
	        "lerp: a is [2, 3] and b is [2, 4], expected both [n, d]");
	refused(t, op_lerp(t, matrix(t, 2, 2), matrix(t, 2, 3), matrix(t, 2, 3)),
	        "lerp: g is [2, 2] for a [2, 3], expected [n, d] or [n, 1]");
	refused(t, op_dropout(t, matrix(t, 2, 2), 1), "dropout: p is 1, expected 0 <= p < 1");
	refused(t, op_dropout(t, matrix(t, 2, 2), NAN), "dropout: p is nan, expected 0 <= p < 1");
	const int32_t index[] = {1, 2, -1};
	refused(t, op_embedding(t, vector(t, 3), index, 1), "embedding: table is [3], expected [rows, d]");
	refused(t, op_embedding(t, matrix(t, 2, 3), index, 2), "embedding: index 1 is 2, but there are 2 rows");
	refused(t, op_gather_rows(t, vector(t, 3), index, 1), "gather_rows: x is [3], expected [n, d]");
	refused(t, op_gather_rows(t, matrix(t, 3, 3), index, 3), "gather_rows: index 2 is -1, but there are 3 rows");
	refused(t, op_scatter_rows(t, vector(t, 3), index, 3), "scatter_rows: x is [3], expected [n, d]");
	refused(t, op_scatter_rows(t, matrix(t, 2, 3), index, 2), "scatter_rows: index 1 is 2, but there are 2 rows");
	refused(t, op_bce(t, vector(t, 3), vector(t, 2)),
	        "bce: logit is [3] and target is [2], expected the same and not empty");
	refused(t, op_bce(t, vector(t, 0), vector(t, 0)),
	        "bce: logit is [0] and target is [0], expected the same and not empty");
	refused(t, op_mse(t, vector(t, 3), matrix(t, 3, 1)),
	        "mse: a is [3] and b is [3, 1], expected the same and not empty");
	tape_release(t);
}

static void products_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	struct tape tape = {0}, *t = &tape;
	tape_init(t, true);
	refused(t, op_matmul(t, matrix(t, 2, 3), matrix(t, 2, 3), MATMUL_PLAIN),
	        "matmul: a is [2, 3] and b is [2, 3], expected [..., m, k] and [..., k, n], with batches that broadcast");
	refused(t, op_matmul(t, matrix(t, 2, 3), matrix(t, 3, 3), MATMUL_TRANSPOSE_A | MATMUL_TRANSPOSE_B),
	        "matmul: a is [2, 3] and b is [3, 3], expected [..., k, m] and [..., n, k], with batches that broadcast");
	refused(
		t, op_matmul(t, zeros(t, 3, 2, 3, 4), zeros(t, 3, 3, 4, 5), MATMUL_PLAIN),
		"matmul: a is [2, 3, 4] and b is [3, 4, 5], expected [..., m, k] and [..., k, n], with batches that broadcast");
	refused(t, op_matmul(t, vector(t, 3), matrix(t, 3, 2), MATMUL_PLAIN),
	        "matmul: a is [3] and b is [3, 2], expected [..., m, k] and [..., k, n], with batches that broadcast");
	tape_release(t);
}

static void wrong_axes_are_refused(void **state)
{
	(void)state;
	struct tape tape = {0}, *t = &tape;
	tape_init(t, true);
	refused(t, op_sum(t, matrix(t, 2, 3), AXIS_0 | AXIS_3), "sum: x is [2, 3] and has no axis 3");
	refused(t, op_mean(t, matrix(t, 2, 3), AXIS_2), "mean: x is [2, 3] and has no axis 2");
	refused(t, op_mean(t, matrix(t, 0, 3), AXIS_0), "mean: x is [0, 3], with nothing along the axes");
	refused(t, op_max(t, matrix(t, 2, 3), AXIS_2), "max: x is [2, 3] and has no axis 2");
	refused(t, op_max(t, matrix(t, 2, 0), AXIS_1), "max: x is [2, 0], with nothing along the axes");
	refused(t, op_softmax(t, zeros(t, 0, 0, 0, 0), NULL), "softmax: x is [], expected [..., n]");
	refused(t, op_log_softmax(t, zeros(t, 0, 0, 0, 0), NULL), "log_softmax: x is [], expected [..., n]");
	struct tensor *parts[] = {matrix(t, 2, 3), matrix(t, 3, 3)};
	refused(t, op_concat(t, parts, 2, 1), "concat: [2, 3] and [3, 3] differ beside axis 1");
	refused(t, op_concat(t, (struct tensor *[]){matrix(t, 2, 3)}, 1, 2), "concat: [2, 3] has no axis 2");
	refused(t, op_concat(t, parts, 0, 1), "concat: 0 tensors, expected 1 to 8");
	refused(t, op_slice(t, matrix(t, 2, 3), 2, 0, 1), "slice: x is [2, 3] and has no axis 2");
	refused(t, op_slice(t, matrix(t, 2, 3), 1, 1, 3), "slice: 3 from 1 along axis 1 of [2, 3]");
	refused(t, op_slice(t, matrix(t, 2, 3), 1, -1, 1), "slice: 1 from -1 along axis 1 of [2, 3]");
	refused(t, op_reshape(t, matrix(t, 2, 3), 2, (int64_t[]){4, 2}),
	        "reshape: x is [2, 3], which does not fill [4, 2]");
	refused(t, op_reshape(t, matrix(t, 2, 3), 2, (int64_t[]){-2, -3}),
	        "reshape: x is [2, 3], which does not fill [-2, -3]");
	refused(t, op_reshape(t, matrix(t, 2, 3), 6, (int64_t[]){1, 1, 1, 1, 2, 3}),
	        "reshape: 6 dimensions, expected at most 5");
	refused(t, op_permute(t, matrix(t, 2, 3), (int[]){1, 1}),
	        "permute: axis 1, number 1, is not one of those left of [2, 3]");
	refused(t, op_permute(t, matrix(t, 2, 3), (int[]){0, 2}),
	        "permute: axis 2, number 1, is not one of those left of [2, 3]");
	tape_release(t);
}

/* A NaN is not lost, the first of equals is the one, and a row of infinities below has a largest too. */
static void the_largest_is_found(void **state)
{
	(void)state;
	struct tape tape = {0}, *t = &tape;
	tape_init(t, true);
	struct tensor *x = matrix(t, 4, 3);
	memcpy(x->data, (real[]){1, 3, 3, 2, NAN, 5, -INFINITY, -INFINITY, -INFINITY, -1, -2, -3}, 12 * sizeof(real));
	struct tensor *y = op_max(t, x, AXIS_1);
	assert_true(y->data[0] == 3 && isnan(y->data[1]) && y->data[2] == -INFINITY && y->data[3] == -1);
	assert_int_equal(tape_backward_from(t, y, (real[]){1, 2, 3, 4}), ST_OK);
	const real wanted[] = {0, 1, 0, 0, 2, 0, 3, 0, 0, 4, 0, 0};
	assert_memory_equal(x->grad, wanted, sizeof wanted);
	tape_release(t);
}

static void a_loss_of_hopeless_logits_is_finite(void **state)
{
	(void)state;
	struct tape tape = {0}, *t = &tape;
	tape_init(t, true);
	struct tensor *x = vector(t, 2);
	memcpy(x->data, (real[]){-500, 500}, 2 * sizeof(real));
	struct tensor *loss = op_bce(t, x, tape_borrow(t, 1, (int64_t[]){2}, (real[]){1, 0}));
	assert_true(fabs(loss->data[0] - 500) < 1e-3);
	assert_int_equal(tape_backward(t, loss), ST_OK);
	assert_true(fabs(x->grad[0] + 0.5) < 1e-6 && fabs(x->grad[1] - 0.5) < 1e-6);
	tape_release(t);
}

static void wrong_segments_are_refused(void **state)
{
	(void)state;
	struct tape tape = {0}, *t = &tape;
	tape_init(t, true);
	const int32_t good[] = {0, 2, 3}, falling[] = {0, 4, 3}, late[] = {1, 2, 3}, gap[] = {0, 0, 3};
	const struct segments s = {good, 2}, one = {good, 1}, fall = {falling, 2}, start = {late, 2}, hollow = {gap, 2};
	const struct attention two = {.heads = 2, .scale = 1}, dropping = {.heads = 2, .scale = 1, .dropout = 1};
	refused(t, op_attention(t, matrix(t, 3, 4), matrix(t, 3, 4), matrix(t, 3, 3), &s, &s, &two),
	        "attention: q is [3, 4], k [3, 4], v [3, 3], expected [tq, 2 dk], [tk, 2 dk], [tk, 2 dv]");
	refused(t, op_attention(t, matrix(t, 3, 4), matrix(t, 3, 4), matrix(t, 3, 4), &s, &one, &two),
	        "attention: 2 segments of queries, but 1 of keys");
	refused(t, op_attention(t, matrix(t, 3, 4), matrix(t, 4, 4), matrix(t, 4, 4), &s, &s, &two),
	        "attention: 2 segments end at row 3 of 4");
	refused(t, op_attention(t, matrix(t, 3, 4), matrix(t, 3, 4), matrix(t, 3, 4), &s, &s, &dropping),
	        "attention: dropout is 1, expected 0 <= dropout < 1");
	refused(t, op_block_dot(t, matrix(t, 3, 2), matrix(t, 3, 2), &s, &fall),
	        "block_dot: segment offsets do not rise from 0");
	refused(t, op_block_sum(t, vector(t, 5), matrix(t, 3, 2), &one, &s),
	        "block_sum: 1 segments of queries, but 2 of keys");
	refused(t, op_block_sum(t, vector(t, 5), matrix(t, 3, 2), &fall, &s),
	        "block_sum: segment offsets do not rise from 0");
	refused(t, op_block_sum(t, vector(t, 5), matrix(t, 4, 2), &s, &s), "block_sum: 2 segments end at row 3 of 4");
	refused(t, op_block_sum(t, vector(t, 4), matrix(t, 3, 2), &s, &s), "block_sum: a is [4], expected [5]");
	refused(t, op_segment_softmax(t, matrix(t, 3, 2), &s), "segment_softmax: x is [3, 2], expected [n] or [n, 1]");
	refused(t, op_segment_softmax(t, vector(t, 3), &fall), "segment_softmax: segment offsets do not rise from 0");
	refused(t, op_segment_softmax(t, vector(t, 3), &start), "segment_softmax: segment offsets do not rise from 0");
	refused(t, op_segment_sum(t, matrix(t, 3, 2), vector(t, 2), &s),
	        "segment_sum: x is [3, 2] and a is [2], expected [n, d] and [n]");
	refused(t, op_segment_sum(t, matrix(t, 2, 2), vector(t, 2), &s), "segment_sum: 2 segments end at row 3 of 2");
	refused(t, op_segment_dot(t, matrix(t, 3, 2), matrix(t, 3, 2), &s),
	        "segment_dot: x is [3, 2] and u is [3, 2], expected [n, d] and [2, d]");
	refused(t, op_segment_dot(t, matrix(t, 4, 2), matrix(t, 2, 2), &s), "segment_dot: 2 segments end at row 3 of 4");
	refused(t, op_cross_entropy(t, matrix(t, 3, 2), &s), "cross_entropy: score is [3, 2], expected [n] or [n, 1]");
	refused(t, op_cross_entropy(t, vector(t, 3), &hollow), "cross_entropy: segment 0 is empty");
	refused(t, op_cross_entropy(t, vector(t, 0), &(struct segments){good, 0}), "cross_entropy: no segments");
	tape_release(t);
}

static void a_loss_is_one_number_with_a_gradient(void **state)
{
	(void)state;
	struct tape tape = {0}, *t = &tape;
	tape_init(t, true);
	assert_int_equal(tape_backward(t, vector(t, 3)), ST_USAGE);
	assert_string_equal(status_message(), "backward: a loss has one element, not 3");
	const real one = 1;
	assert_int_equal(tape_backward(t, tape_borrow(t, 1, &(int64_t){1}, &one)), ST_USAGE);
	assert_int_equal(tape_backward(t, NULL), ST_USAGE);
	tape_release(t);
}

static void fill(struct tensor *x, uint64_t stream)
{
	struct rng r;
	rng_init(&r, 5, stream);
	for (int64_t i = 0; i < tensor_size(x); i++)
		x->data[i] = (real)rng_normal(&r);
}

enum { DROPPED = 200 * 300 };

static real *dropped(struct tape *t, uint64_t step, int calls_before, double p)
{
	tape_reset(t);
	t->training = true;
	t->seed = 3;
	t->step = step;
	struct tensor *x = matrix(t, 200, 300);
	for (int64_t i = 0; i < DROPPED; i++)
		x->data[i] = 2;
	for (int i = 0; i < calls_before; i++)
		op_dropout(t, x, p);
	struct tensor *y = op_dropout(t, x, p);
	assert_non_null(y);
	return y->data;
}

static void dropout_keeps_the_mean(void **state)
{
	(void)state;
	struct tape t = {0};
	tape_init(&t, true);
	for (double p = 0.1; p < 1; p += 0.2) {
		const real *y = dropped(&t, 1, 0, p);
		int64_t kept = 0;
		for (int64_t i = 0; i < DROPPED; i++) {
			assert_true(y[i] == 0 || fabs(y[i] - 2 / (1 - p)) < 1e-5);
			kept += y[i] != 0;
		}
		/* Four standard deviations. */
		assert_true(fabs((double)kept / DROPPED - (1 - p)) < 4 * sqrt(p * (1 - p) / DROPPED));
	}
	tape_release(&t);
}

static void dropout_is_a_function_of_seed_step_and_call(void **state)
{
	(void)state;
	const size_t bytes = DROPPED * sizeof(real);
	struct tape first = {0}, second = {0};
	tape_init(&first, true);
	tape_init(&second, false);
	kernels_set_threads(1);
	const real *y = dropped(&first, 7, 1, 0.3);
	kernels_set_threads(2);
	assert_memory_equal(y, dropped(&second, 7, 1, 0.3), bytes);
	assert_memory_not_equal(y, dropped(&second, 7, 0, 0.3), bytes);
	assert_memory_not_equal(y, dropped(&second, 8, 1, 0.3), bytes);
	second.training = false;
	struct tensor *x = matrix(&second, 2, 2);
	assert_ptr_equal(op_dropout(&second, x, 0.3), x);
	tape_release(&first);
	tape_release(&second);
}

/* Two titles and an empty one between them; the second reads an empty memory. */
static void attention_weights_sum_to_one(void **state)
{
	(void)state;
	const int32_t words[] = {0, 3, 3, 5, 6}, cues[] = {0, 4, 6, 6, 7};
	const struct segments query = {words, 4}, key = {cues, 4};
	struct tape tape = {0}, *t = &tape;
	for (int recording = 0; recording < 2; recording++) {
		tape_init(t, recording);
		struct tensor *q = matrix(t, 6, 8), *k = matrix(t, 7, 8), *v = matrix(t, 7, 6);
		fill(q, 1);
		fill(k, 2);
		fill(v, 3);
		const real *weight = NULL;
		const struct tensor *y =
			op_attention(t, q, k, v, &query, &key, &(struct attention){.heads = 2, .scale = 0.7, .weights = &weight});
		assert_non_null(y);
		for (int h = 0; h < 2; h++)
			for (int i = 0; i < 3; i++) {
				/* cppcheck-suppress nullPointerArithmetic */
				const real *row = weight + (h * 3 + i) * 4;
				assert_true(fabs(row[0] + row[1] + row[2] + row[3] - 1) < 1e-6);
				for (int c = 0; c < 3; c++) {
					double sum = 0;
					for (int j = 0; j < 4; j++)
						sum += row[j] * v->data[j * 6 + h * 3 + c];
					assert_true(fabs(y->data[i * 6 + h * 3 + c] - sum) < 1e-5);
				}
			}
		for (int i = 3 * 6; i < 5 * 6; i++)
			assert_true(y->data[i] == 0);
		/* One key takes all: blocks follow one another, 24 weights for the first segment and none for the next two. */
		/* cppcheck-suppress nullPointer */
		assert_true(weight[24] == 1 && weight[25] == 1);
		assert_memory_equal(y->data + 5 * 6, v->data + 6 * 6, 6 * sizeof(real));
		const struct tensor *again =
			op_attention(t, q, k, v, &query, &key, &(struct attention){.heads = 2, .scale = 0.7});
		assert_memory_equal(again->data, y->data, 36 * sizeof(real));
		tape_reset(t);
	}
	tape_release(t);
}

static void empty_segments_give_zeros(void **state)
{
	(void)state;
	const int32_t at[] = {0, 0, 2, 2};
	const struct segments s = {at, 3};
	struct tape tape = {0}, *t = &tape;
	tape_init(t, false);
	struct tensor *x = matrix(t, 2, 3), *a = vector(t, 2);
	fill(x, 1);
	fill(a, 2);
	const struct tensor *y = op_segment_sum(t, x, op_segment_softmax(t, a, &s), &s);
	for (int i = 0; i < 3; i++)
		assert_true(y->data[i] == 0 && y->data[3 + i] != 0 && y->data[6 + i] == 0);
	tape_release(t);
}

static void cross_entropy_of_hopeless_scores_is_finite(void **state)
{
	(void)state;
	const int32_t at[] = {0, 2, 5};
	const struct segments s = {at, 2};
	struct tape tape = {0}, *t = &tape;
	tape_init(t, true);
	struct tensor *score = vector(t, 5);
	memcpy(score->data, (real[]){-500, 500, 1, 1, 1}, 5 * sizeof(real));
	struct tensor *loss = op_cross_entropy(t, score, &s);
	assert_non_null(loss);
	assert_true(fabs(loss->data[0] - (1000 + log(3)) / 2) < 1e-3);
	assert_int_equal(tape_backward(t, loss), ST_OK);
	const double wanted[] = {-0.5, 0.5, -1.0 / 3, 1.0 / 6, 1.0 / 6};
	for (int i = 0; i < 5; i++)
		assert_true(fabs(score->grad[i] - wanted[i]) < 1e-6);
	tape_release(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_shapes_are_refused),
		cmocka_unit_test(products_that_do_not_fit_are_refused),
		cmocka_unit_test(wrong_axes_are_refused),
		cmocka_unit_test(the_largest_is_found),
		cmocka_unit_test(a_loss_of_hopeless_logits_is_finite),
		cmocka_unit_test(wrong_segments_are_refused),
		cmocka_unit_test(a_loss_is_one_number_with_a_gradient),
		cmocka_unit_test(dropout_keeps_the_mean),
		cmocka_unit_test(dropout_is_a_function_of_seed_step_and_call),
		cmocka_unit_test(attention_weights_sum_to_one),
		cmocka_unit_test(empty_segments_give_zeros),
		cmocka_unit_test(cross_entropy_of_hopeless_scores_is_finite),
	};
	return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
