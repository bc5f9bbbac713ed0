/* Prediction files against a behaviors file: every kind of malformed line by its whole message, and the sums. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"
#include "eval/evaluation.h"
#include "tests/support/scratch.h"

static const char behaviors_text[] = "1\tU1\t11/15/2019 8:04:05 AM\tN1 N2\tN3-0 N4-1 N5-0\n"
									 "2\tU2\t11/15/2019 8:05:05 AM\t\tN3-0 N4-0\n"
									 "7\tU1\t11/15/2019 8:06:05 AM\tN1\tN6-1 N7-1 N8-0 N9-0\n"
									 "8\tU3\t11/15/2019 8:07:05 AM\tN1\tN6-1\n";

static int set_up(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	return file_write(scratch_path("b.tsv"), behaviors_text, sizeof behaviors_text - 1) == ST_OK ? 0 : -1;
}

static enum status evaluate(struct evaluation *e, const char *const *files, size_t count)
{
	*e = (struct evaluation){0};
	return evaluation_run(e, scratch_path("b.tsv"), files, count);
}

/* Evaluates one file of this text. */
static enum status evaluate_text(struct evaluation *e, const char *text)
{
	return evaluate(e, (const char *[]){scratch_text("p.txt", text)}, 1);
}

/* The status of evaluating text; what is expected in the message follows the prediction file's name. B stands for the
 * behaviors file. */
static void assert_refused(const char *text, const char *expected)
{
	struct evaluation e;
	assert_int_equal(evaluate_text(&e, text), ST_MALFORMED);
	evaluation_release(&e);
	char wanted[1024];
	size_t n = (size_t)snprintf(wanted, sizeof wanted, "%s:", scratch_path("p.txt"));
	for (const char *c = expected; *c && n < sizeof wanted - 256; c++)
		n += (size_t)(*c == 'B' ? snprintf(wanted + n, sizeof wanted - n, "%s", scratch_path("b.tsv"))
		                        : snprintf(wanted + n, sizeof wanted - n, "%c", *c));
	assert_string_equal(status_message(), wanted);
}

#define GOOD "1 [2,1,3]\n2 [1,2]\n7 [4,1,2,3]\n8 [1]\n"

static void test_means(void **state)
{
	(void)state;
	struct evaluation e;
	assert_int_equal(evaluate_text(&e, GOOD), ST_OK);
	assert_int_equal(evaluation_impressions(&e), 2);
	assert_int_equal(evaluation_skipped(&e), 2);
	assert_int_equal(e.kinds[IMPRESSION_NO_CLICK], 1);
	assert_int_equal(e.kinds[IMPRESSION_ONLY_CLICKS], 1);
	/* First: all right. Third: clicks at positions 4 and 1 of 4. */
	assert_float_equal(evaluation_mean(&e, 0, METRIC_AUC), (1 + 0.5) / 2, 1e-12);
	assert_float_equal(evaluation_mean(&e, 0, METRIC_MRR), (1 + 0.625) / 2, 1e-12);
	assert_float_equal(evaluation_mean(&e, 0, METRIC_NDCG5), (1 + (1 + 1 / log2(5)) / (1 + 1 / log2(3))) / 2, 1e-12);
	assert_int_equal(evaluation_leader(&e, METRIC_AUC), -1);
	evaluation_release(&e);
}

static void test_accepted_forms(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"1 [2,1,3]\n2 [1,2]\n7 [4,1,2,3]\n8 [1]",
		"1\t[2,1,3]\r\n2  [1,2]\r\n7 [4,1,2,3] \r\n8 [1]\r\n\r\n\n",
		"1 [02,1,3]\n2 [1,2]\n7 [4,1,2,3]\n8 [1]\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct evaluation e;
		assert_int_equal(evaluate_text(&e, texts[i]), ST_OK);
		assert_float_equal(evaluation_mean(&e, 0, METRIC_AUC), 0.75, 1e-12);
		evaluation_release(&e);
	}
}

static void test_lines_out_of_step(void **state)
{
	(void)state;
	assert_refused("1 [2,1,3]\n7 [4,1,2,3]\n8 [1]\n",
	               "2: expected impression \"2\" (B:2), found \"7\", and the expected one nowhere in the file");
	assert_refused("1 [2,1,3]\n1 [2,1,3]\n2 [1,2]\n7 [4,1,2,3]\n8 [1]\n",
	               "2: expected impression \"2\" (B:2), found \"1\", which line 1 has already");
	assert_refused("1 [2,1,3]\n7 [4,1,2,3]\n2 [1,2]\n8 [1]\n",
	               "2: expected impression \"2\" (B:2), found \"7\", and the expected one in line 3: both files must "
	               "have one order");
	assert_refused("1 [2,1,3]\n2 [1,2]\n", "3: expected impression \"7\" (B:3), found the end of the file");
	assert_refused("", "1: expected impression \"1\" (B:1), found the end of the file");
	assert_refused("1 [2,1,3]\n\n2 [1,2]\n", "2: expected impression \"2\" (B:2), found an empty line");
	assert_refused(GOOD "9 [1]\n", "5: expected the end of the file after 4 impressions, found more");
	assert_refused("10 [2,1,3]\n",
	               "1: expected impression \"1\" (B:1), found \"10\", and the expected one nowhere in the file");
}

