/* Distinct names and their marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crawl/name_set.h"

static void names_are_distinct(void **state)
{
	struct name_set set = {0};
	char name[32];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 10000; i++) {
			snprintf(name, sizeof name, "U%d", i);
			assert_int_equal(name_set_mark(&set, name, strlen(name), 1), round == 0);
		}
	}
	assert_int_equal(set.count, 10000);
	assert_true(name_set_mark(&set, "", 0, 1));
	assert_false(name_set_mark(&set, "", 0, 1));
	assert_true(name_set_mark(&set, "a\0b", 3, 1));
	assert_true(name_set_mark(&set, "a\0c", 3, 1));
	assert_int_equal(set.count, 10003);
	name_set_release(&set);
	name_set_release(&set);
}

static void marks_add_up(void **state)
{
	struct name_set set = {0};

	(void)state;
	assert_true(name_set_mark(&set, "U1", 2, 1));
	assert_true(name_set_mark(&set, "U1", 2, 2));
	assert_false(name_set_mark(&set, "U1", 2, 1));
	assert_false(name_set_mark(&set, "U1", 2, 3));
	assert_true(name_set_mark(&set, "U1", 2, 4));
	assert_int_equal(set.count, 1);
	name_set_release(&set);
}

static void long_names_fit(void **state)
{
	char *name = calloc(1, 100000);
	struct name_set set = {0};

	(void)state;
	assert_non_null(name);
	assert_true(name_set_mark(&set, name, 100000, 1));
	assert_false(name_set_mark(&set, name, 100000, 1));
	assert_true(name_set_mark(&set, name, 99999, 1));
	name_set_release(&set);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_distinct),
		cmocka_unit_test(marks_add_up),
		cmocka_unit_test(long_names_fit),
	};

	return cmocka_run_group_tests_name("name_set", tests, NULL, NULL);
}
