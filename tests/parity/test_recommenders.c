/* The recommenders against the PyTorch reference: each file of golden that has an attribute `model` holds inputs,
 * parameters, scores, loss, every gradient, and the parameters after three steps of Adam; every recommender of the
 * registry has one at least. To add one is to add its file. They are made by the programs beside this,
 * recommender_golden.py writes the layout.
 *
 *   attributes           model; settings ("section.key=value" lines; train.learning_rate is the steps'); vocabulary
 *                        (words); readers, categories, subcategories, trigrams, entity_types (how many; 0 or missing:
 *                        none); regions (if there are cues)
 *   /title, /title_offset                 int32 word numbers, packed; int64 [news + 1]
 *   /abstract, /trigram, /…_offset        likewise; optional
 *   /word_entity                          int32 as many as words, from 1, or 0; where it is:
 *   /entity, /entity_offset               int32 entities of titles, packed; int64 [news + 1]
 *   /entity_vector, /entity_context       float32 [entities + 1, width]; the second is optional
 *   /entity_type                          int32 [entities + 1] from 1, or 0; optional
 *   /category, /subcategory               int32 [news] from 1, or 0; optional
 *   /cue, /cue_offset, /global, /state, /cue_mean, /cue_scale, /global_mean, /global_scale   kind "impression", for who reads it
 *   /column/KIND/COLUMN                   float16 [news, ...], for each column that the settings make it read
 *   /column/KIND/state, /column/KIND/COUNT   uint8 [news] states; int32 [news] of columns with a count
 *   /sparse/…                             as in a checkpoint, for who reads sparse features
 *   /user                                 int32 [impressions]; optional
 *   /time                                 int64 [impressions] seconds; optional
 *   /click, /click_offset, /candidate, /candidate_offset   int32 news rows of each impression
 *   /parameters/NAME, /gradient/NAME, /after/NAME, /scores, /loss; of parameters that follow, what they see for a gradient
 *   /scored                               the scores outside training, where these differ */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/h5.h"
#include "model/tensor/kernels.h"
#include "model/train/batch.h"
#include "model/train/settings.h"
#include "model/train/turns.h"
#include "tests/support/golden.h"
#include "tests/support/scratch.h"

#define FOLDER   "tests/parity/golden"
#define RELATIVE 1e-4
#define STEPS    3

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

static int32_t count_of(const struct golden *g, const char *attribute)
{
	int64_t number = 0;
	return h5_get_int(g->file, attribute, &number) == ST_OK ? (int32_t)number : 0;
}

static void read_cues(struct golden *g)
{
	struct h5_shape shape;
	struct impression_features *f = calloc(1, sizeof *f);
	assert_non_null(f);
	f->rows = g->news.count;
	f->state = golden_read(g->file, "state", H5_U8, NULL);
	must(h5_describe(g->file, "cue", &shape));
	f->cue_width = (int32_t)shape.dim[1];
	must(h5_describe(g->file, "global", &shape));
	f->global_width = (int32_t)shape.dim[1];
	f->region_count = count_of(g, "regions");
	f->cue = golden_read(g->file, "cue", H5_F16, NULL);
	f->offset = golden_read(g->file, "cue_offset", H5_I64, NULL);
	f->global = golden_read(g->file, "global", H5_F16, NULL);
	f->cue_mean = golden_read(g->file, "cue_mean", H5_F32, NULL);
	f->cue_scale = golden_read(g->file, "cue_scale", H5_F32, NULL);
	f->global_mean = golden_read(g->file, "global_mean", H5_F32, NULL);
	f->global_scale = golden_read(g->file, "global_scale", H5_F32, NULL);
	g->data.impression = f;
}

