/* What the runs came to: verdicts, the table, curves, settings. */
#include "eval/report_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "eval/html.h"
#include "eval/results.h"

/* Verdicts --------------------------------------------------------------------------------------------------------- */

/* The run that the evaluation numbers first. */
static size_t base_run(const struct report *r)
{
	size_t i = 0;
	while (r->evaluated[i] != 0)
		i++;
	return i;
}

static void add_verdict(struct report *r, const char *run, const char *base, const struct comparison *c)
{
	struct strbuf *p = &r->page;
	if (isnan(c->error))
		return;
	strbuf_puts(p, "<li><b>");
	html_text(p, run);
	strbuf_puts(p, !comparison_certain(c) ? "</b> is not clearly apart from <b>"
	               : c->mean > 0          ? "</b> is ahead of <b>"
	                                      : "</b> is behind <b>");
	html_text(p, base);
	strbuf_printf(p, "</b>: AUC %+.4f <span class=\"quiet\">(", c->mean);
	if (!isnan(c->low))
		strbuf_printf(p, "95 %% interval %+.4f to %+.4f, ", c->low, c->high);
	strbuf_puts(p, "p ");
	struct strbuf text;
	strbuf_init(&text, 64);
	results_p(&text, c->p);
	html_text(p, text.data);
	strbuf_release(&text);
	strbuf_puts(p, ")</span></li>\n");
}

/* Repeats are not set against each other, their runs are. */
static void add_seed_verdicts(struct report *r)
{
	const struct seeds *s = &r->evaluation.seeds;
	for (size_t i = 1; i < s->run_count; i++) {
		uint64_t pairs;
		const struct comparison c = evaluation_compare_seeds(&r->evaluation, i, 0, METRIC_AUC, &pairs);
		add_verdict(r, s->runs[i].name, s->runs[0].name, &c);
	}
}

void report_verdicts(struct report *r)
{
	if (r->evaluation.run_count < 2)
		return;
	const size_t base = base_run(r);
	strbuf_puts(&r->page, "<ul class=\"verdicts\">\n");
	if (seeds_repeated(&r->evaluation.seeds))
		add_seed_verdicts(r);
	else
		for (size_t i = 0; i < r->o->run_count; i++) {
			if (i == base || r->evaluated[i] == RUN_NOT_EVALUATED)
				continue;
			const struct comparison c = evaluation_compare(&r->evaluation, r->evaluated[i], 0, METRIC_AUC);
			add_verdict(r, r->runs[i].name, r->runs[base].name, &c);
		}
	strbuf_puts(&r->page, "</ul>\n");
}

void report_interval(struct strbuf *p, const struct comparison *c)
{
	if (!isnan(c->low))
		strbuf_printf(p, " <span class=\"quiet\">[%+.4f, %+.4f]</span>", c->low, c->high);
}

/* Table ------------------------------------------------------------------------------------------------------------ */

/* holm: c's p corrected for the number of runs. */
static void add_difference(struct strbuf *p, const struct comparison *c, double holm)
{
	if (isnan(c->error)) {
		strbuf_puts(p, "<td>–</td><td>–</td><td>–</td><td>–</td>");
		return;
	}
	strbuf_printf(p, "<td>%+.4f", c->mean);
	report_interval(p, c);
	strbuf_puts(p, "</td><td>");
	struct strbuf text;
	strbuf_init(&text, 64);
	results_p(&text, c->p);
	html_text(p, text.data);
	strbuf_puts(p, "</td><td>");
	strbuf_clear(&text);
	results_p(&text, holm);
	html_text(p, text.data);
	strbuf_printf(p, " %s", results_marks(holm));
	strbuf_release(&text);
	if (isfinite(c->effect))
		strbuf_printf(p, "</td><td>%+.3f</td>", c->effect);
	else
		strbuf_puts(p, "</td><td>–</td>");
}

