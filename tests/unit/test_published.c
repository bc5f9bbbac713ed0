/* The papers' tables: those that come with the source, and malformed ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "eval/published.h"
#include "tests/support/scratch.h"

static const struct published_number *find(const struct published *p, const char *paper, const char *where,
                                           const char *model, const char *group, const char *data, const char *metric)
{
	const struct published_number *found = NULL;
	for (size_t i = 0; i < p->count; i++) {
		const struct published_number *n = &p->numbers[i];
		if (strcmp(n->paper, paper) == 0 && strcmp(n->where, where) == 0 && strcmp(n->model, model) == 0 &&
		    strcmp(n->group, group) == 0 && strcmp(n->data, data) == 0 && strcmp(n->metric, metric) == 0) {
			assert_null(found);
			found = n;
		}
	}
	assert_non_null(found);
	return found;
}

static void test_tables(void **state)
{
	(void)state;
	struct published p = {0};
	must(published_read(&p, "eval/published"));
	assert_int_equal(p.count, 551);
	assert_float_equal(find(&p, "imrec", "table 2", "FIM-IM", "", "MIND-large", "ndcg10")->value, 0.4364, 1e-12);
	assert_float_equal(
		find(&p, "imrec", "table 4", "NRMS", "unseen user, without image", "IM-MIND-large", "mrr")->value, 0.4085,
		1e-12);
	assert_float_equal(find(&p, "vlsnr", "table 2", "VLSNR", "", "V-MIND", "auc")->value, 0.695, 1e-12);
	assert_float_equal(find(&p, "rmbert", "table 1", "RMBERT", "", "MIND-small", "ndcg5")->value, 0.3614, 1e-12);
	assert_float_equal(find(&p, "gmmf", "table 3", "GMMF", "(h) whole", "ECM", "user_auc")->value, 0.6632, 1e-12);
	const struct published_number *n =
		find(&p, "mm-rec", "table 2", "MM-Rec", "", "Microsoft News 2020 (MM-Rec)", "auc");
	assert_float_equal(n->value, 0.6496, 1e-12);
	assert_float_equal(n->deviation, 0.0012, 1e-12);
	for (size_t i = 0; i < p.count; i++)
		if (strstr("auc mrr ndcg5 ndcg10 user_auc", p.numbers[i].metric))
			assert_true(p.numbers[i].value > 0.1 && p.numbers[i].value < 0.9);
	published_release(&p);
}

/* Each paper's main table: the runs whose published rows it has, on every data set that it names. */
static const struct {
	const char *paper, *where, *runs;
	int data;    /* data sets */
	int missing; /* rows that the paper leaves out */
} tables[] = {
	{"imrec", "table 2", "deepfm dkn npa lstur nrms fim nrms-im fim-im", 2, 0},
	{"mm-rec", "table 2", "fm dssm wide-deep deepfm ebnr dkn dan naml nrms mm-rec", 1, 0},
	{"vlsnr", "table 2", "deepfm dkn npa lstur nrms fim nrms-im fim-im vlsnr", 1, 0},
	{"rmbert", "table 1", "deepfm dcn dkn nrms lstur npa fim rmbert", 2, 0},
	{"gmmf", "table 2", "lr fm deepfm youtubenet din lmf mtfn naml-views marn gmmf", 4, 1}, /* DIN on ECM */
};

static bool is_auc(const struct published_number *n)
{
	return strcmp(n->metric, "auc") == 0 || strcmp(n->metric, "user_auc") == 0;
}

/* Every run has its rows, and every row its run. */
static void test_main_tables(void **state)
{
	(void)state;
	struct published p = {0};
	must(published_read(&p, "eval/published"));
	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
		int wanted = 0, found = 0, all = 0;
		char *runs = xstrdup(tables[t].runs);
		for (char *rest = runs, *run; (run = strsep(&rest, " ")); wanted += tables[t].data) {
			const int before = found;
			for (size_t i = 0; i < p.count; i++) {
				const struct published_number *n = &p.numbers[i];
				if (strcmp(n->paper, tables[t].paper) == 0 && strcmp(n->where, tables[t].where) == 0 && is_auc(n))
					found += published_is(n, run);
			}
			if (found == before)
				fail_msg("%s, %s has no row of %s", tables[t].paper, tables[t].where, run);
		}
		for (size_t i = 0; i < p.count; i++)
			all += strcmp(p.numbers[i].paper, tables[t].paper) == 0 && is_auc(&p.numbers[i]) &&
			       strcmp(p.numbers[i].where, tables[t].where) == 0;
		assert_int_equal(found, wanted - tables[t].missing);
		assert_int_equal(all, found);
		free(runs);
	}
	published_release(&p);
}

static void test_names(void **state)
{
	(void)state;
	const struct published_number img = {.paper = "vlsnr", .model = "NRMS+img"},
								  naml = {.paper = "mm-rec", .model = "NAML"},
								  views = {.paper = "gmmf", .model = "NAML"}, deep = {.paper = "x", .model = "DeepFM"};
	assert_true(published_is(&img, "nrms-img") && !published_is(&img, "nrms") && !published_is(&img, "lstur-img"));
	assert_true(published_is(&naml, "naml") && !published_is(&naml, "naml-views"));
	assert_true(published_is(&views, "naml-views") && !published_is(&views, "naml"));
	assert_true(published_is(&deep, "deepfm") && !published_is(&deep, "fm"));
}

#define HEADER "where\tmodel\tgroup\tdata\tprotocol\tmetric\tvalue\tdeviation\n"

static void assert_refused(const char *text, const char *message)
{
	struct published p = {0};
	scratch_text("tables/x.tsv", text);
	assert_int_equal(published_read(&p, scratch_path("tables")), ST_MALFORMED);
	if (!strstr(status_message(), message))
		fail_msg("%s", status_message());
	published_release(&p);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused("where\tmodel\n", "x.tsv:1: expected the header");
	assert_refused(HEADER "t\tm\t\td\t\tauc\t0.5\n", "x.tsv:2: expected 8 columns, found 7");
	assert_refused(HEADER "t\tm\t\td\t\tauc\t0.5\t\n\t\t\t\t\t\t\t\t\n", "x.tsv:3: expected 8 columns, found 9");
	assert_refused(HEADER "t\t\t\td\t\tauc\t0.5\t\n", "x.tsv:2: column 2 is empty");
	assert_refused(HEADER "t\tm\t\td\t\tauc\t0.5x\t\n", "x.tsv:2: expected a number");
	assert_refused(HEADER "t\tm\t\td\t\tauc\tnan\t\n", "x.tsv:2: expected a number");
	assert_refused(HEADER "t\tm\t\td\t\tauc\t0.5\t-\n", "x.tsv:2: expected a number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_main_tables),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests_name("published", tests, scratch_make, scratch_remove);
}
