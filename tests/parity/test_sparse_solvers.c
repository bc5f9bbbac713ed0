/* The solvers of factorisation machines against tests/parity/sparse_reference.py.
 *
 *   /offset, /index, /value, /label                 int64, int32, float32, uint8: samples by rows, of 8 features
 *   /MACHINE/before/PARAMETER, /MACHINE/scores      linear (no factors), three, sixteen
 *   /MACHINE/sgd_loss, /MACHINE/sgd/PARAMETER       three passes over sample 0 alone: rate 0.1, penalties 0.01 and 0.02
 *   /als_loss, /als/PARAMETER                       two sweeps of "three" over all samples, penalties 0.5 and 1.5 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "model/train/sparse_sgd.h"
#include "tests/support/golden.h"
#include "tests/support/scratch.h"

enum { FEATURES = 8 };

struct solvers {
	struct h5_file *file;
	struct sparse_samples samples;
	struct sparse_machine machine;
	int64_t *offset;
	int32_t *index;
	float *value;
	uint8_t *label;
};

static real *read_values(struct h5_file *f, const char *folder, const char *name)
{
	char *path = path_printf("%s/%s", folder, name);
	real *values = golden_read(f, path, H5_REAL, NULL);
	free(path);
	return values;
}

static void solvers_open(struct solvers *s, const char *machine, int64_t factors)
{
	size_t offsets;
	memset(s, 0, sizeof *s);
	must(h5_open(&s->file, "tests/parity/golden/sparse_solvers.h5"));
	s->offset = golden_read(s->file, "offset", H5_I64, &offsets);
	s->index = golden_read(s->file, "index", H5_I32, NULL);
	s->value = golden_read(s->file, "value", H5_F32, NULL);
	s->label = golden_read(s->file, "label", H5_U8, NULL);
	s->samples = (struct sparse_samples){.count = offsets - 1,
	                                     .pairs = (uint64_t)s->offset[offsets - 1],
	                                     .buckets = FEATURES,
	                                     .offset = (const uint64_t *)s->offset,
	                                     .index = (const uint32_t *)s->index,
	                                     .value = s->value,
	                                     .label = s->label};
	char *before = path_printf("%s/before", machine);
	s->machine = (struct sparse_machine){.w0 = read_values(s->file, before, "w0"),
	                                     .w = read_values(s->file, before, "w"),
	                                     .v = factors ? read_values(s->file, before, "v") : NULL,
	                                     .factors = factors};
	free(before);
}

static void solvers_close(struct solvers *s)
{
	free(s->machine.w0);
	free(s->machine.w);
	free(s->machine.v);
	free(s->offset);
	free(s->index);
	free(s->value);
	free(s->label);
	h5_close(s->file);
}

static void expect(struct solvers *s, const char *folder, const char *name, const real *found, int64_t count)
{
	char *path = path_printf("%s/%s", folder, name);
	golden_expect(s->file, path, found, count);
	free(path);
}

static void expect_machine(struct solvers *s, const char *folder)
{
	expect(s, folder, "w0", s->machine.w0, 1);
	expect(s, folder, "w", s->machine.w, FEATURES);
	if (s->machine.v)
		expect(s, folder, "v", s->machine.v, FEATURES * s->machine.factors);
}

static const struct machine_case {
	const char *name;
	int64_t factors;
} machines[] = {{"linear", 0}, {"three", 3}, {"sixteen", 16}};

static void scores_are_the_double_sum(void **state)
{
	const struct machine_case *c = *state;
	struct solvers s;
	real y[64];
	solvers_open(&s, c->name, c->factors);
	assert_in_range(s.samples.count, 1, 64);
	for (uint64_t i = 0; i < s.samples.count; i++)
		y[i] = sparse_machine_score(&s.machine, &s.samples, i);
	expect(&s, c->name, "scores", y, (int64_t)s.samples.count);
	solvers_close(&s);
}

static void sgd_follows_the_gradient(void **state)
{
	const struct machine_case *c = *state;
	struct solvers s;
	real losses[3];
	solvers_open(&s, c->name, c->factors);
	s.machine.l2_weight = 0.01;
	s.machine.l2_factor = 0.02;
	s.samples.count = 1;
	for (int pass = 0; pass < 3; pass++) {
		double loss;
		must(sparse_sgd_epoch(&s.machine, &s.samples, 1, pass, 0.1, &loss));
		losses[pass] = (real)loss;
	}
	expect(&s, c->name, "sgd_loss", losses, 3);
	char *folder = path_printf("%s/sgd", c->name);
	expect_machine(&s, folder);
	free(folder);
	solvers_close(&s);
}

static void als_solves_least_squares(void **state)
{
	(void)state;
	struct solvers s;
	struct sparse_columns columns;
	real losses[2];
	solvers_open(&s, "three", 3);
	s.machine.l2_weight = 0.5;
	s.machine.l2_factor = 1.5;
	must(sparse_columns_open(&columns, &s.samples, scratch_folder()));
	for (int sweep = 0; sweep < 2; sweep++) {
		double loss;
		must(sparse_als_sweep(&s.machine, &s.samples, &columns, &loss));
		losses[sweep] = (real)loss;
	}
	golden_expect(s.file, "als_loss", losses, 2);
	expect_machine(&s, "als");
	sparse_columns_close(&columns);
	solvers_close(&s);
}

int main(void)
{
#define EACH(test)                                                                                                     \
	{.name = #test " (linear)", .test_func = test, .initial_state = (void *)&machines[0]},                             \
		{.name = #test " (three)", .test_func = test, .initial_state = (void *)&machines[1]},                          \
	{                                                                                                                  \
		.name = #test " (sixteen)", .test_func = test, .initial_state = (void *)&machines[2]                           \
	}
	const struct CMUnitTest tests[] = {
		EACH(scores_are_the_double_sum),
		EACH(sgd_follows_the_gradient),
		cmocka_unit_test(als_solves_least_squares),
	};
	return cmocka_run_group_tests_name("sparse solvers", tests, scratch_make, scratch_remove);
}
