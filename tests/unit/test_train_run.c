/* Runs that read pictures, and one whose parameters learn in turns: killed on its way and started again it ends with
 * the same bytes, and features from elsewhere are refused. (tests/stage/train.sh tests the programs, on words
 * alone.) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/rng.h"
#include "common/shard.h"
#include "model/tensor/kernels.h"
#include "model/train/trainer.h"
#include "tests/support/scratch.h"

enum { NEWS = 40, CUE = 8, GLOBAL = 12, WORD_MAX = 4, REGIONS = 2, TRAIN = 60, DEV = 20, SHOWN = 5 };

static void write_catalogue(void)
{
	struct strbuf text;
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < NEWS; i++)
		strbuf_printf(&text, "N%d\tc\ts\tword%d word%d word%d\t\t\t[]\t[]\n", i, i % 7, i % 5, i % 3);
	scratch_write("catalog.tsv", text.data, text.len);
	strbuf_release(&text);
}

static void write_behaviors(const char *name, int count, struct rng *rng)
{
	struct strbuf text;
	strbuf_init(&text, 1 << 20);
	for (int i = 1; i <= count; i++) {
		strbuf_printf(&text, "%d\tU1\t11/15/2019 8:04:05 AM\t", i);
		const uint32_t clicks = rng_below(rng, 6), first = rng_below(rng, NEWS);
		for (uint32_t j = 0; j < clicks; j++)
			strbuf_printf(&text, "%sN%u", j ? " " : "", rng_below(rng, NEWS));
		for (uint32_t j = 0; j < SHOWN; j++)
			strbuf_printf(&text, "%cN%u-%d", j ? ' ' : '\t', (first + 3 * j) % NEWS, j == first % SHOWN);
		strbuf_putc(&text, '\n');
	}
	scratch_write(name, text.data, text.len);
	strbuf_release(&text);
}

static void write_features(const char *weights, struct rng *rng)
{
	static const struct shard_column columns[] = {
		{"word", {.type = H5_F16, .ndim = 3, .dim = {0, WORD_MAX, CUE}}},
		{"word_count", {.type = H5_I32, .ndim = 1}},
		{"region", {.type = H5_F16, .ndim = 3, .dim = {0, REGIONS, CUE}}},
		{"category", {.type = H5_F16, .ndim = 2, .dim = {0, CUE}}},
		{"global", {.type = H5_F16, .ndim = 2, .dim = {0, GLOBAL}}},
	};
	const struct shard_info info = {.kind = "impression",
	                                .columns = columns,
	                                .column_count = 5,
	                                .network = "none",
	                                .weights_sha256 = weights,
	                                .preprocessing = "none",
	                                .arguments = "",
	                                .part_rows = 4096};
	struct catalog news = {0};
	struct shard_writer *w;
	must(catalog_open(&news, scratch_folder()));
	must(shard_create(&w, scratch_folder(), &info, 0, weights));
	for (uint32_t i = 0; i < news.count; i++) {
		float x[(WORD_MAX + REGIONS + 1) * CUE + GLOBAL];
		for (size_t j = 0; j < sizeof x / sizeof *x; j++)
			x[j] = (float)rng_normal(rng);
		const int32_t words = 3;
		const uint8_t state = i % 9 == 4 ? FEATURE_MISSING : FEATURE_ORIGINAL;
		const float *region = x + WORD_MAX * CUE, *category = region + REGIONS * CUE;
		const void *data[] = {x, &words, region, category, category + CUE};
		must(shard_append(w, 1, &news.news[i].id, &state, data));
	}
	must(shard_commit(w));
	must(shard_unite(scratch_folder(), &info, 1, 0));
	catalog_close(&news);
}

static void write_covers(struct rng *rng)
{
	static const struct shard_column column = {"pooled", {.type = H5_F16, .ndim = 2, .dim = {0, GLOBAL}}};
	const struct shard_info info = {.kind = "cover",
	                                .columns = &column,
	                                .column_count = 1,
	                                .network = "none",
	                                .weights_sha256 = "random:1",
	                                .preprocessing = "none",
	                                .arguments = "",
	                                .part_rows = 4096};
	struct catalog news = {0};
	struct shard_writer *w;
	must(catalog_open(&news, scratch_folder()));
	must(shard_create(&w, scratch_folder(), &info, 0, "random:1"));
	for (uint32_t i = 0; i < news.count; i++) {
		float x[GLOBAL];
		for (int j = 0; j < GLOBAL; j++)
			x[j] = (float)rng_normal(rng);
		const uint8_t state = i % 9 == 4 ? FEATURE_MISSING : FEATURE_ORIGINAL;
		must(shard_append(w, 1, &news.news[i].id, &state, (const void *const[]){x}));
	}
	must(shard_commit(w));
	must(shard_unite(scratch_folder(), &info, 1, 0));
	catalog_close(&news);
}

/* A run whose name begins so learns in turns. */
#define IN_TURNS "turns-"

