/* Leaks between splits: what is counted, and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/behaviors.h"
#include "common/catalog.h"
#include "common/leak.h"
#include "tests/support/scratch.h"

static struct catalog news;

static int make_world(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	scratch_text("catalog.tsv", "N0\ta\tb\tc\td\te\tf\tg\nN1\ta\tb\tc\td\te\tf\tg\nN2\ta\tb\tc\td\te\tf\tg\n");
	return catalog_open(&news, scratch_folder()) == ST_OK ? 0 : -1;
}

static int remove_world(void **state)
{
	catalog_close(&news);
	return scratch_remove(state);
}

static struct leak find(const char *train, const char *dev)
{
	struct leak l;

	must(leak_find(&l, scratch_text("train.tsv", train), scratch_text("dev.tsv", dev), &news));
	return l;
}

static void assert_leak(struct leak l, int64_t impressions, int64_t late, int64_t shared)
{
	assert_int_equal(l.impressions, impressions);
	assert_int_equal(l.late, late);
	assert_int_equal(l.shared, shared);
}

static void splits_by_time_leak_nothing(void **state)
{
	(void)state;
	assert_leak(find("1\tU1\t11/14/2019 11:59:59 PM\t\tN1-1 N2-0\n2\tU2\t11/9/2019 8:00:00 AM\tN0\tN1-1 N2-0\n",
	                 "1\tU1\t11/15/2019 12:00:00 AM\t\tN1-1 N2-0\n"),
	            2, 0, 0);
}

static void late_impressions_are_counted(void **state)
{
	(void)state;
	assert_leak(find("1\tU1\t11/15/2019 12:00:00 AM\t\tN1-1 N2-0\n2\tU2\t11/15/2019 1:00:00 PM\tN0\tN1-1 N2-0\n"
	                 "3\tU2\t11/14/2019 1:00:00 PM\tN0\tN1-1 N2-0\n",
	                 "1\tU9\t11/15/2019 12:00:00 AM\t\tN1-1 N2-0\n2\tU9\t11/16/2019 12:00:00 AM\t\tN1-1 N2-0\n"),
	            3, 2, 0);
}

/* The same reader, time and candidates: whatever the id, the labels, their order or the history. */
static void shared_impressions_are_counted(void **state)
{
	(void)state;
	assert_leak(find("1\tU1\t11/15/2019 8:00:00 AM\tN0\tN1-1 N2-0\n2\tU2\t11/15/2019 9:00:00 AM\t\tN1-1 N2-0\n",
	                 "7\tU1\t11/15/2019 8:00:00 AM\t\tN2 N1\n8\tU2\t11/15/2019 9:00:00 AM\t\tN1-1 N0-0\n"
	                 "9\tU3\t11/15/2019 9:00:00 AM\t\tN1-1 N2-0\n"),
	            2, 2, 1);
}

/* The table of hashes grows. */
static void many_shared_impressions_are_counted(void **state)
{
	static char text[1 << 20];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 9000; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%d\tU%d\t11/15/2019 8:00:00 AM\tN0\tN1-1 N2-0\n", i, i);
	assert_leak(find(text, text), 9000, 9000, 9000);
}

static void times_are_seconds(void **state)
{
	static const struct {
		const char *time;
		int64_t seconds;
	} cases[] = {
		{"1/1/1970 12:00:00 AM", 0},          {"1/1/1970 12:00:00 PM", 43200},
		{"12/31/1969 11:59:59 PM", -1},       {"11/15/2019 8:04:05 AM", 1573805045},
		{"2/29/2020 1:00:00 PM", 1582981200}, {"3/1/2020 12:00:00 AM", 1583020800},
		{"3/1/2100 12:59:59 AM", 4107545999},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct impression im = {.time = cases[i].time, .time_length = strlen(cases[i].time)};

		assert_int_equal(impression_seconds(&im), cases[i].seconds);
	}
}

static void a_bad_line_is_told(void **state)
{
	struct leak l;

	(void)state;
	assert_int_equal(leak_find(&l, scratch_text("train.tsv", "1\tU1\n"),
	                           scratch_text("dev.tsv", "1\tU1\t11/15/2019 8:00:00 AM\t\tN1-1\n"), &news),
	                 ST_MALFORMED);
	assert_non_null(strstr(status_message(), "train.tsv:1"));
}

#define BEFORE "1\tU1\t11/14/2019 8:00:00 AM\t\tN1-1 N2-0\n"
#define LATER  "1\tU9\t11/15/2019 8:00:00 AM\t\tN1-1 N2-0\n"

static void assert_told(const char *train, const char *message)
{
	struct leak l;

	assert_int_equal(leak_find(&l, scratch_text("train.tsv", train), scratch_text("dev.tsv", LATER), &news),
	                 ST_MALFORMED);
	assert_string_equal(scratch_message(), message);
}

/* Where splits lie apart only times are read of the earlier one: a line without one is still told. */
static void a_bad_time_is_told(void **state)
{
	(void)state;
	assert_told(BEFORE "2\tU1\t11/14/2019 25:00:00 AM\t\tN1-1 N2-0\n" BEFORE,
	            "train.tsv:2: column 3 (time): expected a time like 11/15/2019 8:04:05 AM, found "
	            "\"11/14/2019 25:00:00 AM\"");
	assert_told(BEFORE "2\tU1\t11/14/2019 8:00:00 AM", "train.tsv:2: expected 5 tab-separated columns, found 3");
	assert_told(BEFORE "\n" BEFORE, "train.tsv:2: expected 5 tab-separated columns, found 1");
}

/* Its other columns are read only where an impression of it is as late as the later split's first. */
static void other_columns_are_read_where_splits_overlap(void **state)
{
	(void)state;
	assert_leak(find(BEFORE "2\tU1\t11/15/2019 7:59:59 AM\t\tN9-1\n", LATER), 2, 0, 0);
	assert_told(BEFORE "2\tU1\t11/15/2019 8:00:00 AM\t\tN9-1\n",
	            "train.tsv:2: column 5 (candidates), entry 1: \"N9\" is not in the catalogue");
}

static void an_empty_split_leaks_nothing(void **state)
{
	(void)state;
	assert_leak(find("", LATER), 0, 0, 0);
	assert_leak(find(BEFORE, ""), 1, 0, 0);
}

static void a_last_line_without_its_end_counts(void **state)
{
	(void)state;
	assert_leak(find(BEFORE "2\tU2\t11/14/2019 9:00:00 AM\t\tN1-1 N2-0", LATER), 2, 0, 0);
	assert_leak(find(BEFORE "2\tU2\t11/15/2019 8:00:00 AM\t\tN1-1 N2-0", LATER), 2, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_by_time_leak_nothing),
		cmocka_unit_test(late_impressions_are_counted),
		cmocka_unit_test(shared_impressions_are_counted),
		cmocka_unit_test(many_shared_impressions_are_counted),
		cmocka_unit_test(times_are_seconds),
		cmocka_unit_test(a_bad_line_is_told),
		cmocka_unit_test(a_bad_time_is_told),
		cmocka_unit_test(other_columns_are_read_where_splits_overlap),
		cmocka_unit_test(an_empty_split_leaks_nothing),
		cmocka_unit_test(a_last_line_without_its_end_counts),
	};

	return cmocka_run_group_tests_name("leak", tests, make_world, remove_world);
}
