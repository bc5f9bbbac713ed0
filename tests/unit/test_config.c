/* Configurations: defaults, files, --set, and writing what is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/config.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "tests/support/scratch.h"

struct settings {
	bool shuffle;
	int64_t batch;
	double rate;
	char *name;
	int optimiser;
	double scale;
};

#define KEYS 6

static void describe(struct settings *s, struct config_key keys[KEYS + 1])
{
	const struct config_key table[KEYS + 1] = {
		{"data.shuffle", CONFIG_BOOL, &s->shuffle, "true", NULL, 0, 0, "draw anew each epoch"},
		{"data.batch", CONFIG_INT, &s->batch, "32", NULL, 1, 1024, "impressions a step"},
		{"train.rate", CONFIG_REAL, &s->rate, "1e-4", NULL, 0, 1, NULL},
		{"train.name", CONFIG_STRING, &s->name, "", NULL, 0, 0, "what reports call it"},
		{"train.optimiser", CONFIG_CHOICE, &s->optimiser, "adam", "sgd|adam|adamw", 0, 0, "how to step"},
		{"train.scale", CONFIG_REAL, &s->scale, "0.1", NULL, 0, 0, "any number"},
		{0},
	};

	memcpy(keys, table, sizeof table);
}

static void defaults_are_filled_in(void **state)
{
	struct settings s;
	struct config_key keys[KEYS + 1];

	(void)state;
	describe(&s, keys);
	config_init(keys);
	assert_true(s.shuffle);
	assert_int_equal(s.batch, 32);
	assert_true(s.rate == 1e-4);
	assert_string_equal(s.name, "");
	assert_int_equal(s.optimiser, 1);
	config_release(keys);
	assert_null(s.name);
}

static void files_are_read(void **state)
{
	static const char text[] = "\xef\xbb\xbf; a comment\n# another\n[data]\nshuffle = no ; inline\n  batch=64\r\n"
							   "[train]\nname = a = b # c; d\noptimiser: adamw\nrate = 0.25";
	struct settings s;
	struct config_key keys[KEYS + 1];

	(void)state;
	describe(&s, keys);
	config_init(keys);
	scratch_write("c.ini", text, sizeof text - 1);
	assert_int_equal(config_read(keys, scratch_path("c.ini")), ST_OK);
	assert_false(s.shuffle);
	assert_int_equal(s.batch, 64);
	assert_string_equal(s.name, "a = b # c; d");
	assert_int_equal(s.optimiser, 2);
	assert_true(s.rate == 0.25);
	assert_true(s.scale == 0.1);
	config_release(keys);
}

static void assert_malformed(const char *text, size_t n, const char *wanted)
{
	struct settings s;
	struct config_key keys[KEYS + 1];

	describe(&s, keys);
	config_init(keys);
	scratch_write("c.ini", text, n);
	assert_int_equal(config_read(keys, scratch_path("c.ini")), ST_MALFORMED);
	assert_string_equal(scratch_message(), wanted);
	config_release(keys);
}

#define ASSERT_MALFORMED(text, wanted) assert_malformed(text, sizeof text - 1, wanted)

static void bad_files_are_told(void **state)
{
	char *line = malloc(10001);

	(void)state;
	ASSERT_MALFORMED("[data]\nbutch = 3\n", "c.ini:2: unknown key \"butch\" in [data]");
	ASSERT_MALFORMED("[data]\n\n[dota]\nbatch = 3\n", "c.ini:4: unknown section [dota]");
	ASSERT_MALFORMED("batch = 3\n", "c.ini:1: key \"batch\" before any [section]");
	ASSERT_MALFORMED("[data]\nbatch = 3\nbatch = 3.5\n", "c.ini:3: data.batch: expected a whole number, found \"3.5\"");
	ASSERT_MALFORMED("[data]\nbatch = 0\n", "c.ini:2: data.batch: expected 1 to 1024, found 0");
	ASSERT_MALFORMED("[data]\nbatch = \n", "c.ini:2: data.batch: expected a whole number, found \"\"");
	ASSERT_MALFORMED("[data]\nshuffle = maybe\n", "c.ini:2: data.shuffle: expected true or false, found \"maybe\"");
	ASSERT_MALFORMED("[train]\nrate = 2\n", "c.ini:2: train.rate: expected 0 to 1, found 2");
	ASSERT_MALFORMED("[train]\nscale = nan\n", "c.ini:2: train.scale: expected a number, found \"nan\"");
	ASSERT_MALFORMED("[train]\noptimiser = ada\n",
	                 "c.ini:2: train.optimiser: expected one of sgd|adam|adamw, found \"ada\"");
	ASSERT_MALFORMED("[data]\nbatch\n", "c.ini:2: expected [section] or key = value");
	ASSERT_MALFORMED("[data\n", "c.ini:1: expected [section] or key = value");
	ASSERT_MALFORMED("[data]\nbatch = 1\0\n", "c.ini:2: NUL byte");
	assert_non_null(line);
	memset(line, 'x', 10000);
	memcpy(line, "[train]\nname = ", 15);
	assert_malformed(line, 10000, "c.ini:2: line too long");
	free(line);
}

static void indented_lines_are_lines(void **state)
{
	static const char text[] = "[train]\nname = one\n  rate = 0.5\n\tscale = 2\n";
	struct settings s;
	struct config_key keys[KEYS + 1];

	(void)state;
	describe(&s, keys);
	config_init(keys);
	scratch_write("c.ini", text, sizeof text - 1);
	assert_int_equal(config_read(keys, scratch_path("c.ini")), ST_OK);
	assert_string_equal(s.name, "one");
	assert_true(s.rate == 0.5 && s.scale == 2);
	config_release(keys);
}

static void assignments_override(void **state)
{
	struct settings s;
	struct config_key keys[KEYS + 1];

	(void)state;
	describe(&s, keys);
	config_init(keys);
	assert_int_equal(config_set(keys, "train.name=x=y"), ST_OK);
	assert_string_equal(s.name, "x=y");
	assert_int_equal(config_set(keys, "data.batch=7"), ST_OK);
	assert_int_equal(s.batch, 7);
	assert_int_equal(config_set(keys, "data.batch=7x"), ST_USAGE);
	assert_string_equal(status_message(), "--set: data.batch: expected a whole number, found \"7x\"");
	assert_int_equal(config_set(keys, "batch=7"), ST_USAGE);
	assert_string_equal(status_message(), "--set: no key is called \"batch\"");
	assert_int_equal(config_set(keys, "data.batch"), ST_USAGE);
	assert_string_equal(status_message(), "--set: expected section.key=value, found \"data.batch\"");
	assert_int_equal(config_set(keys, "train.name=a ; b"), ST_USAGE);
	assert_int_equal(config_set(keys, "train.name= a"), ST_USAGE);
	assert_int_equal(config_set(keys, "train.name=a\nb"), ST_USAGE);
	assert_string_equal(s.name, "x=y");
	config_release(keys);
}

static void what_is_written_is_the_table(void **state)
{
	struct settings s;
	struct config_key keys[KEYS + 1];
	struct strbuf out;

	(void)state;
	describe(&s, keys);
	config_init(keys);
	strbuf_init(&out, 1 << 16);
	config_write(keys, &out);
	assert_string_equal(out.data, "[data]\n; draw anew each epoch\nshuffle = true\n; impressions a step\nbatch = 32\n\n"
	                              "[train]\nrate = 0.0001\n; what reports call it\nname = \n"
	                              "; how to step (sgd|adam|adamw)\noptimiser = adam\n; any number\nscale = 0.1\n");
	strbuf_release(&out);
	config_release(keys);
}

static void what_is_written_reads_back(void **state)
{
	static const double numbers[] = {0.1, 1.0 / 3, -2.2250738585072014e-308, 1e300, 0, 123456789.123456789};
	struct settings s, back;
	struct config_key keys[KEYS + 1], back_keys[KEYS + 1];
	char assignment[4096] = "train.name=";
	struct strbuf out;

	(void)state;
	describe(&s, keys);
	describe(&back, back_keys);
	config_init(keys);
	config_init(back_keys);
	strbuf_init(&out, 1 << 16);
	memset(assignment + 11, 'p', 3800);
	memcpy(assignment + 11, "#a;b=[c] \"d\"\t'", 14);
	assert_int_equal(config_set(keys, assignment), ST_OK);
	assert_int_equal(config_set(keys, "train.optimiser=sgd"), ST_OK);
	assert_int_equal(config_set(keys, "data.shuffle=off"), ST_OK);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		s.scale = numbers[i];
		strbuf_clear(&out);
		config_write(keys, &out);
		scratch_write("c.ini", out.data, out.len);
		assert_int_equal(config_read(back_keys, scratch_path("c.ini")), ST_OK);
		assert_true(back.scale == numbers[i]);
		assert_string_equal(back.name, s.name);
		assert_int_equal(back.optimiser, 0);
		assert_false(back.shuffle);
	}
	strbuf_release(&out);
	config_release(keys);
	config_release(back_keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_filled_in),     cmocka_unit_test(files_are_read),
		cmocka_unit_test(bad_files_are_told),         cmocka_unit_test(indented_lines_are_lines),
		cmocka_unit_test(assignments_override),       cmocka_unit_test(what_is_written_is_the_table),
		cmocka_unit_test(what_is_written_reads_back),
	};

	return cmocka_run_group_tests_name("config", tests, scratch_make, scratch_remove);
}