/* What this program does when it is called with a DATA and a RUN folder: trains on one thread. */
static int train(const char *data, const char *run)
{
	static const char *const turns[] = {"model.name=gmmf",         "gmmf.visual=cover",    "gmmf.text=none",
	                                    "train.epochs=3",          "train.batch=8",        "gmmf.cgan_rate=0.01",
	                                    "gmmf.cgan_epoch=1",       "gmmf.unseen_rate=0.3", "gmmf.hidden=4",
	                                    "train.dropout=0.3",       "train.clip=1",         "train.learning_rate=0.01",
	                                    "data.shuffle_pictures=4", "train.adam=sparse",    "train.checkpoint_every=3"};
	static const char *const set[] = {"model.name=nrms-im",    "data.word_width=6",       "train.epochs=3",
	                                  "train.batch=8",         "nrms-im.heads=2",         "nrms-im.head_width=4",
	                                  "nrms-im.query_width=5", "nrms-im.memory_width=3",  "train.learning_rate=0.01",
	                                  "train.clip=1",          "data.shuffle_pictures=4", "train.checkpoint_every=3"};
	struct settings s;
	struct recommender *r;
	settings_open(&s);
	enum status st = ST_OK;
	const bool in_turns = strstr(run, "/" IN_TURNS);
	const size_t count = in_turns ? sizeof turns / sizeof *turns : sizeof set / sizeof *set;
	for (size_t i = 0; i < count && st == ST_OK; i++)
		st = config_set(s.keys, in_turns ? turns[i] : set[i]);
	if (st == ST_OK && strstr(run, "-sliced"))
		st = config_set(s.keys, "train.slices=2");
	if (st == ST_OK)
		st = settings_choose(&s, &r);
	kernels_set_threads(1);
	if (st == ST_OK)
		st = train_run(data, run, &s, r, NULL);
	settings_close(&s);
	if (st != ST_OK)
		fprintf(stderr, "# %s\n", status_message());
	return status_exit_code(st);
}

/* Trains in a process of its own, which alone sees the fault; returns as child_end does. */
static int train_in_child(const char *run, const char *fault)
{
	const char *path = scratch_path(run);
	const pid_t child = fork();
	if (child == 0) {
		if (fault)
			setenv("COVERLINE_FAULT", fault, 1);
		execl("/proc/self/exe", "train", scratch_folder(), path, (char *)NULL);
		_exit(127);
	}
	return child_end(child);
}

static void expect_same(const char *a, const char *b, const char *name)
{
	char *a_path = path_printf("%s/%s/%s", scratch_folder(), a, name),
		 *b_path = path_printf("%s/%s/%s", scratch_folder(), b, name);
	struct strbuf x, y;
	strbuf_init(&x, 1 << 24);
	strbuf_init(&y, 1 << 24);
	must(file_read(a_path, &x));
	must(file_read(b_path, &y));
	assert_true(x.len > 0);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.data, y.data, x.len);
	strbuf_release(&x);
	strbuf_release(&y);
	free(a_path);
	free(b_path);
}

