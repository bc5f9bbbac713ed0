/* Parameters by name, their initial values, checkpoints, and Adam. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"
#include "model/tensor/kernels.h"
#include "model/tensor/ops.h"
#include "model/tensor/params.h"
#include "tests/support/scratch.h"

static const struct init zero = {INIT_ZERO, 0}, xavier = {INIT_XAVIER, 0};

static struct tensor *add(struct params *ps, const char *name, int ndim, const int64_t *dim, struct init init)
{
	struct tensor *x = NULL;
	assert_int_equal(params_add(ps, name, ndim, dim, init, &x), ST_OK);
	return x;
}

static struct tensor *add_matrix(struct params *ps, const char *name, int64_t rows, int64_t cols, struct init init)
{
	return add(ps, name, 2, (int64_t[]){rows, cols}, init);
}

static void names_are_taken_once(void **state)
{
	(void)state;
	struct params ps = {0};
	struct tensor *x = add_matrix(&ps, "news.w", 2, 3, zero), *other = NULL;
	const int64_t dim = 4;
	assert_int_equal(params_add(&ps, "news.w", 1, &dim, zero, &other), ST_USAGE);
	assert_string_equal(status_message(), "parameter news.w: the name is taken");
	add(&ps, "news.b", 1, &dim, zero);
	assert_int_equal(ps.count, 2);
	assert_int_equal(ps.size, 10);
	assert_null(ps.value);
	params_seal(&ps, 1);
	assert_int_equal(params_add(&ps, "late", 1, &dim, zero, &other), ST_USAGE);
	assert_string_equal(status_message(), "parameter late: the store is sealed");
	assert_null(other);
	assert_ptr_equal(&params_find(&ps, "news.w")->tensor, x);
	assert_null(params_find(&ps, "news"));
	assert_ptr_equal(x->data, ps.value);
	assert_ptr_equal(params_find(&ps, "news.b")->tensor.grad, ps.grad + 6);
	params_release(&ps);
	params_release(&ps);
}

static struct tensor *sum_of_rows(struct tape *t, struct tensor *table, const int32_t *id, int64_t count)
{
	return op_sum(t, op_embedding(t, table, id, count), AXES_ALL);
}

/* A lookup lists its rows, each once; zeroing clears those and no others; any other use of the table touches all. */
static void tables_know_their_touched_rows(void **state)
{
	(void)state;
	struct params ps = {0};
	struct tape t = {0};
	add_matrix(&ps, "before", 2, 3, zero);
	struct tensor *table = add_matrix(&ps, "table", 6, 2, zero), *other = add_matrix(&ps, "after", 3, 3, zero);
	params_track_rows(&ps, table);
	params_seal(&ps, 1);
	assert_null(other->touched);
	tape_init(&t, true);
	const int32_t id[] = {4, 1, 4};
	assert_int_equal(tape_backward(&t, sum_of_rows(&t, table, id, 3)), ST_OK);
	tape_reset(&t);
	assert_int_equal(tape_backward(&t, sum_of_rows(&t, table, (int32_t[]){1, 5}, 2)), ST_OK);
	const struct touched_rows *r = table->touched;
	const int32_t wanted[] = {4, 1, 5};
	assert_int_equal(r->count, 3);
	assert_memory_equal(r->row, wanted, sizeof wanted);
	assert_false(r->all);
	const real sums[] = {0, 0, 2, 2, 0, 0, 0, 0, 2, 2, 1, 1};
	assert_memory_equal(table->grad, sums, sizeof sums);

	/* Row 0 was never listed: left alone, so this stays. */
	table->grad[0] = 7;
	other->grad[0] = 7;
	params_zero_grad(&ps);
	const real cleared[12] = {7};
	assert_memory_equal(table->grad, cleared, sizeof cleared);
	assert_true(other->grad[0] == 0 && r->count == 0 && !r->seen[4]);

	tape_reset(&t);
	struct tensor *flat = op_reshape(&t, table, 1, (int64_t[]){12});
	assert_int_equal(tape_backward(&t, op_sum(&t, flat, AXES_ALL)), ST_OK);
	assert_true(r->all);
	params_zero_grad(&ps);
	for (int i = 0; i < 12; i++)
		assert_true(table->grad[i] == 0);
	assert_false(r->all);
	tape_release(&t);
	params_release(&ps);
}

