/* A tower's widths as text: what is taken, and what is said of the rest. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "model/layers/tower.h"

static enum status init(const char *widths, struct tower *l, struct params *ps)
{
	*ps = (struct params){0};
	return tower_init(l, ps, "deep", 7, widths, "dcn.layers");
}

static void reads_widths(void **state)
{
	struct tower l;
	struct params ps;
	(void)state;
	assert_int_equal(init("5-3-65536", &l, &ps), ST_OK);
	assert_int_equal(l.count, 3);
	assert_int_equal(l.width, 65536);
	assert_int_equal(l.layer[0].weight->dim[1], 7);
	assert_int_equal(l.layer[1].weight->dim[0], 3);
	assert_int_equal(l.layer[1].weight->dim[1], 5);
	assert_non_null(params_find(&ps, "deep.2.bias"));
	params_release(&ps);
	assert_int_equal(init("1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", &l, &ps), ST_OK);
	assert_int_equal(l.count, TOWER_LAYERS);
	params_release(&ps);
}

static void names_the_key_of_what_is_malformed(void **state)
{
	static const char *const wrong[] = {"",   "-",     "5-",
	                                    "-5", "5--3",  "5 3",
	                                    "0",  "65537", "99999999999999999999",
	                                    "+5", "5.5",   "1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1"};
	struct tower l;
	struct params ps;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(init(wrong[i], &l, &ps), ST_USAGE);
		assert_non_null(strstr(status_message(), "dcn.layers"));
		assert_int_equal(ps.count, 0);
		params_release(&ps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_widths),
		cmocka_unit_test(names_the_key_of_what_is_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