static void add_evaluated(struct report *r, size_t run, const int *leaders, const double *holm)
{
	struct strbuf *p = &r->page;
	const struct evaluation *e = &r->evaluation;
	const size_t k = r->evaluated[run];
	for (int m = 0; m < METRIC_COUNT; m++) {
		const bool leads = leaders[m] == (int)k;
		strbuf_printf(p, leads ? "<td><strong>%.4f</strong></td>" : "<td>%.4f</td>",
		              evaluation_mean(e, k, (enum metric)m));
	}
	strbuf_puts(p, "<td>");
	html_count(p, (int64_t)evaluation_impressions(e));
	strbuf_puts(p, "</td>");
	if (e->run_count < 2)
		return;
	if (k == 0) {
		strbuf_puts(p, "<td class=\"quiet\">first</td><td></td><td></td><td></td>");
		return;
	}
	const struct comparison c = evaluation_compare(e, k, 0, METRIC_AUC);
	add_difference(p, &c, holm[k]);
}

/* What evaluate.json says of a run that could not be evaluated here. */
static void add_recorded(struct report *r, size_t run)
{
	struct strbuf *p = &r->page;
	const struct run_files *f = &r->runs[run];
	for (int m = 0; m < METRIC_COUNT; m++) {
		if (f->evaluated)
			strbuf_printf(p, "<td>%.4f</td>", f->metrics[m]);
		else
			strbuf_puts(p, "<td>–</td>");
	}
	strbuf_puts(p, "<td>");
	if (f->evaluated)
		html_count(p, f->impressions);
	else
		strbuf_puts(p, "–");
	strbuf_puts(p, "</td>");
	if (r->evaluation.run_count >= 2)
		strbuf_puts(p, "<td>–</td><td>–</td><td>–</td><td>–</td>");
}

static void add_table_head(struct report *r)
{
	struct strbuf *p = &r->page;
	strbuf_puts(p, "<thead><tr><th scope=\"col\">Run</th><th scope=\"col\" class=\"text\">Model</th>");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(p, "<th scope=\"col\">%s</th>", metric_label((enum metric)m));
	strbuf_puts(p, "<th scope=\"col\">Impressions</th>");
	if (r->evaluation.run_count >= 2)
		strbuf_puts(p, "<th scope=\"col\">ΔAUC [95 %]</th><th scope=\"col\">p</th>"
		               "<th scope=\"col\">Holm</th><th scope=\"col\">Effect</th>");
	strbuf_puts(p, "</tr></thead>\n<tbody>\n");
}

static void add_notes(struct report *r)
{
	struct strbuf *p = &r->page;
	const struct evaluation *e = &r->evaluation;
	strbuf_puts(p, "<p class=\"note\">MIND’s official metrics: plain means over impressions.");
	if (e->run_count && evaluation_skipped(e)) {
		strbuf_puts(p, " Skipped, as the metrics are undefined there: ");
		html_count(p, (int64_t)e->kinds[IMPRESSION_NO_CLICK]);
		strbuf_puts(p, " without a click, ");
		html_count(p, (int64_t)e->kinds[IMPRESSION_ONLY_CLICKS]);
		strbuf_puts(p, " with clicks only, ");
		html_count(p, (int64_t)e->kinds[IMPRESSION_UNLABELLED]);
		strbuf_puts(p, " unlabelled.");
	}
	if (e->run_count >= 2)
		strbuf_puts(p, " Differences are to the first run, paired by impression; p is of the paired t-test, two-sided; "
		               "Holm: p corrected for the number of runs, *** below 0.001, ** below 0.01, * below 0.05; "
		               "effect: Cohen’s d of the paired differences. "
		               "<strong>Bold</strong>: ahead of every other run beyond the 95 % interval of the difference. "
		               "The intervals cover the choice of impressions, not the luck of a seed: repeat runs over seeds "
		               "before a small difference is believed.");
	strbuf_puts(p, "</p>\n");
}

