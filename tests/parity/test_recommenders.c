/* The recommenders against the PyTorch reference: golden/NAME.h5, made by reference.py, holds inputs, parameters, scores,
 * loss, every gradient, and the parameters after three steps of Adam. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/h5.h"
#include "model/train/batch.h"
#include "model/train/settings.h"
#include "tests/support/scratch.h"

/* A tensor agrees if the difference is within RELATIVE of it in norm, and each element within RELATIVE of its size or of
 * FLOOR times the tensor's root mean square, whichever is more: a gradient that nearly cancels has float's rounding of
 * its terms, not of itself. */
#define RELATIVE 1e-4
#define FLOOR    1.0

struct golden {
	struct h5_file *file;
	struct settings settings;
	struct recommender *r;
	struct catalog news; /* count only */
	struct news_data data;
	struct params params;
	struct batch batch;
	struct tape tape;
};

/* The whole dataset; the caller frees. */
static void *read_all(struct h5_file *f, const char *name, enum h5_type as, size_t *count)
{
	struct h5_shape shape;
	must(h5_describe(f, name, &shape));
	size_t n = 1;
	for (int i = 0; i < shape.ndim; i++)
		n *= shape.dim[i];
	void *out = malloc(n * 8 + 8);
	assert_non_null(out);
	must(h5_read(f, name, 0, shape.dim[0], as, out));
	if (count)
		*count = n;
	return out;
}

static void apply_settings(struct golden *g)
{
	char *text, *name;
	must(h5_get_text(g->file, "settings", &text));
	must(h5_get_text(g->file, "model", &name));
	settings_open(&g->settings);
	char *assignment = path_printf("model.name=%s", name);
	must(config_set(g->settings.keys, assignment));
	must(config_set(g->settings.keys, "train.dropout=0"));
	free(assignment);
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		must(config_set(g->settings.keys, line));
	must(settings_choose(&g->settings, &g->r));
	free(text);
	free(name);
}

static void read_news(struct golden *g)
{
	size_t rows;
	int64_t number;
	struct impression_features *f = calloc(1, sizeof *f);
	assert_non_null(f);
	f->state = read_all(g->file, "state", H5_U8, &rows);
	g->news.count = f->rows = (uint32_t)rows;
	g->data.news = &g->news;
	must(h5_get_int(g->file, "vocabulary", &number));
	g->data.vocabulary.count = (int32_t)number;
	g->data.title = read_all(g->file, "title", H5_I32, NULL);
	g->data.title_offset = read_all(g->file, "title_offset", H5_I64, NULL);
	struct h5_shape shape;
	must(h5_describe(g->file, "parameters/embedding.weight", &shape));
	g->data.word_width = (int32_t)shape.dim[1];
	must(h5_describe(g->file, "cue", &shape));
	f->cue_width = (int32_t)shape.dim[1];
	must(h5_describe(g->file, "global", &shape));
	f->global_width = (int32_t)shape.dim[1];
	must(h5_get_int(g->file, "regions", &number));
	f->region_count = (int32_t)number;
	f->cue = read_all(g->file, "cue", H5_F16, NULL);
	f->offset = read_all(g->file, "cue_offset", H5_I64, NULL);
	f->global = read_all(g->file, "global", H5_F16, NULL);
	f->cue_mean = read_all(g->file, "cue_mean", H5_F32, NULL);
	f->cue_scale = read_all(g->file, "cue_scale", H5_F32, NULL);
	f->global_mean = read_all(g->file, "global_mean", H5_F32, NULL);
	f->global_scale = read_all(g->file, "global_scale", H5_F32, NULL);
	g->data.impression = f;
}

static void read_batch(struct golden *g)
{
	size_t offsets;
	int32_t *click = read_all(g->file, "click", H5_I32, NULL),
			*candidate = read_all(g->file, "candidate", H5_I32, NULL);
	int32_t *clicks = read_all(g->file, "click_offset", H5_I32, &offsets);
	int32_t *candidates = read_all(g->file, "candidate_offset", H5_I32, NULL);
	batch_init(&g->batch, g->news.count, BATCH_DISTINCT);
	for (size_t i = 0; i + 1 < offsets; i++)
		batch_add(&g->batch, (uint32_t *)click + clicks[i], (size_t)(clicks[i + 1] - clicks[i]), 100,
		          (uint32_t *)candidate + candidates[i], (size_t)(candidates[i + 1] - candidates[i]));
	free(click);
	free(candidate);
	free(clicks);
	free(candidates);
}