static void values_depend_on_seed_and_name_only(void **state)
{
	(void)state;
	struct params a = {0}, b = {0}, c = {0};
	const struct tensor *first = add_matrix(&a, "w", 5, 7, xavier);
	add_matrix(&b, "before", 3, 3, xavier);
	const struct tensor *second = add_matrix(&b, "w", 5, 7, xavier), *named = add_matrix(&b, "v", 5, 7, xavier);
	const struct tensor *seeded = add_matrix(&c, "w", 5, 7, xavier);
	params_seal(&a, 9);
	params_seal(&b, 9);
	params_seal(&c, 10);
	assert_memory_equal(first->data, second->data, 35 * sizeof(real));
	assert_memory_not_equal(first->data, named->data, 35 * sizeof(real));
	assert_memory_not_equal(first->data, seeded->data, 35 * sizeof(real));
	params_release(&a);
	params_release(&b);
	params_release(&c);
}

struct moments {
	double mean, deviation, least, most;
};

static struct moments moments_of(const struct tensor *x)
{
	struct moments m = {0, 0, INFINITY, -INFINITY};
	const double n = (double)tensor_size(x);
	for (int64_t i = 0; i < tensor_size(x); i++) {
		m.mean += x->data[i] / n;
		m.deviation += x->data[i] * x->data[i] / n;
		m.least = fmin(m.least, x->data[i]);
		m.most = fmax(m.most, x->data[i]);
	}
	m.deviation = sqrt(m.deviation - m.mean * m.mean);
	return m;
}

static void values_are_distributed_as_asked(void **state)
{
	(void)state;
	struct params ps = {0};
	const struct tensor *one = add_matrix(&ps, "one", 2, 2, (struct init){INIT_ONE, 0});
	const struct tensor *glorot = add_matrix(&ps, "glorot", 100, 50, xavier);
	const struct tensor *kernel = add(&ps, "kernel", 3, (int64_t[]){30, 20, 3}, xavier);
	const struct tensor *uniform = add_matrix(&ps, "uniform", 100, 100, (struct init){INIT_UNIFORM, 0.5});
	const struct tensor *normal = add_matrix(&ps, "normal", 100, 100, (struct init){INIT_NORMAL, 0.1});
	params_seal(&ps, 1);
	assert_true(one->data[0] == 1 && one->data[3] == 1);
	const struct tensor *even[] = {glorot, kernel, uniform};
	const double bound[] = {0.2, 0.2, 0.5}; /* sqrt(6 / 150) = sqrt(6 / (50 * 3)) = 0.2 */
	for (int i = 0; i < 3; i++) {
		const struct moments m = moments_of(even[i]);
		assert_true(fabs(m.mean) < 0.02 * bound[i]);
		assert_true(fabs(m.deviation - bound[i] / sqrt(3)) < 0.02 * bound[i]);
		assert_true(m.least >= -bound[i] && m.least < -0.99 * bound[i]);
		assert_true(m.most <= bound[i] && m.most > 0.99 * bound[i]);
	}
	const struct moments m = moments_of(normal);
	assert_true(fabs(m.mean) < 0.003 && fabs(m.deviation - 0.1) < 0.003 && m.most > 0.3);
	params_release(&ps);
}

/* Gradients count for what learns only; what follows goes its share of the way, whatever the decay, and has no moments. */
static void what_follows_does_not_learn(void **state)
{
	(void)state;
	struct params ps = {0};
	struct tensor *learns = add_matrix(&ps, "learns", 1, 2, (struct init){INIT_ONE, 0});
	struct tensor *follows = add(&ps, "follows", 1, (int64_t[]){2}, (struct init){INIT_ONE, 0});
	params_follow(&ps, follows, 0.25);
	params_seal(&ps, 1);
	memcpy(learns->grad, (float[]){3, 4}, 2 * sizeof(float));
	memcpy(follows->grad, (float[]){5, -3}, 2 * sizeof(float));
	assert_true(params_clip_grad(&ps, 1) == 5);
	assert_true(fabsf(learns->grad[0] - 0.6F) < 1e-6F && follows->grad[0] == 5);
	struct adam adam = {.learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.5};
	adam_step(&adam, &ps);
	assert_true(follows->data[0] == 2 && follows->data[1] == 0);
	assert_true(fabsf(learns->data[0] - 0.85F) < 1e-6F);
	assert_true(ps.moment1[2] == 0 && ps.moment2[3] == 0 && ps.moment1[0] > 0);
	adam.skip = (const uint8_t[]){0, 1};
	adam_step(&adam, &ps);
	assert_true(follows->data[0] == 2);
	params_release(&ps);
}

/* In a process of its own, whether params_follow is a programming error. */
static void follow_is_a_bug(struct params *ps, struct tensor *x)
{
	fflush(stdout);
	const pid_t child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		params_follow(ps, x, 0.5);
		_exit(0);
	}
	assert_int_equal(child_end(child), -SIGABRT);
}