void report_results(struct report *r)
{
	struct strbuf *p = &r->page;
	int leaders[METRIC_COUNT];
	double *holm = r->evaluation.run_count ? results_corrected_p(&r->evaluation) : NULL;
	for (int m = 0; m < METRIC_COUNT; m++)
		leaders[m] = evaluation_leader(&r->evaluation, (enum metric)m);
	html_section(p, "results", "Results");
	html_table(p, "Runs");
	add_table_head(r);
	for (size_t i = 0; i < r->o->run_count; i++) {
		const char *model = run_files_setting(&r->runs[i], "model.name");
		strbuf_printf(p, "<tr><th scope=\"row\"><span class=\"swatch s%zu\"></span>", i % CHART_COLOURS);
		html_text(p, r->runs[i].name);
		strbuf_puts(p, "</th><td class=\"text\">");
		html_text(p, model ? model : "–");
		strbuf_puts(p, "</td>");
		if (r->evaluated[i] != RUN_NOT_EVALUATED)
			add_evaluated(r, i, leaders, holm);
		else
			add_recorded(r, i);
		strbuf_puts(p, "</tr>\n");
	}
	strbuf_puts(p, "</tbody>\n");
	html_table_end(p);
	free(holm);
	add_notes(r);
	report_seeds(r);
	html_section_end(p);
}

/* Settings --------------------------------------------------------------------------------------------------------- */

static bool differs(const struct report *r, const char *key)
{
	const char *first = run_files_setting(&r->runs[0], key);
	for (size_t i = 1; i < r->o->run_count; i++) {
		const char *other = run_files_setting(&r->runs[i], key);
		if (!first != !other || (first && strcmp(first, other) != 0))
			return true;
	}
	return false;
}

static bool set_before(const struct report *r, size_t run, const char *key)
{
	for (size_t i = 0; i < run; i++)
		if (run_files_setting(&r->runs[i], key))
			return true;
	return false;
}

static void add_differing(struct report *r, const char *key)
{
	struct strbuf *p = &r->page;
	strbuf_puts(p, "<tr><th scope=\"row\">");
	html_text(p, key);
	strbuf_puts(p, "</th>");
	for (size_t i = 0; i < r->o->run_count; i++) {
		const char *value = run_files_setting(&r->runs[i], key);
		strbuf_puts(p, "<td class=\"text\">");
		html_text(p, !value ? "–" : *value ? value : "(empty)");
		strbuf_puts(p, "</td>");
	}
	strbuf_puts(p, "</tr>\n");
}

static void add_differences(struct report *r)
{
	struct strbuf *p = &r->page;
	html_table(p, "Settings that differ");
	strbuf_puts(p, "<thead><tr><th scope=\"col\">Setting</th>");
	for (size_t i = 0; i < r->o->run_count; i++) {
		strbuf_puts(p, "<th scope=\"col\" class=\"text\">");
		html_text(p, r->runs[i].name);
		strbuf_puts(p, "</th>");
	}
	strbuf_puts(p, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < r->o->run_count; i++)
		for (size_t k = 0; k < r->runs[i].setting_count; k++) {
			const char *key = r->runs[i].settings[k].key;
			if (!set_before(r, i, key) && differs(r, key))
				add_differing(r, key);
		}
	strbuf_puts(p, "</tbody>\n");
	html_table_end(p);
}

void report_settings(struct report *r)
{
	struct strbuf *p = &r->page;
	html_section(p, "settings", "Settings");
	if (r->o->run_count > 1)
		add_differences(r);
	for (size_t i = 0; i < r->o->run_count; i++) {
		const struct run_files *f = &r->runs[i];
		if (f->setting_count == 0)
			continue;
		strbuf_puts(p, "<details><summary>All settings of ");
		html_text(p, f->name);
		strbuf_puts(p, "</summary>\n<pre>");
		for (size_t k = 0; k < f->setting_count; k++) {
			html_text(p, f->settings[k].key);
			strbuf_puts(p, " = ");
			html_text(p, f->settings[k].value);
			strbuf_putc(p, '\n');
		}
		strbuf_puts(p, "</pre></details>\n");
	}
	html_section_end(p);
}