static void test_wrong_ranks(void **state)
{
	(void)state;
	assert_refused("1 [2,1]\n", "1: impression \"1\" has 3 candidates (B:1), found 2 ranks");
	assert_refused("1 [2,1,3,4]\n", "1: impression \"1\" has 3 candidates (B:1), found 4 ranks");
	assert_refused("1 []\n", "1: impression \"1\" has 3 candidates (B:1), found 0 ranks");
	assert_refused("1 [2,1,2]\n", "1: column 8: expected each rank from 1 to 3 once, found 2 twice");
	assert_refused("1 [0,1,2]\n", "1: column 4: expected a rank, a whole number from 1 to 3, found \"0\"");
	assert_refused("1 [2,1,4]\n", "1: column 8: expected a rank, a whole number from 1 to 3, found \"4\"");
	assert_refused("1 [2,NaN,3]\n", "1: column 6: expected a rank, a whole number from 1 to 3, found \"NaN\"");
	assert_refused("1 [2,-1,3]\n", "1: column 6: expected a rank, a whole number from 1 to 3, found \"-1\"");
	assert_refused("1 [2,1.0,3]\n", "1: column 6: expected a rank, a whole number from 1 to 3, found \"1.0\"");
	assert_refused("1 [2, 1,3]\n", "1: column 6: expected a rank, a whole number from 1 to 3, found \" 1\"");
	assert_refused("1 [4294967298,1,3]\n",
	               "1: column 4: expected a rank, a whole number from 1 to 3, found \"4294967298\"");
	assert_refused("1 [2,1,]\n", "1: column 8: expected a rank, a whole number from 1 to 3, found \"\"");
	assert_refused("1 2,1,3\n", "1: column 3: expected \"[\" and the ranks, found \"2\"");
	assert_refused("1\n", "1: column 2: expected \"[\" and the ranks, found the end of the line");
	assert_refused("1 [2,1,3\n", "1: column 9: expected \",\" or \"]\", found the end of the line");
	assert_refused("1 [2,1,3]x\n", "1: column 10: expected the end of the line, found \"x\"");
}

/* The same file twice: no difference, and no leader. Against a worse one: the whole of the difference, but
 * two impressions make no leader. */
static void test_pairs(void **state)
{
	(void)state;
	struct evaluation e;
	const char *first = scratch_text("p.txt", "1 [2,1,3]\n2 [1,2]\n7 [1,2,3,4]\n8 [1]\n");
	const char *second = scratch_text("q.txt", "1 [1,3,2]\n2 [1,2]\n7 [4,3,2,1]\n8 [1]\n");
	assert_int_equal(evaluate(&e, (const char *[]){first, second, first}, 3), ST_OK);
	struct comparison c = evaluation_compare(&e, 2, 0, METRIC_AUC);
	assert_float_equal(c.mean, 0, 0);
	assert_float_equal(c.p, 1, 0);
	c = evaluation_compare(&e, 1, 0, METRIC_MRR);
	assert_float_equal(c.mean, (1.0 / 3 - 1 + 7.0 / 24 - 0.75) / 2, 1e-12);
	c = evaluation_compare(&e, 0, 1, METRIC_MRR);
	assert_float_equal(c.mean, -(1.0 / 3 - 1 + 7.0 / 24 - 0.75) / 2, 1e-12);
	/* Ahead of the second by 1 on both impressions, but level with the third. */
	c = evaluation_compare(&e, 0, 1, METRIC_AUC);
	assert_float_equal(c.mean, 1, 0);
	assert_float_equal(c.error, 0, 0);
	assert_int_equal(evaluation_leader(&e, METRIC_AUC), -1);
	evaluation_release(&e);
	assert_int_equal(evaluate(&e, (const char *[]){second, first}, 2), ST_OK);
	/* MRR differs by other amounts, which two impressions do not tell from noise; AUC by the same, which is no proof either. */
	assert_int_equal(evaluation_leader(&e, METRIC_MRR), -1);
	assert_int_equal(evaluation_leader(&e, METRIC_AUC), -1);
	evaluation_release(&e);
}

static void test_nothing_to_score(void **state)
{
	(void)state;
	struct evaluation e = {0};
	const char *path =
		scratch_text("bare.tsv", "1\tU1\t11/15/2019 8:04:05 AM\tN1\tN3 N4\n2\tU1\t11/15/2019 8:04:05 AM\tN1\tN3-1\n");
	const char *files[] = {scratch_text("p.txt", "1 [2,1]\n2 [1]\n")};
	assert_int_equal(evaluation_run(&e, path, files, 1), ST_MALFORMED);
	assert_non_null(
		strstr(status_message(), "bare.tsv: expected an impression with a clicked and a not-clicked candidate"));
	assert_int_equal(e.kinds[IMPRESSION_UNLABELLED], 1);
	evaluation_release(&e);
}

static void test_absent_file(void **state)
{
	(void)state;
	struct evaluation e;
	assert_int_equal(evaluate(&e, (const char *[]){"/nowhere/prediction.txt"}, 1), ST_FAILED);
	assert_non_null(strstr(status_message(), "/nowhere/prediction.txt"));
	evaluation_release(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_means),
		cmocka_unit_test(test_accepted_forms),
		cmocka_unit_test(test_lines_out_of_step),
		cmocka_unit_test(test_wrong_ranks),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_nothing_to_score),
		cmocka_unit_test(test_absent_file),
	};
	return cmocka_run_group_tests_name("evaluation", tests, set_up, scratch_remove);
}
