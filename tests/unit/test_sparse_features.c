/* What sparse features learn from a training split and nothing else, that a checkpoint keeps it, and samples.bin: made
 * once, kept, and made again when it is of something else or damaged. Fields and buckets:
 * tests/parity/sparse_world.py. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/digest.h"
#include "common/file.h"
#include "model/train/batch.h"
#include "model/train/news_data.h"
#include "model/train/sparse_fields.h"
#include "model/train/sparse_samples.h"
#include "tests/support/scratch.h"

#define NOON 1573819200 /* 11/15/2019 12:00:00 PM */

/* N4 and its category are not in training. */
static const char news[] = "N1\tsport\tsoccer\tcup cup final\tthe cup\t\t[]\t[]\n"
						   "N2\tsport\ttennis\tfinal set\t\t\t[]\t[]\n"
						   "N3\tmoney\tstocks\trates rise\tthe bank\t\t[]\t[]\n"
						   "N4\tfilm\tactors\tcup of stars\tbank\t\t[]\t[]\n";
/* N1 is clicked at 12:00:00, 12:00:10 (twice) and 1:00:00 PM, in no order; N2 once. */
static const char train[] = "1\tU1\t11/15/2019 1:00:00 PM\tN2 N3\tN1-1 N3-0\n"
							"2\tU2\t11/15/2019 12:00:10 PM\t\tN1-1 N2-0\n"
							"3\tU1\t11/15/2019 12:00:00 PM\tN3\tN1-1 N2-0 N3-0\n"
							"4\tU3\t11/15/2019 12:00:10 PM\tN1\tN1-1 N2-1 N3-0\n";

/* In place of the library's, which takes room for a scratch file: fails with this, if it is not 0, or writes this to train.tsv. */
static struct {
	int error;
	const char *train;
} at_room;

