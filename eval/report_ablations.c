/* Runs of one model that differ in a few settings: what each change does to AUC, and the curve over the share of news whose
 * pictures the model saw (IMRec table 5, VLSNR figure 6). */
#include "eval/report_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "eval/html.h"
#include "eval/results.h"

enum { CHANGES_MAX = 4, SHARES_MAX = 64 };

/* Settings by which two runs of a model may differ and still be one and the same model. */
static bool passing(const char *key)
{
	return strcmp(key, "train.seed") == 0 || strncmp(key, "train.checkpoint", 16) == 0;
}

/* Appends "key = value" for each setting of run that is another in base; false if there are none, or too many to be an
 * ablation. out may be NULL. */
static bool list_changes(const struct report *r, size_t run, size_t base, struct strbuf *out)
{
	const struct run_files *f = &r->runs[run];
	int changes = 0;
	for (size_t i = 0; i < f->setting_count; i++) {
		const char *key = f->settings[i].key, *other = run_files_setting(&r->runs[base], key);
		if (passing(key) || !other || strcmp(other, f->settings[i].value) == 0)
			continue;
		if (out && changes < CHANGES_MAX) {
			strbuf_puts(out, changes ? ", " : "");
			html_text(out, key);
			strbuf_puts(out, " = ");
			html_text(out, f->settings[i].value);
		}
		changes++;
	}
	return changes > 0 && changes <= CHANGES_MAX;
}

static bool same_model(const struct report *r, size_t a, size_t b)
{
	const char *x = run_files_setting(&r->runs[a], "model.name"), *y = run_files_setting(&r->runs[b], "model.name");
	return x && y && strcmp(x, y) == 0 && r->evaluated[a] != RUN_NOT_EVALUATED && r->evaluated[b] != RUN_NOT_EVALUATED;
}

/* The first run of its model: what the others' changes are to. */
static size_t base_of(const struct report *r, size_t run)
{
	for (size_t i = 0; i < run; i++)
		if (same_model(r, i, run))
			return i;
	return run;
}

static void add_ablation(struct report *r, size_t run, size_t base)
{
	struct strbuf *p = &r->page, text;
	const struct comparison c = evaluation_compare(&r->evaluation, r->evaluated[run], r->evaluated[base], METRIC_AUC);
	strbuf_puts(p, "<tr><th scope=\"row\">");
	html_text(p, r->runs[run].name);
	strbuf_puts(p, "</th><td class=\"text\">");
	html_text(p, r->runs[base].name);
	strbuf_puts(p, "</td><td class=\"text remark\">");
	(void)list_changes(r, run, base, p);
	strbuf_printf(p, "</td><td>%.4f</td><td>%+.4f", evaluation_mean(&r->evaluation, r->evaluated[run], METRIC_AUC),
	              c.mean);
	report_interval(p, &c);
	strbuf_puts(p, "</td><td>");
	strbuf_init(&text, 64);
	results_p(&text, c.p);
	html_text(p, text.data);
	strbuf_release(&text);
	strbuf_puts(p, "</td></tr>\n");
}