static void read_entities(struct golden *g)
{
	struct news_entities *e = &g->data.entities;
	struct h5_shape shape;
	must(h5_describe(g->file, "entity_vector", &shape));
	e->width = (int32_t)shape.dim[1];
	must(name_table_fill(&e->names, (int32_t)shape.dim[0] - 1));
	must(name_table_fill(&e->types, count_of(g, "entity_types")));
	e->vector = golden_read(g->file, "entity_vector", H5_F32, NULL);
	e->context = h5_has(g->file, "entity_context") ? golden_read(g->file, "entity_context", H5_F32, NULL) : NULL;
	e->type = h5_has(g->file, "entity_type") ? golden_read(g->file, "entity_type", H5_I32, NULL) : NULL;
	e->word.item = golden_read(g->file, "word_entity", H5_I32, NULL);
	e->word.offset = golden_read(g->file, "title_offset", H5_I64, NULL);
	if (h5_has(g->file, "entity")) {
		e->title.item = golden_read(g->file, "entity", H5_I32, NULL);
		e->title.offset = golden_read(g->file, "entity_offset", H5_I64, NULL);
	}
}

static void *read_of_kind(struct golden *g, const char *kind, const char *name, enum h5_type as, struct h5_shape *shape)
{
	char *path = path_printf("column/%s/%s", kind, name);
	must(h5_describe(g->file, path, shape));
	assert_int_equal(shape->dim[0], g->news.count);
	void *out = golden_read(g->file, path, as, NULL);
	free(path);
	return out;
}

static void read_column(struct golden *g, const struct feature_want *want)
{
	struct h5_shape shape, flat;
	int64_t dim[FEATURE_DIMS];
	uint8_t *state = read_of_kind(g, want->kind, "state", H5_U8, &flat);
	int32_t *count = want->count ? read_of_kind(g, want->kind, want->count, H5_I32, &flat) : NULL;
	uint16_t *value = read_of_kind(g, want->kind, want->column, H5_F16, &shape);
	assert_in_range(shape.ndim, 2, FEATURE_DIMS + 1);
	for (int i = 1; i < shape.ndim; i++)
		dim[i - 1] = (int64_t)shape.dim[i];
	feature_columns_add(&g->data.features, want, g->news.count, shape.ndim - 1, dim, state, count, value);
	free(value);
	free(count);
	free(state);
}

static void read_news(struct golden *g)
{
	size_t offsets;
	struct h5_shape shape;
	const struct news_data_options o = settings_news(&g->settings, g->r, NULL);
	g->data.news = &g->news;
	g->data.data_folder = xstrdup(scratch_folder());
	g->data.title.item = golden_read(g->file, "title", H5_I32, NULL);
	g->data.title.offset = golden_read(g->file, "title_offset", H5_I64, &offsets);
	if (h5_has(g->file, "abstract")) {
		g->data.abstract.item = golden_read(g->file, "abstract", H5_I32, NULL);
		g->data.abstract.offset = golden_read(g->file, "abstract_offset", H5_I64, NULL);
	}
	if (h5_has(g->file, "trigram")) {
		g->data.trigram.item = golden_read(g->file, "trigram", H5_I32, NULL);
		g->data.trigram.offset = golden_read(g->file, "trigram_offset", H5_I64, NULL);
	}
	g->news.count = (uint32_t)offsets - 1;
	g->data.vocabulary.count = count_of(g, "vocabulary");
	g->data.word_width = o.word_width;
	if (h5_has(g->file, "parameters/embedding.weight")) {
		must(h5_describe(g->file, "parameters/embedding.weight", &shape));
		g->data.word_width = (int32_t)shape.dim[1];
	}
	must(name_table_fill(&g->data.readers, count_of(g, "readers")));
	must(name_table_fill(&g->data.categories, count_of(g, "categories")));
	must(name_table_fill(&g->data.subcategories, count_of(g, "subcategories")));
	must(name_table_fill(&g->data.trigrams, count_of(g, "trigrams")));
	if (h5_has(g->file, "category"))
		g->data.category = golden_read(g->file, "category", H5_I32, NULL);
	if (h5_has(g->file, "subcategory"))
		g->data.subcategory = golden_read(g->file, "subcategory", H5_I32, NULL);
	if (h5_has(g->file, "word_entity"))
		read_entities(g);
	if (o.impression)
		read_cues(g);
	if (o.sparse)
		must(sparse_features_read(&g->data.sparse, o.sparse, &g->data, g->file));
	for (const struct feature_want *want = o.features; want && want->kind; want++)
		read_column(g, want);
}