int posix_fallocate(int fd, off_t offset, off_t size)
{
	if (at_room.train)
		scratch_text("train.tsv", at_room.train);
	return at_room.error ? at_room.error : fallocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

struct world {
	struct catalog news;
	struct samples samples;
	struct news_data data;
	struct sparse_settings settings;
	struct news_data_options options;
	char *train;
};

static enum status world_try(struct world *w)
{
	memset(w, 0, sizeof *w);
	scratch_text("catalog.tsv", news);
	w->train = xstrdup(scratch_text("train.tsv", train));
	must(catalog_open(&w->news, scratch_folder()));
	must(samples_open(&w->samples, w->train, &w->news, scratch_folder()));
	w->settings = (struct sparse_settings){.buckets = 1 << 16, .words = 5, .clicks = 5};
	w->settings.fields = xstrdup("all");
	w->options = (struct news_data_options){.max_title_words = 10,
	                                        .max_abstract_words = 10,
	                                        .min_word_count = 1,
	                                        .word_vectors = "",
	                                        .categories = true,
	                                        .readers = true,
	                                        .sparse = &w->settings,
	                                        .train = w->train,
	                                        .run_folder = scratch_folder()};
	w->data.readers = w->samples.readers;
	w->samples.readers = (struct name_table){0};
	return news_data_open(&w->data, scratch_folder(), &w->news, &w->options, w->samples.in_training);
}

static void world_open(struct world *w)
{
	must(world_try(w));
}

static void world_close(struct world *w)
{
	news_data_release(&w->data);
	samples_close(&w->samples);
	catalog_close(&w->news);
	free(w->settings.fields);
	free(w->train);
}

/* The pairs of a field for a candidate; count of them, the first in *pair. */
static size_t pairs_of(const struct world *w, const char *field, const struct reader *who, uint32_t row,
                       struct sparse_pairs *p)
{
	const unsigned all = SPARSE_PLAIN | SPARSE_CROSSES;
	int32_t end[32];
	struct sparse_reader *r = sparse_reader_new(&w->data);
	p->count = 0;
	sparse_reader_set(r, who);
	sparse_reader_add(r, row, all, p, end);
	sparse_reader_free(r);
	for (int32_t f = 0; f < sparse_field_count(all); f++)
		if (strcmp(sparse_field_name(all, f), field) == 0) {
			const size_t first = f ? (size_t)end[f - 1] : 0, n = (size_t)end[f] - first;
			memmove(p->index, p->index + first, n * sizeof *p->index);
			memmove(p->value, p->value + first, n * sizeof *p->value);
			return n;
		}
	fail_msg("no field %s", field);
	return 0;
}

static void clicks_count_once_they_were_made(void **state)
{
	(void)state;
	struct world w;
	world_open(&w);
	static const struct {
		uint32_t row;
		int64_t time;
		int32_t popularity;
	} cases[] = {
		{0, NOON - 100, 0},  {0, NOON, 0},        {0, NOON + 1, 1},  {0, NOON + 10, 1}, {0, NOON + 11, 2},
		{0, NOON + 3600, 2}, {0, NOON + 3601, 3}, {0, INT64_MAX, 3}, {1, NOON + 10, 0}, {1, NOON + 11, 1},
		{2, INT64_MAX, 0},   {3, INT64_MAX, 0},   {0, INT64_MIN, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(sparse_popularity(&w.data.sparse, cases[i].row, cases[i].time), cases[i].popularity);
	world_close(&w);
}

/* The clicks are counted, and then placed: by then the file has a click more of a news, one less, or one of another. */
static void a_file_replaced_between_is_told(void **state)
{
	(void)state;
#define SHOWN(candidates) "1\tU1\t11/15/2019 1:00:00 PM\t\t" candidates "\n"
	static const char *const later[] = {
		SHOWN("N1-1 N2-1 N1-1 N3-0 N1-1 N1-1 N1-1"),
		SHOWN("N1-1 N2-1 N3-0 N1-1 N1-1"),
		SHOWN("N1-1 N2-0 N3-1 N1-1 N1-1 N1-1"),
	};
	for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
		struct world w;
		at_room.train = later[i];
		assert_int_equal(world_try(&w), ST_INTEGRITY);
		assert_string_equal(scratch_message(), "train.tsv changed while it was being read");
		at_room.train = NULL;
		world_close(&w);
	}
}

static void no_room_is_a_failure(void **state)
{
	(void)state;
	struct world w;
	struct sparse_samples s = {.buckets = 16, .offset = (const uint64_t[]){0}};
	struct sparse_columns c;
	at_room.error = ENOSPC;
	assert_int_equal(world_try(&w), ST_FAILED);
	assert_non_null(strstr(status_message(), "No space left on device"));
	assert_int_equal(sparse_columns_open(&c, &s, scratch_folder()), ST_FAILED);
	sparse_columns_close(&c);
	at_room.error = 0;
	world_close(&w);
}

/* What training does not have gives no pair; "cup" and "bank" of N4 are training's words, "of" and "stars" are not. */
static void only_training_is_known(void **state)
{
	(void)state;
	struct world w;
	struct sparse_pairs p = {0};
	world_open(&w);
	const struct reader unseen = {.user = 0, .time = NOON}, seen = {.user = 1, .time = NOON};
	assert_int_equal(pairs_of(&w, "user", &unseen, 0, &p), 0);
	assert_int_equal(pairs_of(&w, "user", &seen, 0, &p), 1);
	assert_int_equal(pairs_of(&w, "news", &seen, 0, &p), 1);
	assert_int_equal(pairs_of(&w, "news", &seen, 3, &p), 0);
	assert_int_equal(pairs_of(&w, "category", &seen, 3, &p), 0);
	assert_int_equal(pairs_of(&w, "user-x-category", &seen, 3, &p), 0);
	assert_int_equal(pairs_of(&w, "title", &seen, 3, &p), 1);
	assert_float_equal(p.value[0], 1, 1e-6);
	assert_int_equal(pairs_of(&w, "abstract", &seen, 3, &p), 1);
	assert_int_equal(pairs_of(&w, "hour", &seen, 3, &p), 1);
	/* N1: "cup" twice, of one document; "final", of two; n = 3. */
	const double cup = 2 * (log(4.0 / 2) + 1), final = log(4.0 / 3) + 1, norm = sqrt(cup * cup + final * final);
	assert_int_equal(pairs_of(&w, "title", &seen, 0, &p), 2);
	assert_float_equal(fmax(p.value[0], p.value[1]), cup / norm, 1e-6);
	assert_float_equal(fmin(p.value[0], p.value[1]), final / norm, 1e-6);
	sparse_pairs_release(&p);
	world_close(&w);
}

/* Hidden parts of the candidate go, those of clicks stay. */
static void hidden_parts_give_nothing(void **state)
{
	(void)state;
	struct world w;
	struct sparse_pairs p = {0};
	const uint32_t clicks[] = {0, 1};
	world_open(&w);
	const struct reader who = {.user = 1, .clicks = clicks, .count = 2, .time = NOON};
	news_data_hide(&w.data, NEWS_PART_CATEGORY);
	assert_int_equal(pairs_of(&w, "category", &who, 0, &p), 0);
	assert_int_equal(pairs_of(&w, "click-category-x-category", &who, 0, &p), 0);
	assert_int_equal(pairs_of(&w, "click-category", &who, 0, &p), 1);
	assert_int_equal(pairs_of(&w, "title", &who, 0, &p), 2);
	news_data_hide(&w.data, NEWS_PART_TITLE);
	assert_int_equal(pairs_of(&w, "category", &who, 0, &p), 1);
	assert_int_equal(pairs_of(&w, "title", &who, 0, &p), 0);
	assert_int_equal(pairs_of(&w, "click-words", &who, 0, &p), 3);
	sparse_pairs_release(&p);
	world_close(&w);
}

static void a_checkpoint_keeps_them(void **state)
{
	(void)state;
	struct world w;
	struct news_data again = {0};
	struct h5_file *f;
	world_open(&w);
	const char *path = scratch_path("kept.h5");
	must(h5_create(&f, path));
	must(news_data_write(&w.data, f));
	must(h5_commit(f));
	must(h5_open(&f, path));
	must(news_data_restore(&again, scratch_folder(), &w.news, &w.options, f));
	h5_close(f);
	const struct sparse_features *a = &w.data.sparse, *b = &again.sparse;
	const size_t words = (size_t)a->title.offset[4];
	assert_memory_equal(a->known, b->known, 4);
	assert_memory_equal(a->popular_offset, b->popular_offset, 5 * sizeof(int64_t));
	assert_memory_equal(a->popular_since, b->popular_since, (size_t)a->popular_offset[4] * sizeof(int64_t));
	assert_memory_equal(a->title.offset, b->title.offset, 5 * sizeof(int64_t));
	assert_memory_equal(a->title.weight, b->title.weight, words * sizeof(float));
	assert_memory_equal(a->title.word, b->title.word, words * sizeof(int32_t));
	news_data_release(&again);
	world_close(&w);
}

static void fields_are_chosen_by_name(void **state)
{
	(void)state;
	unsigned bits;
	must(sparse_fields_find("user, hour", &bits));
	assert_int_equal(bits, 1u << 0 | 1u << 6);
	must(sparse_fields_find("all", &bits));
	assert_int_equal(bits, (1u << sparse_field_count(SPARSE_PLAIN | SPARSE_CROSSES)) - 1);
	assert_int_equal(sparse_fields_find("user colour", &bits), ST_USAGE);
	assert_non_null(strstr(status_message(), "\"colour\""));
	assert_int_equal(sparse_fields_find("  ", &bits), ST_USAGE);
	struct sparse_features x = {0};
	struct sparse_settings s = {.buckets = 1000, .fields = (char[]){'a', 'l', 'l', 0}};
	const struct catalog none = {0};
	const struct news_data nd = {.news = &none};
	assert_int_equal(sparse_features_learn(&x, &s, &nd, NULL, NULL, NULL), ST_USAGE);
	sparse_features_release(&x);
}

/* However many pairs there are: in order, those of one index summed in the order in which they came. */
static void merging_keeps_the_order_of_equals(void **state)
{
	(void)state;
	enum { MOST = 3000, INDICES = 97 };
	for (size_t n = 1; n <= MOST; n = n * 3 + 1) {
		struct sparse_pairs p = {.count = n + 1, .size = n + 1};
		p.index = xcalloc(n + 1, sizeof *p.index);
		p.value = xcalloc(n + 1, sizeof *p.value);
		real sum[INDICES] = {0};
		bool there[INDICES] = {false};
		p.index[0] = INDICES;
		for (size_t i = 1; i <= n; i++) {
			const int32_t index = p.index[i] = (int32_t)(i * 7919 % INDICES);
			p.value[i] = (real)sin((double)i);
			sum[index] = there[index] ? sum[index] + p.value[i] : p.value[i];
			there[index] = true;
		}
		sparse_pairs_merge(&p, 1);
		size_t at = 1;
		for (int32_t index = 0; index < INDICES; index++)
			if (there[index]) {
				assert_int_equal(p.index[at], index);
				assert_memory_equal(&p.value[at], &sum[index], sizeof *sum);
				at++;
			}
		assert_int_equal(p.count, at);
		assert_int_equal(p.index[0], INDICES);
		sparse_pairs_release(&p);
	}
}

static void a_batch_that_is_too_large_is_a_failure(void **state)
{
	(void)state;
	struct world w;
	struct tape t = {0};
	const int32_t many[] = {0, 300000000};
	const struct impressions m = {.count = 1, .candidates = {many, 1}};
	world_open(&w);
	tape_init(&t, true);
	assert_null(sparse_batch_make(&t, &w.data, &m, SPARSE_PLAIN));
	assert_int_not_equal(tape_status(&t), ST_OK);
	assert_non_null(strstr(status_message(), "300000000 candidates of 11 fields"));
	tape_release(&t);
	world_close(&w);
}

/* samples.bin ---------------------------------------------------------------------------------------------------------- */

static struct pass_world pass_world_of(struct world *w, const char *identity)
{
	return (struct pass_world){.samples = &w->samples,
	                           .data = &w->data,
	                           .train = w->train,
	                           .run = scratch_folder(),
	                           .identity = identity,
	                           .seed = 1,
	                           .history = 10,
	                           .negatives = 2};
}

static ino_t samples_file(void)
{
	struct stat st;
	assert_int_equal(stat(scratch_path("samples.bin"), &st), 0);
	return st.st_ino;
}

static void open_samples(struct sparse_samples *s, struct world *w, const char *identity, enum sparse_shown shown)
{
	const struct pass_world world = pass_world_of(w, identity);
	must(sparse_samples_open(s, &world, shown, SPARSE_PLAIN | SPARSE_CROSSES));
}

/* Five clicks with two negatives each, or ten candidates; the sums of a sample's values are those of its fields. */
static void samples_are_what_was_shown(void **state)
{
	(void)state;
	struct world w;
	struct sparse_samples s;
	world_open(&w);
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	assert_int_equal(s.count, 15);
	for (uint64_t i = 0; i < s.count; i++)
		assert_int_equal(s.label[i], i % 3 == 0);
	sparse_samples_close(&s);
	open_samples(&s, &w, "a", SPARSE_ALL);
	assert_int_equal(s.count, 10);
	static const uint8_t labels[] = {1, 0, 1, 0, 1, 0, 0, 1, 1, 0};
	assert_memory_equal(s.label, labels, sizeof labels);
	struct sparse_pairs p = {0};
	struct sparse_reader *r = sparse_reader_new(&w.data);
	must(behaviors_at(&w.samples.behaviors, 0));
	const struct reader who = reader_of(&w.data.readers, &w.samples.behaviors.impression);
	sparse_reader_set(r, &who);
	sparse_reader_add(r, 0, SPARSE_PLAIN | SPARSE_CROSSES, &p, NULL);
	sparse_pairs_merge(&p, 0);
	assert_int_equal(s.offset[1], p.count);
	for (size_t i = 0; i < p.count; i++) {
		assert_int_equal(s.index[i], p.index[i]);
		assert_float_equal(s.value[i], p.value[i], 0);
	}
	sparse_reader_free(r);
	sparse_pairs_release(&p);
	sparse_samples_close(&s);
	world_close(&w);
}

static void change_byte(size_t at)
{
	FILE *f = fopen(scratch_path("samples.bin"), "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
	const int c = fgetc(f);
	assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
	fputc(c ^ 0x40, f);
	assert_int_equal(fclose(f), 0);
}

static void samples_are_made_once(void **state)
{
	(void)state;
	struct world w;
	struct sparse_samples s;
	world_open(&w);
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	const size_t size = s.map.size;
	char *whole = xmalloc(size);
	memcpy(whole, s.map.data, size);
	sparse_samples_close(&s);
	const ino_t first = samples_file();
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	sparse_samples_close(&s);
	assert_int_equal(samples_file(), first);
	open_samples(&s, &w, "b", SPARSE_DRAWN); /* of another configuration */
	assert_memory_not_equal(s.map.data, whole, 136);
	sparse_samples_close(&s);
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	assert_memory_equal(s.map.data, whole, size);
	sparse_samples_close(&s);
	const size_t places[] = {2, 80, 140, 170, size / 2, size - 1};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		change_byte(places[i]);
		open_samples(&s, &w, "a", SPARSE_DRAWN);
		assert_int_equal(s.map.size, size);
		assert_memory_equal(s.map.data, whole, size);
		sparse_samples_close(&s);
	}
	scratch_write("samples.bin", whole, size - 9);
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	assert_memory_equal(s.map.data, whole, size);
	sparse_samples_close(&s);
	scratch_write("samples.bin", whole, 0);
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	assert_memory_equal(s.map.data, whole, size);
	sparse_samples_close(&s);
	free(whole);
	world_close(&w);
}

/* A file of the key whose digest holds, but whose indices may be beyond the model's tables. */
static void samples_of_other_buckets_are_made_again(void **state)
{
	(void)state;
	enum { KEY = 8, DIGEST = 72, SAMPLES = 136, BUCKETS = 152 };
	struct world w;
	struct sparse_samples s;
	world_open(&w);
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	const size_t size = s.map.size;
	char *other = xmalloc(size), hex[DIGEST_HEX];
	memcpy(other, s.map.data, size);
	sparse_samples_close(&s);
	const uint64_t buckets = 1 << 20;
	memcpy(other + BUCKETS, &buckets, sizeof buckets);
	digest_bytes(other + SAMPLES, size - SAMPLES, hex);
	memcpy(other + DIGEST, hex, SAMPLES - DIGEST);
	scratch_write("samples.bin", other, size);
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	assert_int_equal(s.buckets, w.settings.buckets);
	assert_memory_equal(s.map.data + KEY, other + KEY, DIGEST - KEY);
	sparse_samples_close(&s);
	free(other);
	world_close(&w);
}

static void columns_are_the_samples_turned(void **state)
{
	(void)state;
	struct world w;
	struct sparse_samples s;
	struct sparse_columns c;
	world_open(&w);
	open_samples(&s, &w, "a", SPARSE_DRAWN);
	must(sparse_columns_open(&c, &s, scratch_folder()));
	assert_int_equal(c.offset[0], 0);
	assert_int_equal(c.offset[s.buckets], s.pairs);
	uint64_t found = 0;
	for (uint64_t j = 0; j < s.buckets; j++)
		for (uint64_t p = c.offset[j]; p < c.offset[j + 1]; p++) {
			const uint32_t i = c.sample[p];
			assert_true(p == c.offset[j] || i > c.sample[p - 1]);
			for (uint64_t q = s.offset[i]; q < s.offset[i + 1]; q++)
				found += s.index[q] == j && s.value[q] == c.value[p];
		}
	assert_int_equal(found, s.pairs);
	sparse_columns_close(&c);
	sparse_samples_close(&s);
	world_close(&w);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)
	const struct CMUnitTest tests[] = {
		TEST(clicks_count_once_they_were_made),
		TEST(a_file_replaced_between_is_told),
		TEST(no_room_is_a_failure),
		TEST(only_training_is_known),
		TEST(hidden_parts_give_nothing),
		TEST(a_checkpoint_keeps_them),
		TEST(fields_are_chosen_by_name),
		TEST(merging_keeps_the_order_of_equals),
		TEST(a_batch_that_is_too_large_is_a_failure),
		TEST(samples_are_what_was_shown),
		TEST(samples_are_made_once),
		TEST(samples_of_other_buckets_are_made_again),
		TEST(columns_are_the_samples_turned),
	};
	return cmocka_run_group_tests_name("sparse features", tests, NULL, NULL);
}
