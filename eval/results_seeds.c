/* Runs over their seeds, in the three forms that results.h has. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "eval/results.h"
#include "eval/text.h"

enum { NAME_WIDTH_MIN = 11 };

double *results_seeds_corrected_p(const struct evaluation *e)
{
	const size_t count = e->seeds.run_count;
	double *p = xcalloc(count + 1, sizeof *p), *adjusted = xcalloc(count + 1, sizeof *adjusted);
	p[0] = NAN;
	for (size_t i = 1; i < count; i++) {
		uint64_t pairs;
		p[i] = evaluation_compare_seeds(e, i, 0, METRIC_AUC, &pairs).p;
	}
	holm_adjust(p, count, adjusted);
	free(p);
	return adjusted;
}

static void differences_head(struct strbuf *out)
{
	strbuf_printf(out, "%10s%7s%8s  %-20s%9s%9s%9s", "dAUC", "pairs", "error", "95 % interval", "t", "p", "Holm");
}

static void differences(const struct comparison *c, uint64_t pairs, double holm, struct strbuf *out)
{
	if (pairs == 0) {
		strbuf_printf(out, "%10s%7s", "-", "0");
		return;
	}
	strbuf_printf(out, "%+10.4f%7llu", c->mean, (unsigned long long)pairs);
	if (isnan(c->error))
		return;
	strbuf_printf(out, "%8.4f  ", c->error);
	results_interval(out, 20, c);
	if (isfinite(c->t))
		strbuf_printf(out, "%+9.2f", c->t);
	else
		strbuf_printf(out, "%9s", "-");
	results_p_cell(out, 9, c->p);
	results_p_cell(out, 9, holm);
	if (*results_marks(holm))
		strbuf_printf(out, " %s", results_marks(holm));
}

/* The largest number of seeds of a run. */
static size_t most_seeds(const struct seeds *s)
{
	size_t most = 0;
	for (size_t i = 0; i < s->run_count; i++)
		most = s->runs[i].count > most ? s->runs[i].count : most;
	return most;
}

static void notes(const struct evaluation *e, struct strbuf *out)
{
	strbuf_puts(out, "mean ± standard deviation over seeds; dAUC to the first run, paired by seed, with Student's t\n");
	strbuf_puts(out, RESULTS_MARKS "\n");
	if (most_seeds(&e->seeds) < SEEDS_DECIDE)
		strbuf_printf(out,
		              "%zu seeds: few for a test over them; a lead is found only where it is many times its error\n",
		              most_seeds(&e->seeds));
}

void results_seeds_table(const struct evaluation *e, struct strbuf *out)
{
	size_t width = NAME_WIDTH_MIN;
	if (!seeds_repeated(&e->seeds))
		return;
	for (size_t i = 0; i < e->seeds.run_count; i++)
		width = text_width(e->seeds.runs[i].name) > width ? text_width(e->seeds.runs[i].name) : width;
	double *holm = results_seeds_corrected_p(e);
	strbuf_printf(out, "\n%-*s%7s", (int)width, "over seeds", "seeds");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(out, "%18s", metric_label((enum metric)m));
	if (e->seeds.run_count > 1)
		differences_head(out);
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < e->seeds.run_count; i++) {
		const struct repeated_run *run = &e->seeds.runs[i];
		text_add_clean(out, run->name, strlen(run->name));
		for (size_t k = text_width(run->name); k < width; k++)
			strbuf_putc(out, ' ');
		strbuf_printf(out, "%7zu", run->count);
		for (int m = 0; m < METRIC_COUNT; m++) {
			const struct seed_summary s = evaluation_over_seeds(e, i, (enum metric)m);
			if (isnan(s.deviation))
				strbuf_printf(out, "%9.4f   -     ", s.mean);
			else
				strbuf_printf(out, "%9.4f ± %.4f ", s.mean, s.deviation);
		}
		if (i > 0) {
			uint64_t pairs;
			const struct comparison c = evaluation_compare_seeds(e, i, 0, METRIC_AUC, &pairs);
			differences(&c, pairs, holm[i], out);
		}
		strbuf_putc(out, '\n');
	}
	notes(e, out);
	free(holm);
}

/* holm: the corrected p of AUC. */
static json_t *run_object(const struct evaluation *e, size_t run, double holm)
{
	const struct repeated_run *r = &e->seeds.runs[run];
	json_t *o = json_object(), *seeds = json_array();
	json_object_set_new(o, "name", results_text(r->name));
	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(seeds, json_integer(r->repeats[i].seed));
	json_object_set_new(o, "seeds", seeds);
	if (run)
		json_object_set_new(o, "base", results_text(e->seeds.runs[0].name));
	for (int m = 0; m < METRIC_COUNT; m++) {
		uint64_t pairs;
		const struct seed_summary s = evaluation_over_seeds(e, run, (enum metric)m);
		results_set(o, "", (enum metric)m, "", s.mean);
		results_set(o, "", (enum metric)m, "_deviation", s.deviation);
		if (run == 0)
			continue;
		const struct comparison c = evaluation_compare_seeds(e, run, 0, (enum metric)m, &pairs);
		results_set(o, "delta_", (enum metric)m, "", c.mean);
		results_set(o, "delta_", (enum metric)m, "_error", c.error);
		results_set(o, "delta_", (enum metric)m, "_low", c.low);
		results_set(o, "delta_", (enum metric)m, "_high", c.high);
		results_set(o, "delta_", (enum metric)m, "_p", c.p);
		if (m == METRIC_AUC)
			json_object_set_new(o, "p_holm", results_number(holm));
		json_object_set_new(o, "pairs", json_integer((json_int_t)pairs));
	}
	return o;
}

void results_seeds_json(const struct evaluation *e, json_t *array)
{
	double *holm = results_seeds_corrected_p(e);
	for (size_t i = 0; seeds_repeated(&e->seeds) && i < e->seeds.run_count; i++)
		json_array_append_new(array, run_object(e, i, holm[i]));
	free(holm);
}

void results_seeds_latex(const struct evaluation *e, struct strbuf *out)
{
	if (!seeds_repeated(&e->seeds))
		return;
	strbuf_puts(out, "\\begin{tabular}{lrrrrr}\n\\toprule\nRun & Seeds");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(out, " & %s", metric_label((enum metric)m));
	strbuf_puts(out, " \\\\\n\\midrule\n");
	for (size_t i = 0; i < e->seeds.run_count; i++) {
		results_latex_text(out, e->seeds.runs[i].name);
		strbuf_printf(out, " & %zu", e->seeds.runs[i].count);
		for (int m = 0; m < METRIC_COUNT; m++) {
			const struct seed_summary s = evaluation_over_seeds(e, i, (enum metric)m);
			const int bold = evaluation_seeds_leader(e, (enum metric)m) == (int)i;
			strbuf_printf(out, bold ? " & $\\mathbf{%.4f}" : " & $%.4f", s.mean);
			if (isfinite(s.deviation))
				strbuf_printf(out, " \\pm %.4f", s.deviation);
			strbuf_putc(out, '$');
		}
		strbuf_puts(out, " \\\\\n");
	}
	strbuf_puts(out, "\\bottomrule\n\\end{tabular}\n");
}