static void read_batch(struct golden *g)
{
	size_t offsets;
	int32_t *click = golden_read(g->file, "click", H5_I32, NULL),
			*candidate = golden_read(g->file, "candidate", H5_I32, NULL);
	int32_t *clicks = golden_read(g->file, "click_offset", H5_I32, &offsets);
	int32_t *candidates = golden_read(g->file, "candidate_offset", H5_I32, NULL);
	int32_t *user =
		h5_has(g->file, "user") ? golden_read(g->file, "user", H5_I32, NULL) : calloc(offsets, sizeof *user);
	int64_t *time =
		h5_has(g->file, "time") ? golden_read(g->file, "time", H5_I64, NULL) : calloc(offsets, sizeof *time);
	assert_true(user && time);
	batch_init(&g->batch, g->news.count, BATCH_DISTINCT);
	for (size_t i = 0; i + 1 < offsets; i++)
		batch_add(&g->batch,
		          &(struct reader){.user = user[i],
		                           .clicks = (uint32_t *)click + clicks[i],
		                           .count = (size_t)(clicks[i + 1] - clicks[i]),
		                           .time = time[i]},
		          100, (uint32_t *)candidate + candidates[i], (size_t)(candidates[i + 1] - candidates[i]));
	free(click);
	free(candidate);
	free(clicks);
	free(candidates);
	free(user);
	free(time);
}

