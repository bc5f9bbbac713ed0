/* MIND's zip files: what is found in them, and what damage is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zip.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "crawl/catalog_source.h"
#include "tests/support/scratch.h"

static char zip_path[300], unpacked[300];

static int make_folder(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	snprintf(zip_path, sizeof zip_path, "%s", scratch_path("MINDsmall_TRAIN.zip"));
	snprintf(unpacked, sizeof unpacked, "%s", scratch_path("unpacked"));
	return 0;
}

/* A zip of entries with the same content, stored as it is so that a test can damage it. */
static void make_zip(const char *const *entries, const char *content)
{
	zip_t *z = zip_open(zip_path, ZIP_CREATE | ZIP_TRUNCATE, NULL);

	assert_non_null(z);
	for (; *entries; entries++) {
		zip_source_t *source = zip_source_buffer(z, content, strlen(content), 0);
		zip_int64_t index = zip_file_add(z, *entries, source, 0);

		assert_true(index >= 0);
		assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)index, ZIP_CM_STORE, 0), 0);
	}
	assert_int_equal(zip_close(z), 0);
}

static enum status unpack(struct catalog_source *s)
{
	assert_int_equal(source_open(s, zip_path), ST_OK);
	assert_true(s->zip);
	assert_int_equal(s->split, SPLIT_TRAIN);
	return source_unpack(s, unpacked);
}

static void assert_unpacks(const char *const *entries)
{
	struct catalog_source s;
	struct strbuf text;

	make_zip(entries, "some content");
	assert_int_equal(unpack(&s), ST_OK);
	strbuf_init(&text, 1000);
	assert_int_equal(file_read(s.news.path, &text), ST_OK);
	assert_int_equal(file_read(s.behaviors.path, &text), ST_OK);
	assert_string_equal(text.data, "some contentsome content");
	strbuf_release(&text);
	source_release(&s);
	source_remove_unpacked(unpacked);
	assert_false(file_exists(unpacked));
}

static void assert_refused(const char *const *entries, const char *reason)
{
	struct catalog_source s;
	char wanted[600];

	make_zip(entries, "some content");
	assert_int_equal(unpack(&s), ST_MALFORMED);
	snprintf(wanted, sizeof wanted, "%s: %s", zip_path, reason);
	assert_string_equal(status_message(), wanted);
	source_release(&s);
	source_remove_unpacked(unpacked);
	assert_false(file_exists(unpacked));
}

#define ENTRIES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void files_are_found(void **state)
{
	(void)state;
	assert_unpacks(ENTRIES("news.tsv", "behaviors.tsv", "entity_embedding.vec"));
	assert_unpacks(ENTRIES("MINDsmall_train/behaviors.tsv", "MINDsmall_train/news.tsv", "__MACOSX/._news.tsv"));
	assert_unpacks(ENTRIES("../news.tsv", "/behaviors.tsv")); /* an entry's name never becomes a path */
	assert_false(file_exists("../news.tsv"));
}

static void other_contents_are_refused(void **state)
{
	(void)state;
	assert_refused(ENTRIES("news.tsv"), "expected one behaviors.tsv at its top or in one folder, found 0");
	assert_refused(ENTRIES("a/b/news.tsv", "behaviors.tsv"),
	               "expected one news.tsv at its top or in one folder, found 0");
	assert_refused(ENTRIES("a/news.tsv", "b/news.tsv", "behaviors.tsv"),
	               "expected one news.tsv at its top or in one folder, found 2");
}

static void damage_is_told(void **state)
{
	struct catalog_source s;
	struct strbuf bytes;
	char wanted[600];

	(void)state;
	make_zip(ENTRIES("behaviors.tsv", "news.tsv"), "some content");
	strbuf_init(&bytes, 100000);
	assert_int_equal(file_read(zip_path, &bytes), ST_OK);
	memcpy(memmem(bytes.data, bytes.len, "some content", 12), "SOME", 4);
	assert_int_equal(file_write(zip_path, bytes.data, bytes.len), ST_OK);
	assert_int_equal(unpack(&s), ST_MALFORMED);
	snprintf(wanted, sizeof wanted, "%s/behaviors.tsv: cannot unpack: CRC error", zip_path);
	assert_string_equal(status_message(), wanted);
	assert_false(file_exists(s.behaviors.path));
	source_release(&s);

	/* Cut anywhere, it is a failure and never a crash. */
	for (size_t n = 0; n < bytes.len; n += 7) {
		assert_int_equal(file_write(zip_path, bytes.data, n), ST_OK);
		assert_int_equal(unpack(&s), ST_MALFORMED);
		source_release(&s);
	}
	source_remove_unpacked(unpacked);
	strbuf_release(&bytes);
}

static void splits_are_told_by_the_last_part(void **state)
{
	static const struct {
		const char *name;
		int split; /* -1: refused */
	} cases[] = {
		{"a_Train", SPLIT_TRAIN}, {"train/x_dev", SPLIT_DEV}, {"MINDdemo_test//", SPLIT_TEST}, {"other", -1},
		{"train-test", -1},       {"train", SPLIT_TRAIN},
	};
	struct catalog_source s;
	char news[64], behaviors[64];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(news, sizeof news, "%s/news.tsv", cases[i].name);
		snprintf(behaviors, sizeof behaviors, "%s/behaviors.tsv", cases[i].name);
		scratch_text(news, "");
		scratch_text(behaviors, "");
		assert_int_equal(source_open(&s, scratch_path(cases[i].name)), cases[i].split < 0 ? ST_USAGE : ST_OK);
		if (cases[i].split >= 0)
			assert_int_equal(s.split, cases[i].split);
		source_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found),
		cmocka_unit_test(other_contents_are_refused),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(splits_are_told_by_the_last_part),
	};

	return cmocka_run_group_tests_name("catalog_source", tests, make_folder, scratch_remove);
}
