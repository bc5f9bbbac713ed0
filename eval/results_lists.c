/* The lists that readers would be shown, for people and for programs. */
#include <math.h>
#include <string.h>

#include "eval/results.h"
#include "eval/text.h"

enum { COLUMNS = 6, NAME_WIDTH_MIN = 11 };

static const struct {
	const char *key, *label;
} COLUMN[COLUMNS] = {
	{"category_diversity", "categories"},
	{"feature_diversity", "features"},
	{"novelty", "novelty"},
	{"coverage", "coverage"},
	{"candidate_coverage", "of possible"},
	{"gini", "Gini"},
};

static void values(const struct evaluation *e, size_t run, double v[COLUMNS])
{
	const struct list_quality q = lists_measure(e->lists, run);
	const double all[COLUMNS] = {q.category_diversity, q.feature_diversity,  q.novelty,
	                             q.coverage,           q.candidate_coverage, q.gini};
	memcpy(v, all, sizeof all);
}

void results_lists_table(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	if (!e->lists)
		return;
	size_t width = NAME_WIDTH_MIN;
	char head[32];
	for (size_t i = 0; i < e->run_count; i++)
		width = text_width(names[i]) > width ? text_width(names[i]) : width;
	snprintf(head, sizeof head, "top %u", e->lists->depth);
	strbuf_printf(out, "\n%-*s", (int)width, head);
	for (int c = 0; c < COLUMNS; c++)
		strbuf_printf(out, "%13s", COLUMN[c].label);
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < e->run_count; i++) {
		double v[COLUMNS];
		values(e, i, v);
		text_add_clean(out, names[i], strlen(names[i]));
		for (size_t k = text_width(names[i]); k < width; k++)
			strbuf_putc(out, ' ');
		for (int c = 0; c < COLUMNS; c++)
			if (isfinite(v[c]))
				strbuf_printf(out, "%13.4f", v[c]);
			else
				strbuf_printf(out, "%13s", "-");
		strbuf_putc(out, '\n');
	}
	strbuf_printf(out,
	              "over %llu lists: pairs of different categories, 1 - cosine of features, bits by training clicks; "
	              "share of the catalogue and of the news that were candidates in any list\n",
	              (unsigned long long)e->lists->impressions);
}

void results_lists_json(const struct evaluation *e, size_t run, json_t *o)
{
	double v[COLUMNS];
	if (!e->lists)
		return;
	json_t *top = json_object();
	values(e, run, v);
	json_object_set_new(top, "depth", json_integer(e->lists->depth));
	json_object_set_new(top, "lists", json_integer((json_int_t)e->lists->impressions));
	for (int c = 0; c < COLUMNS; c++)
		json_object_set_new(top, COLUMN[c].key, results_number(v[c]));
	json_object_set_new(o, "top", top);
}

void results_lists_tsv_head(struct strbuf *out)
{
	for (int c = 0; c < COLUMNS; c++)
		strbuf_printf(out, "\t%s", COLUMN[c].key);
}

void results_lists_tsv(const struct evaluation *e, size_t run, struct strbuf *out)
{
	double v[COLUMNS] = {NAN, NAN, NAN, NAN, NAN, NAN};
	if (e->lists)
		values(e, run, v);
	for (int c = 0; c < COLUMNS; c++) {
		strbuf_putc(out, '\t');
		if (isfinite(v[c]))
			strbuf_printf(out, "%.15g", v[c]);
	}
}
