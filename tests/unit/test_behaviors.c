/* Behaviors: every part of a line, and how the first bad one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/behaviors.h"
#include "common/catalog.h"
#include "common/file.h"
#include "tests/support/scratch.h"

static struct catalog news;

static int make_world(void **state)
{
	static const char text[] = "N0\ta\tb\tc\td\te\tf\tg\nN1\ta\tb\tc\td\te\tf\tg\nN2\ta\tb\tc\td\te\tf\tg\n"
							   "N3-1\ta\tb\tc\td\te\tf\tg\n";

	if (scratch_make(state) != 0 || file_write(scratch_path("catalog.tsv"), text, sizeof text - 1) != ST_OK)
		return -1;
	return catalog_open(&news, scratch_folder()) == ST_OK ? 0 : -1;
}

static int remove_world(void **state)
{
	catalog_close(&news);
	return scratch_remove(state);
}

static void lines_are_parsed(void **state)
{
	static const char text[] = "1\tU1\t11/15/2019 8:04:05 AM\tN2 N0\tN1-0 N2-1 N3-1-1\r\n"
							   "imp_2\tU-2\t1/1/2020 12:00:00 PM\t\tN0 N1\n"
							   "3\tU1\t9/9/2019 12:59:59 AM\tN1  N1 \tN0-0";
	struct behaviors b;
	size_t second;
	bool more;

	(void)state;
	scratch_write("b.tsv", text, sizeof text - 1);
	assert_int_equal(behaviors_open(&b, scratch_path("b.tsv"), &news), ST_OK);
	assert_int_equal(behaviors_next(&b, &more), ST_OK);
	assert_true(more);
	assert_int_equal(b.line, 1);
	assert_int_equal(b.impression.id_length, 1);
	assert_memory_equal(b.impression.id, "1", 1);
	assert_int_equal(b.impression.user_length, 2);
	assert_memory_equal(b.impression.user, "U1", 2);
	assert_int_equal(b.impression.time_length, 21);
	assert_memory_equal(b.impression.time, "11/15/2019 8:04:05 AM", 21);
	assert_int_equal(b.impression.history_count, 2);
	assert_int_equal(b.impression.history[0], 2);
	assert_int_equal(b.impression.history[1], 0);
	assert_int_equal(b.impression.candidate_count, 3);
	assert_int_equal(b.impression.candidates[0], 1);
	assert_int_equal(b.impression.candidates[1], 2);
	assert_int_equal(b.impression.candidates[2], 3);
	assert_int_equal(b.impression.labels[0], 0);
	assert_int_equal(b.impression.labels[1], 1);
	assert_int_equal(b.impression.labels[2], 1);
	assert_int_equal(b.impression.clicked_count, 2);
	second = b.offset;

	assert_int_equal(behaviors_next(&b, &more), ST_OK);
	assert_int_equal(b.impression.history_count, 0);
	assert_int_equal(b.impression.candidate_count, 2);
	assert_int_equal(b.impression.labels[0], CANDIDATE_UNLABELLED);
	assert_int_equal(b.impression.labels[1], CANDIDATE_UNLABELLED);
	assert_int_equal(b.impression.clicked_count, 0);
	assert_int_equal(behaviors_next(&b, &more), ST_OK);
	assert_true(more);
	assert_int_equal(b.line, 3);
	assert_int_equal(b.impression.history_count, 2);
	assert_int_equal(b.impression.candidate_count, 1);

	assert_int_equal(behaviors_at(&b, second), ST_OK);
	assert_memory_equal(b.impression.id, "imp_2", 5);
	assert_int_equal(behaviors_at(&b, 0), ST_OK);
	assert_memory_equal(b.impression.id, "1", 1);
	assert_int_equal(behaviors_next(&b, &more), ST_OK);
	assert_false(more);
	behaviors_close(&b);
}

static void without_a_catalogue_rows_are_positions(void **state)
{
	static const char text[] = "1\tU1\t11/15/2019 8:04:05 AM\tX Y Z\tP-0 Q-1\n";
	struct behaviors b;
	bool more;

	(void)state;
	scratch_write("b.tsv", text, sizeof text - 1);
	assert_int_equal(behaviors_open(&b, scratch_path("b.tsv"), NULL), ST_OK);
	assert_int_equal(behaviors_next(&b, &more), ST_OK);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(b.impression.history[i], i);
	assert_int_equal(b.impression.candidates[0], 0);
	assert_int_equal(b.impression.candidates[1], 1);
	assert_int_equal(b.impression.clicked_count, 1);
	behaviors_close(&b);
}

static void assert_malformed(const char *bytes, size_t n, const char *wanted)
{
	struct behaviors b;
	bool more;

	scratch_write("b.tsv", bytes, n);
	assert_int_equal(behaviors_open(&b, scratch_path("b.tsv"), &news), ST_OK);
	assert_int_equal(behaviors_next(&b, &more), ST_MALFORMED);
	assert_string_equal(scratch_message(), wanted);
	assert_int_equal(behaviors_at(&b, 0), ST_MALFORMED);
	assert_string_equal(scratch_message(), wanted);
	behaviors_close(&b);
}

#define ASSERT_MALFORMED(bytes, wanted) assert_malformed(bytes, sizeof bytes - 1, wanted)
#define TIME                            "11/15/2019 8:04:05 AM"

static void bad_lines_are_told(void **state)
{
	(void)state;
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1\n", "b.tsv:1: expected 5 tab-separated columns, found 4");
	ASSERT_MALFORMED("\n", "b.tsv:1: expected 5 tab-separated columns, found 1");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1\tN1\t\n", "b.tsv:1: expected 5 tab-separated columns, found 6");
	ASSERT_MALFORMED("\tU1\t" TIME "\tN1\tN1\n",
	                 "b.tsv:1: column 1 (impression id): expected 1 to 31 letters, digits, \"_\" or \"-\", found \"\"");
	ASSERT_MALFORMED("1\tU 1\t" TIME "\tN1\tN1\n",
	                 "b.tsv:1: column 2 (user id): expected 1 to 31 letters, digits, \"_\" or \"-\", found \"U 1\"");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1 N9\tN1\n",
	                 "b.tsv:1: column 4 (history), entry 2: \"N9\" is not in the catalogue");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1,N2\tN1\n",
	                 "b.tsv:1: column 4 (history), entry 1: \"N1,N2\" is not a news id");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1\tN1-0 N1-1 N9-1\n",
	                 "b.tsv:1: column 5 (candidates), entry 3: \"N9\" is not in the catalogue");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1\t\n",
	                 "b.tsv:1: column 5 (candidates): expected at least one news id, found \"\"");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1\tN1-0 N2\n",
	                 "b.tsv:1: column 5 (candidates), entry 2: \"N2\" has no label (-0 "
	                 "or -1), which entries before it have");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1\tN1 N2-0\n", "b.tsv:1: column 5 (candidates), entry 2: \"N2-0\" has a label, "
	                                                   "which entries before it have not");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1\tN1-2\n",
	                 "b.tsv:1: column 5 (candidates), entry 1: \"N1-2\" is not in the catalogue");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN1\t-1\n",
	                 "b.tsv:1: column 5 (candidates), entry 1: \"-1\" is not in the catalogue");
	ASSERT_MALFORMED("1\tU1\t" TIME "\tN\0001\tN1\n", "b.tsv:1: NUL byte");
}

static void times_have_one_shape(void **state)
{
	static const char *const bad[] = {
		"",
		"11/15/2019 8:04:05",
		"11/15/2019 8:04:05 am",
		"11/15/2019 13:04:05 AM",
		"11/15/2019 0:04:05 AM",
		"13/15/2019 8:04:05 AM",
		"11/32/2019 8:04:05 AM",
		"11/15/19 8:04:05 AM",
		"2019-11-15 8:04:05 AM",
		"11/15/2019 8:60:05 AM",
		"11/15/2019 8:04:05 AMX",
		"111/15/2019 8:04:05 AM",
		"11/15/2019  8:04:05 AM",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char line[128], wanted[256];

		snprintf(line, sizeof line, "1\tU1\t%s\tN1\tN1\n", bad[i]);
		snprintf(wanted, sizeof wanted,
		         "b.tsv:1: column 3 (time): expected a time like 11/15/2019 8:04:05 AM, found \"%s\"", bad[i]);
		assert_malformed(line, strlen(line), wanted);
	}
}

static void lines_are_counted(void **state)
{
	static const char text[] = "1\tU1\t" TIME "\tN1\tN1\n2\tU1\t" TIME "\tN1\tN1\nbad\n4\tU1\t" TIME "\tN1\tN1\n";
	struct behaviors b;
	size_t third = 0;
	bool more;

	(void)state;
	scratch_write("b.tsv", text, sizeof text - 1);
	assert_int_equal(behaviors_open(&b, scratch_path("b.tsv"), &news), ST_OK);
	for (int i = 1; i <= 4; i++) {
		if (i == 3)
			third = b.offset;
		assert_int_equal(behaviors_next(&b, &more), i == 3 ? ST_MALFORMED : ST_OK);
	}
	assert_int_equal(behaviors_at(&b, third), ST_MALFORMED);
	assert_string_equal(scratch_message(), "b.tsv:3: expected 5 tab-separated columns, found 1");
	assert_int_equal(b.line, 4);
	behaviors_close(&b);
}

static void an_empty_file_has_no_lines(void **state)
{
	struct behaviors b;
	bool more = true;

	(void)state;
	scratch_write("b.tsv", NULL, 0);
	assert_int_equal(behaviors_open(&b, scratch_path("b.tsv"), &news), ST_OK);
	assert_int_equal(behaviors_next(&b, &more), ST_OK);
	assert_false(more);
	behaviors_close(&b);
	assert_int_equal(behaviors_open(&b, scratch_path("none.tsv"), &news), ST_FAILED);
	behaviors_close(&b);
}

static void long_lists_grow(void **state)
{
	struct file_writer w;
	struct behaviors b;
	bool more;

	(void)state;
	assert_int_equal(file_create(&w, scratch_path("b.tsv")), ST_OK);
	fputs("1\tU1\t" TIME "\t", w.stream);
	for (int i = 0; i < 5000; i++)
		fprintf(w.stream, "N%d ", i % 3);
	fputc('\t', w.stream);
	for (int i = 0; i < 3000; i++)
		fprintf(w.stream, " N%d-%d", i % 3, i % 7 == 0);
	assert_int_equal(file_commit(&w), ST_OK);
	assert_int_equal(behaviors_open(&b, scratch_path("b.tsv"), &news), ST_OK);
	assert_int_equal(behaviors_next(&b, &more), ST_OK);
	assert_int_equal(b.impression.history_count, 5000);
	assert_int_equal(b.impression.candidate_count, 3000);
	assert_int_equal(b.impression.clicked_count, 429);
	for (uint32_t i = 0; i < 3000; i++) {
		assert_int_equal(b.impression.history[i], i % 3);
		assert_int_equal(b.impression.candidates[i], i % 3);
	}
	behaviors_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_parsed),   cmocka_unit_test(without_a_catalogue_rows_are_positions),
		cmocka_unit_test(bad_lines_are_told), cmocka_unit_test(times_have_one_shape),
		cmocka_unit_test(lines_are_counted),  cmocka_unit_test(an_empty_file_has_no_lines),
		cmocka_unit_test(long_lists_grow),
	};

	return cmocka_run_group_tests_name("behaviors", tests, make_world, remove_world);
}