static void only_what_is_in_an_open_store_follows(void **state)
{
	(void)state;
	struct params ps = {0};
	struct tensor other = {0};
	struct tensor *x = add_matrix(&ps, "x", 1, 2, zero);
	params_follow(&ps, x, 0.5);
	follow_is_a_bug(&ps, &other);
	params_seal(&ps, 1);
	follow_is_a_bug(&ps, x);
	params_release(&ps);
}

/* Two tapes of a step, of three quarters and one, tell what is followed their shares of it; one that scores tells nothing. */
static void dice_tells_each_tapes_share(void **state)
{
	(void)state;
	static const float half[][4] = {{1, 0, 3, 0}, {10, 4, 10, 8}};
	struct params ps = {0};
	const int64_t two = 2;
	struct tensor *alpha = add(&ps, "alpha", 1, &two, (struct init){INIT_ZERO, 0});
	const struct followed_moments m = {add(&ps, "mean", 1, &two, (struct init){INIT_ZERO, 0}),
	                                   add(&ps, "variance", 1, &two, (struct init){INIT_ONE, 0}), 1e-8};
	params_follow(&ps, m.mean, 0.5);
	params_follow(&ps, m.variance, 0.5);
	params_seal(&ps, 1);
	for (int i = 0; i < 3; i++) {
		struct tape t = {0};
		tape_init(&t, true);
		t.training = i < 2;
		t.share = i ? 0.25 : 0.75;
		assert_non_null(op_dice(&t, tape_borrow(&t, 2, (int64_t[]){2, 2}, half[i % 2]), alpha, &m));
		tape_release(&t);
	}
	assert_true(m.mean->grad[0] == 0.75F * 2 + 0.25F * 10 && m.mean->grad[1] == 0.25F * 6);
	assert_true(m.variance->grad[0] == 0.75F && m.variance->grad[1] == 0.25F * 4);
	params_release(&ps);
}

/* Numbers worked out from the update rule in double: m = 0.9 m + 0.1 g, v = 0.999 v + 0.001 g^2,
 * w -= 0.1 (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8), after w *= 1 - 0.1 * 0.1 with decay. */
static void adam_follows_the_rule(void **state)
{
	(void)state;
	static const double decay[] = {0, 0.1};
	static const float gradient[3][2] = {{0.5F, 1e-8F}, {-0.2F, 0}, {0.1F, 3}};
	static const double wanted[2][3][2] = {{{0.9000000019999999, -2.05},
	                                        {0.8654394181165107, -2.0777506540959694},
	                                        {0.8275002408356955, -2.141632013839666}},
	                                       {{0.8900000019999998, -2.03},
	                                        {0.8465394180965107, -2.037450654095969},
	                                        {0.8001348466347303, -2.080957507298706}}};
	for (int d = 0; d < 2; d++) {
		struct params ps = {0};
		const struct tensor *w = add_matrix(&ps, "w", 1, 2, zero);
		params_seal(&ps, 1);
		w->data[0] = 1;
		w->data[1] = -2;
		struct adam o = {0.1, 0.9, 0.999, 1e-8, decay[d], 0, ADAM_ALL_ROWS, NULL};
		for (int t = 0; t < 3; t++) {
			memcpy(ps.grad, gradient[t], sizeof gradient[t]);
			adam_step(&o, &ps);
			for (int i = 0; i < 2; i++)
				assert_true(fabs(w->data[i] - wanted[d][t][i]) < 1e-6);
		}
		assert_int_equal(o.step, 3);
		params_release(&ps);
	}
}

/* A long block, which is cut among threads, moves as single numbers do. */
static void adam_treats_every_element_alike(void **state)
{
	(void)state;
	enum { LONG = 50001 };
	struct params all = {0}, single = {0};
	const struct tensor *w = add_matrix(&all, "w", 1, LONG, zero), *one = add_matrix(&single, "w", 1, 1, zero);
	params_seal(&all, 1);
	params_seal(&single, 1);
	struct adam o = {1e-3, 0.9, 0.999, 1e-8, 0, 0, ADAM_ALL_ROWS, NULL}, p = o;
	kernels_set_threads(2);
	for (int t = 0; t < 3; t++) {
		for (int64_t i = 0; i < LONG; i++)
			all.grad[i] = 0.25F * (float)(t + 1);
		single.grad[0] = 0.25F * (float)(t + 1);
		adam_step(&o, &all);
		adam_step(&p, &single);
	}
	for (int64_t i = 0; i < LONG; i++)
		assert_memory_equal(&w->data[i], one->data, sizeof *one->data);
	params_release(&all);
	params_release(&single);
}