static void golden_open(struct golden *g, const char *name)
{
	memset(g, 0, sizeof *g);
	char *path = path_printf("tests/parity/golden/%s.h5", name);
	must(h5_open(&g->file, path));
	free(path);
	apply_settings(g);
	read_news(g);
	read_batch(g);
	must(g->r->type->create(g->r, &g->params, &g->data));
	params_seal(&g->params, 1);
	must(params_read(&g->params, g->file, false));
	tape_init(&g->tape, true);
	g->tape.training = true;
}

static void golden_close(struct golden *g)
{
	tape_release(&g->tape);
	batch_release(&g->batch);
	params_release(&g->params);
	g->data.news = NULL;
	news_data_release(&g->data);
	settings_close(&g->settings);
	h5_close(g->file);
}

static void expect_close(const struct golden *g, const char *name, const real *found, int64_t count)
{
	size_t n;
	double *wanted = read_all(g->file, name, H5_F64, &n), square = 0, error = 0;
	assert_int_equal(n, count);
	for (size_t i = 0; i < n; i++) {
		square += wanted[i] * wanted[i];
		error += (found[i] - wanted[i]) * (found[i] - wanted[i]);
	}
	const double rms = n ? sqrt(square / (double)n) : 0;
	if (!(sqrt(error) <= RELATIVE * sqrt(square)))
		fail_msg("%s: differs by %.3g, norm %.3g", name, sqrt(error), sqrt(square));
	for (size_t i = 0; i < n; i++)
		if (!(fabs(found[i] - wanted[i]) <= RELATIVE * fmax(fabs(wanted[i]), FLOOR * rms)))
			fail_msg("%s[%zu] is %.9g, expected %.9g", name, i, (double)found[i], wanted[i]);
	free(wanted);
}

static struct tensor *forward(struct golden *g, struct tensor **scores)
{
	tape_reset(&g->tape);
	params_zero_grad(&g->params);
	*scores = batch_scores(&g->batch, g->r, &g->tape, batch_encode(&g->batch, g->r, &g->tape, &g->data));
	struct tensor *loss = batch_loss(&g->batch, &g->tape, *scores);
	must(tape_status(&g->tape));
	must(tape_backward(&g->tape, loss));
	return loss;
}

static enum status count_parameters(void *context, const char *name)
{
	if (strncmp(name, "parameters/", 11) == 0 || strncmp(name, "/parameters/", 12) == 0)
		++*(int *)context;
	return ST_OK;
}

static void matches_reference(void **state)
{
	struct golden g;
	golden_open(&g, *state);
	int named = 0;
	must(h5_each(g.file, count_parameters, &named));
	assert_int_equal(named, g.params.count);

	struct tensor *scores, *loss = forward(&g, &scores);
	expect_close(&g, "scores", scores->data, tensor_size(scores));
	expect_close(&g, "loss", loss->data, 1);
	for (int i = 0; i < g.params.count; i++) {
		const struct param *p = g.params.list[i];
		char *name = path_printf("gradient/%s", p->name);
		expect_close(&g, name, p->tensor.grad, tensor_size(&p->tensor));
		free(name);
	}

	struct adam adam = {.learning_rate = g.settings.learning_rate, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
	for (int step = 0; step < 3; step++) {
		forward(&g, &scores);
		adam_step(&adam, &g.params);
	}
	for (int i = 0; i < g.params.count; i++) {
		const struct param *p = g.params.list[i];
		char *name = path_printf("after/%s", p->name);
		expect_close(&g, name, p->tensor.data, tensor_size(&p->tensor));
		free(name);
	}
	golden_close(&g);
}

#define GOLDEN(name)                                                                                                   \
	{                                                                                                                  \
		"matches PyTorch: " name, matches_reference, NULL, NULL, name                                                  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GOLDEN("nrms"),
		GOLDEN("nrms-sqrt"),
		GOLDEN("nrms-im"),
		GOLDEN("nrms-im-vector-sqrt"),
		GOLDEN("nrms-im-no-local"),
		GOLDEN("nrms-im-no-global"),
		GOLDEN("nrms-im-neither"),
	};
	return cmocka_run_group_tests_name("recommenders", tests, NULL, NULL);
}