static void add_table(struct report *r)
{
	struct strbuf *p = &r->page;
	html_table(p, "Changes of one model");
	strbuf_puts(p,
	            "<thead><tr><th scope=\"col\">Run</th><th scope=\"col\" class=\"text\">Against</th><th scope=\"col\" "
	            "class=\"text\">With</th><th scope=\"col\">AUC</th><th scope=\"col\">ΔAUC [95 %]</th><th "
	            "scope=\"col\">p</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < r->o->run_count; i++)
		if (base_of(r, i) != i && list_changes(r, i, base_of(r, i), NULL))
			add_ablation(r, i, base_of(r, i));
	strbuf_puts(p, "</tbody>\n");
	html_table_end(p);
}

/* Share of pictures ------------------------------------------------------------------------------------------------ */

static bool is_share_key(const char *key)
{
	const size_t n = strlen(key);
	return n > 6 && (strcmp(key + n - 6, "_share") == 0 || strcmp(key + n - 6, ".share") == 0);
}

/* The setting of a run that says what share of pictures it saw; NULL if it has none. */
static const char *share_key(const struct report *r, size_t run)
{
	for (size_t i = 0; i < r->runs[run].setting_count; i++)
		if (is_share_key(r->runs[run].settings[i].key))
			return r->runs[run].settings[i].key;
	return NULL;
}

struct point {
	double share, auc;
	size_t runs;
};

static int by_share(const void *pa, const void *pb)
{
	const struct point *a = pa, *b = pb;
	return a->share < b->share ? -1 : a->share > b->share;
}

/* AUC by share over the runs of base's model; runs of one share are averaged. Returns the number of shares. */
static size_t list_points(const struct report *r, size_t base, struct point points[SHARES_MAX])
{
	const char *key = share_key(r, base);
	size_t n = 0;
	for (size_t i = base; key && i < r->o->run_count; i++) {
		const char *value = i == base || same_model(r, base, i) ? run_files_setting(&r->runs[i], key) : NULL;
		const double share = value ? strtod(value, NULL) : NAN;
		size_t k = 0;
		if (!isfinite(share))
			continue;
		while (k < n && points[k].share != share)
			k++;
		if (k == SHARES_MAX)
			continue;
		if (k == n)
			points[n++] = (struct point){.share = share};
		points[k].auc += evaluation_mean(&r->evaluation, r->evaluated[i], METRIC_AUC);
		points[k].runs++;
	}
	for (size_t k = 0; k < n; k++)
		points[k].auc /= (double)points[k].runs;
	qsort(points, n, sizeof *points, by_share);
	return n;
}

static enum status add_share_curve(struct report *r)
{
	const size_t most = r->o->run_count;
	struct chart_series *series = xcalloc(most + 1, sizeof *series);
	double *x = xcalloc(most * SHARES_MAX + 1, sizeof *x), *y = xcalloc(most * SHARES_MAX + 1, sizeof *y);
	size_t count = 0;
	for (size_t i = 0; i < most; i++) {
		struct point points[SHARES_MAX] = {0};
		const bool first = r->evaluated[i] != RUN_NOT_EVALUATED && base_of(r, i) == i;
		const size_t n = first ? list_points(r, i, points) : 0;
		if (n < 2)
			continue;
		for (size_t k = 0; k < n; k++) {
			x[count * SHARES_MAX + k] = 100 * points[k].share;
			y[count * SHARES_MAX + k] = points[k].auc;
		}
		series[count] = (struct chart_series){
			run_files_setting(&r->runs[i], "model.name"), x + count * SHARES_MAX, y + count * SHARES_MAX, n, count, 0};
		count++;
	}
	const struct chart chart = {
		"share",      "AUC by the share of pictures seen", "news with their picture, %", "AUC", series, count,
		CHART_MARKERS};
	strbuf_puts(&r->page, "<div class=\"charts\">\n");
	enum status st = count ? report_chart(r, &chart) : ST_OK;
	strbuf_puts(&r->page, "</div>\n");
	free(series);
	free(x);
	free(y);
	return st;
}

enum status report_ablations(struct report *r)
{
	bool any = false;
	for (size_t i = 0; i < r->o->run_count && r->behaviors; i++)
		any = any || (base_of(r, i) != i && list_changes(r, i, base_of(r, i), NULL));
	if (!any)
		return ST_OK;
	html_section(&r->page, "ablations", "Ablations");
	add_table(r);
	enum status st = add_share_curve(r);
	strbuf_puts(
		&r->page,
		"<p class=\"note\">Each against the first run of its model here, paired by impression; runs that differ in "
		"more than four settings are left out. A single pair of runs has the luck of its seeds in it.</p>\n");
	html_section_end(&r->page);
	return st;
}