/* What is skipped stays, moments and all; what is beside it moves as without it. */
static void adam_skips_parameters(void **state)
{
	(void)state;
	struct params all = {0}, some = {0}, *both[] = {&all, &some};
	for (int k = 0; k < 2; k++) {
		add_matrix(both[k], "a", 2, 3, (struct init){INIT_NORMAL, 1});
		add_matrix(both[k], "b", 1, 4, (struct init){INIT_NORMAL, 1});
		add_matrix(both[k], "c", 1, 2, (struct init){INIT_NORMAL, 1});
		params_seal(both[k], 1);
		for (int i = 0; i < 12; i++)
			both[k]->grad[i] = (real)(i - 5);
	}
	real b[4];
	memcpy(b, some.value + 6, sizeof b);
	struct adam o = {.learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}, p = o;
	p.skip = (const uint8_t[]){0, 1, 0};
	adam_step(&o, &all);
	adam_step(&p, &some);
	assert_memory_equal(all.value, some.value, 6 * sizeof(real));
	assert_memory_equal(all.value + 10, some.value + 10, 2 * sizeof(real));
	assert_memory_equal(b, some.value + 6, sizeof b);
	for (int i = 6; i < 10; i++)
		assert_true(some.moment1[i] == 0 && some.moment2[i] == 0 && all.value[i] != b[i - 6]);
	params_release(&all);
	params_release(&some);
}

/* One step in which some rows are touched, then one with all: the touched rows and the parameters around them move as in a
 * dense step, bit by bit; the others stay, moments and all, until their turn. */
static void sparse_adam_steps_on_touched_rows(void **state)
{
	(void)state;
	struct params dense = {0}, sparse = {0}, *both[] = {&dense, &sparse};
	struct tensor *table[2];
	struct tape t = {0};
	tape_init(&t, true);
	for (int k = 0; k < 2; k++) {
		add_matrix(both[k], "before", 2, 3, (struct init){INIT_XAVIER, 0});
		table[k] = add_matrix(both[k], "table", 4, 2, (struct init){INIT_NORMAL, 1});
		add_matrix(both[k], "after", 3, 1, (struct init){INIT_XAVIER, 0});
		params_track_rows(both[k], table[k]);
		params_seal(both[k], 1);
	}
	struct adam o[] = {{.learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01},
	                   {.learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01}};
	o[1].rows = ADAM_TOUCHED_ROWS;
	const real start[] = {table[1]->data[4], table[1]->data[5]};
	for (int k = 0; k < 2; k++) {
		params_zero_grad(both[k]);
		tape_reset(&t);
		assert_int_equal(tape_backward(&t, sum_of_rows(&t, table[k], (int32_t[]){3, 0, 1, 3}, 4)), ST_OK);
		both[k]->grad[1] = 0.5F;
		adam_step(&o[k], both[k]);
	}
	assert_memory_equal(dense.value, sparse.value, 10 * sizeof(real));
	assert_memory_equal(dense.value + 12, sparse.value + 12, 5 * sizeof(real));
	assert_memory_equal(table[1]->data + 4, start, sizeof start);
	assert_true(table[0]->data[4] != start[0]);
	assert_true(sparse.moment2[6 + 4] == 0 && sparse.moment1[6 + 0] != 0);
	params_release(&dense);
	params_release(&sparse);
	tape_release(&t);
}

static void gradients_are_clipped_by_their_norm(void **state)
{
	(void)state;
	struct params ps = {0};
	add_matrix(&ps, "w", 1, 2, zero);
	params_seal(&ps, 1);
	ps.grad[0] = 3;
	ps.grad[1] = -4;
	assert_true(params_clip_grad(&ps, 5) == 5);
	assert_true(ps.grad[0] == 3 && ps.grad[1] == -4);
	assert_true(params_clip_grad(&ps, 1) == 5);
	assert_true(fabs(ps.grad[0] - 0.6) < 1e-6 && fabs(ps.grad[1] + 0.8) < 1e-6);
	params_zero_grad(&ps);
	assert_true(ps.grad[0] == 0 && params_clip_grad(&ps, 1) == 0);
	params_release(&ps);
}