static void golden_open(struct golden *g, const char *name)
{
	memset(g, 0, sizeof *g);
	char *path = path_printf(FOLDER "/%s", name);
	must(h5_open(&g->file, path));
	free(path);
	apply_settings(g);
	read_news(g);
	read_batch(g);
	must(g->r->type->create(g->r, &g->params, &g->data));
	params_seal(&g->params, 1);
	must(recommender_load(g->r, &g->data, LOAD_FROZEN));
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

static struct tensor *forward_held(struct golden *g, struct tensor **scores)
{
	tape_reset(&g->tape);
	const struct encoded_news *news = batch_encode(&g->batch, g->r, &g->tape, &g->data);
	*scores = batch_scores(&g->batch, g->r, &g->tape, &g->data, news);
	struct tensor *loss = batch_loss(&g->batch, g->r, &g->tape, &g->data, news, *scores);
	must(tape_status(&g->tape));
	must(tape_backward(&g->tape, loss));
	return loss;
}

static struct tensor *forward(struct golden *g, struct tensor **scores)
{
	params_zero_grad(&g->params);
	return forward_held(g, scores);
}

static double root_mean_square(const double *x, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += x[i] * x[i];
	return n ? sqrt(sum / (double)n) : 0;
}

/* golden_expect of values after Adam's steps. Adam divides a gradient by its own size: of one that is within rounding of its
 * tensor's it makes a step of any size up to the learning rate, so such an element may differ by what its gradient may. */
static void expect_after(const struct golden *g, const struct param *p)
{
	size_t n, m;
	char *after = path_printf("after/%s", p->name), *gradient = path_printf("gradient/%s", p->name);
	double *wanted = golden_read(g->file, after, H5_F64, &n), *slope = golden_read(g->file, gradient, H5_F64, &m);
	assert_true(n == m && n == (size_t)tensor_size(&p->tensor));
	const double size = root_mean_square(wanted, n), slope_size = root_mean_square(slope, m);
	for (size_t i = 0; i < n; i++) {
		const double doubt = slope[i] != 0 ? RELATIVE * fmax(1, slope_size / fabs(slope[i])) : 1;
		const double most = RELATIVE * fmax(fabs(wanted[i]), size) + STEPS * g->settings.learning_rate * fmin(1, doubt);
		if (!(fabs((double)p->tensor.data[i] - wanted[i]) <= most))
			fail_msg("%s[%zu] is %.9g, expected %.9g", after, i, (double)p->tensor.data[i], wanted[i]);
	}
	free(wanted);
	free(slope);
	free(after);
	free(gradient);
}

static enum status count_parameters(void *context, const char *name)
{
	if (strncmp(name, "parameters/", 11) == 0 || strncmp(name, "/parameters/", 12) == 0)
		++*(int *)context;
	return ST_OK;
}

/* Whether a gradient is 0 but for rounding, as an attention's bias of keys is, which its softmax cancels. Adam divides by the
 * gradient's size: what it makes of that is noise. */
static bool cancels(struct golden *g, const char *parameter)
{
	size_t n;
	double square = 0;
	char *name = path_printf("gradient/%s", parameter);
	double *x = golden_read(g->file, name, H5_F64, &n);
	for (size_t i = 0; i < n; i++)
		square += x[i] * x[i];
	free(x);
	free(name);
	return sqrt(square) < 1e-9 * sqrt((double)n);
}

static void scores_as_reference(struct golden *g)
{
	if (!h5_has(g->file, "scored"))
		return;
	g->tape.training = false;
	const struct encoded_news *news = batch_encode(&g->batch, g->r, &g->tape, &g->data);
	const struct tensor *scores = batch_scores(&g->batch, g->r, &g->tape, &g->data, news);
	must(tape_status(&g->tape));
	golden_expect(g->file, "scored", scores->data, tensor_size(scores));
	g->tape.training = true;
}

static void matches_reference(void **state)
{
	struct golden g;
	golden_open(&g, *state);
	scores_as_reference(&g);
	int named = 0;
	must(h5_each(g.file, count_parameters, &named));
	assert_int_equal(named, g.params.count);

	struct tensor *scores, *loss = forward(&g, &scores);
	golden_expect(g.file, "scores", scores->data, tensor_size(scores));
	golden_expect(g.file, "loss", loss->data, 1);
	for (int i = 0; i < g.params.count; i++) {
		const struct param *p = g.params.list[i];
		char *name = path_printf("gradient/%s", p->name);
		golden_expect(g.file, name, p->tensor.grad, tensor_size(&p->tensor));
		free(name);
	}

	struct adam adam = {.learning_rate = g.settings.learning_rate, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
	for (int step = 0; step < STEPS; step++) {
		forward(&g, &scores);
		adam_step(&adam, &g.params);
	}
	for (int i = 0; i < g.params.count; i++) {
		const struct param *p = g.params.list[i];
		if (!cancels(&g, p->name))
			expect_after(&g, p);
	}
	golden_close(&g);
}

/* Where the file has /turns: parameters that learn in turns with the others (model/train/turns.h), by the same three steps. */
static void learns_in_turns(void **state)
{
	struct golden g;
	struct turns turns;
	struct tensor *scores;
	golden_open(&g, *state);
	must(turns_init(&turns, g.r, &g.params));
	struct adam adam = {.learning_rate = g.settings.learning_rate, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
	struct exchange alone;
	exchange_init(&alone, NULL, &g.params);
	const struct turns_work work = {.r = g.r,
	                                .tape = &g.tape,
	                                .data = &g.data,
	                                .ps = &g.params,
	                                .exchange = &alone,
	                                .like = &adam,
	                                .slices = 1,
	                                .epoch_steps = 1};
	struct feed *feed = xcalloc(1, sizeof *feed);
	feed->batch = g.batch; /* its memory stays the golden's */
	feed->weight = 1;
	for (int step = 0; step < STEPS; step++) {
		feed->step = step;
		must(turns_step(&turns, &work, (const struct feed *const[]){feed}, 1, step, ST_OK));
		for (int i = 0; i < turns.count && step == 0; i++) {
			const real found = (real)turns.loss[i];
			const char *prefix = turns.turn[i].prefix;
			char *name = path_printf("turns/loss/%.*s", (int)strlen(prefix) - 1, prefix);
			golden_expect(g.file, name, &found, 1);
			free(name);
		}
		params_zero_grad(&g.params);
		turns_hold(&turns, &g.params, 0);
		forward_held(&g, &scores);
		turns_let_go(&turns, &g.params);
		turns_adam(&turns, &g.params, &adam, 0);
	}
	for (int i = 0; i < g.params.count; i++) {
		const struct param *p = g.params.list[i];
		char *name = path_printf("turns/after/%s", p->name);
		golden_expect(g.file, name, p->tensor.data, tensor_size(&p->tensor));
		free(name);
	}
	free(feed);
	exchange_release(&alone);
	turns_release(&turns);
	golden_close(&g);
}

/* The recommender that a golden file is of, which the caller frees; NULL if it is of something else. */
static char *model_of(const char *name, bool *in_turns)
{
	struct h5_file *f;
	char *path = path_printf(FOLDER "/%s", name), *model = NULL;
	must(h5_open(&f, path));
	if (h5_get_text(f, "model", &model) != ST_OK)
		model = NULL;
	*in_turns = h5_has(f, "turns");
	h5_close(f);
	free(path);
	return model;
}

static int is_h5(const struct dirent *entry)
{
	const size_t n = strlen(entry->d_name);
	return n > 3 && strcmp(entry->d_name + n - 3, ".h5") == 0;
}

static void has_a_golden_file(void **state)
{
	if (*state)
		fail_msg("%s: there is no golden file of it in " FOLDER, (const char *)*state);
}

static void add_test(struct CMUnitTest **tests, size_t *count, struct CMUnitTest take_test)
{
	*tests = realloc(*tests, (*count + 1) * sizeof **tests);
	assert_non_null(*tests);
	(*tests)[(*count)++] = take_test;
}

/* A test a file, and one a recommender, which fails if none of the files is of it. */
static size_t list_tests(struct CMUnitTest **tests)
{
	struct dirent **entry;
	size_t count = 0;
	bool seen[64] = {false};
	const int files = scandir(FOLDER, &entry, is_h5, alphasort);
	for (int i = 0; i < files; i++) {
		bool in_turns;
		char *model = model_of(entry[i]->d_name, &in_turns);
		for (int r = 0; model && r < 64 && recommender_types[r]; r++)
			seen[r] |= strcmp(recommender_types[r]->name, model) == 0;
		if (model)
			add_test(tests, &count,
			         (struct CMUnitTest){.name = path_printf("%s matches PyTorch", entry[i]->d_name),
			                             .test_func = matches_reference,
			                             .initial_state = path_printf("%s", entry[i]->d_name)});
		if (model && in_turns)
			add_test(tests, &count,
			         (struct CMUnitTest){.name = path_printf("%s matches PyTorch in turns", entry[i]->d_name),
			                             .test_func = learns_in_turns,
			                             .initial_state = path_printf("%s", entry[i]->d_name)});
		free(model);
		free(entry[i]);
	}
	if (files >= 0)
		free(entry);
	for (int r = 0; recommender_types[r]; r++)
		add_test(tests, &count,
		         (struct CMUnitTest){.name = path_printf("%s has a golden file", recommender_types[r]->name),
		                             .test_func = has_a_golden_file,
		                             .initial_state =
		                                 r < 64 && seen[r] ? NULL : path_printf("%s", recommender_types[r]->name)});
	return count;
}

int main(void)
{
	struct CMUnitTest *tests = NULL;
	kernels_set_threads(1);
	const size_t count = list_tests(&tests);
	const int failed = _cmocka_run_group_tests("recommenders", tests, count, scratch_make, scratch_remove);
	for (size_t i = 0; i < count; i++) {
		free((char *)tests[i].name);
		free(tests[i].initial_state);
	}
	free(tests);
	return failed;
}
