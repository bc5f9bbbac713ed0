/* Runs that were repeated over seeds: means, deviations, and who is ahead by more than the luck of a seed. */
#include "eval/report_page.h"

#include <math.h>
#include <stdlib.h>

#include "eval/html.h"
#include "eval/results.h"

static void add_head(struct report *r)
{
	struct strbuf *p = &r->page;
	strbuf_puts(p, "<thead><tr><th scope=\"col\">Run</th><th scope=\"col\">Seeds</th>");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(p, "<th scope=\"col\">%s</th>", metric_label((enum metric)m));
	strbuf_puts(p, "<th scope=\"col\">ΔAUC [95 %]</th><th scope=\"col\">p</th><th "
	               "scope=\"col\">Holm</th></tr></thead>\n<tbody>\n");
}

static void add_difference(struct report *r, size_t run, double holm)
{
	struct strbuf *p = &r->page, text;
	uint64_t pairs;
	if (run == 0) {
		strbuf_puts(p, "<td class=\"quiet\">first</td><td></td><td></td>");
		return;
	}
	const struct comparison c = evaluation_compare_seeds(&r->evaluation, run, 0, METRIC_AUC, &pairs);
	if (isnan(c.error)) {
		strbuf_puts(p, "<td>–</td><td>–</td><td>–</td>");
		return;
	}
	strbuf_printf(p, "<td>%+.4f", c.mean);
	report_interval(p, &c);
	strbuf_puts(p, "</td><td>");
	strbuf_init(&text, 64);
	results_p(&text, c.p);
	html_text(p, text.data);
	strbuf_puts(p, "</td><td>");
	strbuf_clear(&text);
	results_p(&text, holm);
	html_text(p, text.data);
	strbuf_release(&text);
	strbuf_printf(p, " %s</td>", results_marks(holm));
}

static void add_run(struct report *r, size_t run, double holm)
{
	struct strbuf *p = &r->page;
	const struct repeated_run *of = &r->evaluation.seeds.runs[run];
	strbuf_puts(p, "<tr><th scope=\"row\">");
	html_text(p, of->name);
	strbuf_printf(p, "</th><td>%zu</td>", of->count);
	for (int m = 0; m < METRIC_COUNT; m++) {
		const struct seed_summary s = evaluation_over_seeds(&r->evaluation, run, (enum metric)m);
		const bool leads = evaluation_seeds_leader(&r->evaluation, (enum metric)m) == (int)run;
		strbuf_printf(p, leads ? "<td><strong>%.4f</strong>" : "<td>%.4f", s.mean);
		if (!isnan(s.deviation))
			strbuf_printf(p, " <span class=\"quiet\">± %.4f</span>", s.deviation);
		strbuf_puts(p, "</td>");
	}
	add_difference(r, run, holm);
	strbuf_puts(p, "</tr>\n");
}

void report_seeds(struct report *r)
{
	struct strbuf *p = &r->page;
	if (!seeds_repeated(&r->evaluation.seeds))
		return;
	html_table(p, "Over seeds");
	add_head(r);
	double *holm = results_seeds_corrected_p(&r->evaluation);
	for (size_t i = 0; i < r->evaluation.seeds.run_count; i++)
		add_run(r, i, holm[i]);
	free(holm);
	strbuf_puts(p, "</tbody>\n");
	html_table_end(p);
	strbuf_puts(
		p,
		"<p class=\"note\">Means and standard deviations over seeds; differences are to the first run, paired "
		"by seed, p of the paired t-test; Holm: p corrected for the number of runs, *** below 0.001, ** below 0.01, * "
		"below 0.05. <strong>Bold</strong>: ahead of every other run beyond the 95 % "
		"interval over seeds; single repeats are never bold.</p>\n");
}