/* Of a table that lists its touched rows, the others are neither read nor scaled. */
static void clipping_looks_at_touched_rows(void **state)
{
	(void)state;
	struct params ps = {0};
	struct tensor *table = add_matrix(&ps, "table", 4, 2, zero);
	params_track_rows(&ps, table);
	add_matrix(&ps, "w", 1, 1, zero);
	params_seal(&ps, 1);
	const int32_t row[] = {3, 1};
	touched_rows_add(table->touched, row, 2);
	memcpy(ps.grad, (real[]){100, 0, 2, -2, 0, 0, 0, 2, 2}, 9 * sizeof(real));
	assert_true(params_clip_grad(&ps, 2) == 4);
	const real halved[] = {100, 0, 1, -1, 0, 0, 0, 1, 1};
	assert_memory_equal(ps.grad, halved, sizeof halved);
	table->touched->all = true;
	ps.grad[0] = 0;
	ps.grad[4] = 2;
	assert_true(fabs(params_clip_grad(&ps, INFINITY) - sqrt(8)) < 1e-12);
	params_release(&ps);
}

static void make_model(struct params *ps, uint64_t seed, int64_t width)
{
	add_matrix(ps, "news.q.weight", 3, width, xavier);
	add(ps, "news.q.bias", 1, &(int64_t){3}, xavier);
	params_seal(ps, seed);
	for (int64_t i = 0; i < ps->size; i++) {
		ps->moment1[i] = (float)seed + (float)i;
		ps->moment2[i] = (float)seed - (float)i;
	}
}

static void save(struct params *ps, const char *path, bool moments)
{
	struct h5_file *f = NULL;
	assert_int_equal(h5_create(&f, path), ST_OK);
	assert_int_equal(params_write(ps, f, moments), ST_OK);
	assert_int_equal(h5_commit(f), ST_OK);
}

static enum status load(struct params *ps, const char *path, bool moments)
{
	struct h5_file *f = NULL;
	assert_int_equal(h5_open(&f, path), ST_OK);
	const enum status st = params_read(ps, f, moments);
	h5_close(f);
	return st;
}

static void checkpoints_come_back_bit_by_bit(void **state)
{
	(void)state;
	const char *path = scratch_path("checkpoint.h5");
	struct params a = {0}, b = {0};
	make_model(&a, 1, 4);
	make_model(&b, 2, 4);
	save(&a, path, true);
	assert_int_equal(load(&b, path, true), ST_OK);
	assert_memory_equal(a.value, b.value, 15 * sizeof *a.value);
	assert_memory_equal(a.moment1, b.moment1, 15 * sizeof *a.value);
	assert_memory_equal(a.moment2, b.moment2, 15 * sizeof *a.value);
	params_release(&a);
	params_release(&b);
}

static void misfits_are_listed_at_once_and_change_nothing(void **state)
{
	(void)state;
	const char *path = scratch_path("checkpoint.h5");
	struct params a = {0}, b = {0};
	make_model(&a, 1, 4);
	save(&a, path, false);
	add_matrix(&b, "user.q.weight", 2, 2, xavier);
	make_model(&b, 2, 5);
	struct params untouched = {0};
	add_matrix(&untouched, "user.q.weight", 2, 2, xavier);
	make_model(&untouched, 2, 5);
	assert_int_equal(load(&b, path, false), ST_MALFORMED);
	assert_string_equal(status_message(), "the file does not fit the model; parameters/user.q.weight is missing; "
	                                      "parameters/news.q.weight is [3, 4], expected [3, 5]");
	assert_memory_equal(b.value, untouched.value, (size_t)b.size * sizeof *b.value);
	/* Values alone were saved: there is nothing to go on training from. */
	assert_int_equal(load(&a, path, true), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "adam/m/news.q.bias is missing"));
	params_release(&a);
	params_release(&b);
	params_release(&untouched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_once),
		cmocka_unit_test(tables_know_their_touched_rows),
		cmocka_unit_test(values_depend_on_seed_and_name_only),
		cmocka_unit_test(values_are_distributed_as_asked),
		cmocka_unit_test(adam_follows_the_rule),
		cmocka_unit_test(what_follows_does_not_learn),
		cmocka_unit_test(only_what_is_in_an_open_store_follows),
		cmocka_unit_test(dice_tells_each_tapes_share),
		cmocka_unit_test(adam_treats_every_element_alike),
		cmocka_unit_test(adam_skips_parameters),
		cmocka_unit_test(sparse_adam_steps_on_touched_rows),
		cmocka_unit_test(gradients_are_clipped_by_their_norm),
		cmocka_unit_test(clipping_looks_at_touched_rows),
		cmocka_unit_test(checkpoints_come_back_bit_by_bit),
		cmocka_unit_test(misfits_are_listed_at_once_and_change_nothing),
	};
	return cmocka_run_group_tests_name("params", tests, scratch_make, scratch_remove);
}