static void resumes_to_the_same_bytes(void **state)
{
	(void)state;
	static const char *const faults[] = {"train.step:2", "train.checkpoint:2", "train.saved:1", "train.best:1"};
	assert_int_equal(train_in_child("whole", NULL), 0);
	scratch_holds("whole", "best.h5 checkpoint.h5 config.ini log.jsonl");
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		assert_int_equal(train_in_child(faults[i], faults[i]), -SIGKILL);
		assert_int_equal(train_in_child(faults[i], NULL), 0);
		expect_same("whole", faults[i], "best.h5");
		expect_same("whole", faults[i], "checkpoint.h5");
		expect_same("whole", faults[i], "log.jsonl");
	}
}

/* The CGAN begins with the second epoch, which the seventh or eighth step opens. */
static void resumes_in_turns(void **state)
{
	(void)state;
	static const char *const faults[] = {"train.step:2", "train.step:11", "train.saved:4"};
	struct strbuf log;
	char *path = path_printf("%s/" IN_TURNS "whole/log.jsonl", scratch_folder());
	assert_int_equal(train_in_child(IN_TURNS "whole", NULL), 0);
	strbuf_init(&log, 1 << 20);
	must(file_read(path, &log));
	const char *second = strstr(log.data, "\"epoch\":2,"),
			   *first_turn = strstr(log.data, "\"loss.cgan.discriminator\":");
	assert_non_null(second);
	assert_non_null(first_turn);
	assert_true(first_turn > second && first_turn < strchr(second, '\n'));
	assert_non_null(strstr(first_turn, "\"loss.cgan.generator\":"));
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		char *run = path_printf(IN_TURNS "%s", faults[i]);
		assert_int_equal(train_in_child(run, faults[i]), -SIGKILL);
		assert_int_equal(train_in_child(run, NULL), 0);
		expect_same(IN_TURNS "whole", run, "best.h5");
		expect_same(IN_TURNS "whole", run, "checkpoint.h5");
		expect_same(IN_TURNS "whole", run, "log.jsonl");
		free(run);
	}
	strbuf_release(&log);
	free(path);
}

/* A step in two parts goes on to the same bytes as well. */
static void resumes_in_slices(void **state)
{
	(void)state;
	assert_int_equal(train_in_child(IN_TURNS "sliced", NULL), 0);
	assert_int_equal(train_in_child(IN_TURNS "sliced-killed", "train.step:11"), -SIGKILL);
	assert_int_equal(train_in_child(IN_TURNS "sliced-killed", NULL), 0);
	expect_same(IN_TURNS "sliced", IN_TURNS "sliced-killed", "best.h5");
	expect_same(IN_TURNS "sliced", IN_TURNS "sliced-killed", "log.jsonl");
}

static void other_features_are_refused(void **state)
{
	(void)state;
	struct rng rng;
	rng_init(&rng, 2, 0);
	assert_int_equal(train_in_child("features", "train.saved:1"), -SIGKILL);
	write_features("random:2", &rng);
	assert_int_equal(train_in_child("features", NULL), status_exit_code(ST_INTEGRITY));
}

static int make_world(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	struct rng rng;
	rng_init(&rng, 1, 0);
	write_catalogue();
	write_behaviors("behaviors/train.tsv", TRAIN, &rng);
	write_behaviors("behaviors/dev.tsv", DEV, &rng);
	write_features("random:1", &rng);
	write_covers(&rng);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return train(argv[1], argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resumes_to_the_same_bytes),
		cmocka_unit_test(resumes_in_turns),
		cmocka_unit_test(resumes_in_slices),
		cmocka_unit_test(other_features_are_refused),
	};
	return cmocka_run_group_tests_name("train run", tests, make_world, scratch_remove);
}
