#include "eval/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/claims.h"
#include "eval/text.h"

enum { NAME_WIDTH_MIN = 11, JSON_DIGITS = 15 };

void results_p(struct strbuf *out, double p)
{
	if (isnan(p))
		strbuf_puts(out, "-");
	else if (p < 0.001)
		strbuf_puts(out, "< 0.001");
	else
		strbuf_printf(out, "%.3f", p);
}

void results_p_cell(struct strbuf *out, int width, double p)
{
	struct strbuf text;
	strbuf_init(&text, 64);
	results_p(&text, p);
	strbuf_printf(out, "%*s", width, text.data);
	strbuf_release(&text);
}

void results_interval(struct strbuf *out, int width, const struct comparison *c)
{
	char text[48] = "-";
	if (!isnan(c->low))
		snprintf(text, sizeof text, "[%+.4f, %+.4f]", c->low, c->high);
	strbuf_printf(out, "%-*s", width, text);
}

const char *results_marks(double p)
{
	return p < 0.001 ? "***" : p < 0.01 ? "**" : p < 0.05 ? "*" : "";
}

static void pad(struct strbuf *out, size_t from, size_t to)
{
	while (from++ < to)
		strbuf_putc(out, ' ');
}

/* A signed number with digits decimals in a column of width, "-" for NaN. */
static void signed_cell(struct strbuf *out, int width, int digits, double v)
{
	if (isnan(v))
		strbuf_printf(out, "%*s", width, "-");
	else
		strbuf_printf(out, "%+*.*f", width, digits, v);
}

static void difference_cells(const struct comparison *c, struct strbuf *out)
{
	signed_cell(out, 10, 4, c->mean);
	if (isnan(c->error)) {
		strbuf_printf(out, "%8s  %-20s%9s%9s", "-", "-", "-", "-");
		return;
	}
	strbuf_printf(out, "%8.4f  ", c->error);
	results_interval(out, 20, c);
	signed_cell(out, 9, 2, c->t);
	results_p_cell(out, 9, c->p);
}

static size_t name_width(const struct evaluation *e, char *const *names)
{
	size_t width = NAME_WIDTH_MIN;
	for (size_t i = 0; i < e->run_count; i++)
		width = text_width(names[i]) > width ? text_width(names[i]) : width;
	return width;
}

static void name_cell(struct strbuf *out, const char *name, size_t width)
{
	struct strbuf clean;
	strbuf_init(&clean, 4096);
	text_add_clean(&clean, name, strlen(name));
	strbuf_puts(out, clean.data);
	pad(out, text_width(clean.data), width);
	strbuf_release(&clean);
}

static void pooled_table(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	const size_t width = name_width(e, names);
	const struct pooled *first = &e->runs[0].pooled;
	strbuf_putc(out, '\n');
	pad(out, 0, width);
	strbuf_printf(out, "%12s%14s%15s\n", "pooled AUC", "per-user AUC", "first-hit MRR");
	for (size_t i = 0; i < e->run_count; i++) {
		name_cell(out, names[i], width);
		strbuf_printf(out, "%12.4f%14.4f%15.4f\n", e->runs[i].pooled.pooled_auc, e->runs[i].pooled.user_auc,
		              evaluation_first_hit(e, i));
	}
	strbuf_printf(out, "per-user AUC: over %llu users, %llu skipped without both a click and a non-click\n",
	              (unsigned long long)first->users, (unsigned long long)first->users_skipped);
}

void results_table(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	const size_t width = name_width(e, names);
	double *holm = results_corrected_p(e);
	pad(out, 0, width);
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(out, "%9s", metric_label((enum metric)m));
	if (e->run_count > 1)
		strbuf_printf(out, "%10s%8s  %-20s%9s%9s", "dAUC", "error", "95 % interval", "t", "p");
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < e->run_count; i++) {
		name_cell(out, names[i], width);
		for (int m = 0; m < METRIC_COUNT; m++)
			strbuf_printf(out, "%9.4f", evaluation_mean(e, i, (enum metric)m));
		if (i > 0) {
			const struct comparison c = evaluation_compare(e, i, 0, METRIC_AUC);
			difference_cells(&c, out);
			strbuf_printf(out, "%s%s", *results_marks(holm[i]) ? " " : "", results_marks(holm[i]));
		}
		strbuf_putc(out, '\n');
	}
	strbuf_printf(
		out, "%llu impressions, %llu skipped (%llu without a click, %llu with clicks only, %llu unlabelled)\n",
		(unsigned long long)evaluation_impressions(e), (unsigned long long)evaluation_skipped(e),
		(unsigned long long)e->kinds[IMPRESSION_NO_CLICK], (unsigned long long)e->kinds[IMPRESSION_ONLY_CLICKS],
		(unsigned long long)e->kinds[IMPRESSION_UNLABELLED]);
	if (e->run_count > 1)
		strbuf_puts(out, "dAUC: mean difference to the first, paired by impression, with its standard error and "
		                 "Student's t\n" RESULTS_MARKS "\n");
	free(holm);
	pooled_table(e, names, out);
}

json_t *results_number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *results_text(const char *s)
{
	struct strbuf text;
	strbuf_init(&text, 1 << 16);
	text_add_clean(&text, s, strlen(s));
	json_t *j = json_string(text.data);
	strbuf_release(&text);
	return j;
}

void results_set(json_t *o, const char *before, enum metric m, const char *after, double v)
{
	char key[64];
	snprintf(key, sizeof key, "%s%s%s", before, metric_key(m), after);
	json_object_set_new(o, key, results_number(v));
}

static json_t *run_object(const struct evaluation *e, char *const *names, const char *const *predictions, size_t run)
{
	json_t *o = json_object();
	json_object_set_new(o, "name", results_text(names[run]));
	json_object_set_new(o, "predictions", results_text(predictions[run]));
	for (int m = 0; m < METRIC_COUNT; m++)
		results_set(o, "", (enum metric)m, "", evaluation_mean(e, run, (enum metric)m));
	const struct pooled *pooled = &e->runs[run].pooled;
	json_object_set_new(o, "pooled_auc", results_number(pooled->pooled_auc));
	json_object_set_new(o, "user_auc", results_number(pooled->user_auc));
	json_object_set_new(o, "first_hit_mrr", results_number(evaluation_first_hit(e, run)));
	json_object_set_new(o, "users", json_integer((json_int_t)pooled->users));
	json_object_set_new(o, "users_skipped", json_integer((json_int_t)pooled->users_skipped));
	json_object_set_new(o, "impressions", json_integer((json_int_t)evaluation_impressions(e)));
	json_object_set_new(o, "skipped", json_integer((json_int_t)evaluation_skipped(e)));
	json_object_set_new(o, "skipped_no_click", json_integer((json_int_t)e->kinds[IMPRESSION_NO_CLICK]));
	json_object_set_new(o, "skipped_only_clicks", json_integer((json_int_t)e->kinds[IMPRESSION_ONLY_CLICKS]));
	json_object_set_new(o, "skipped_unlabelled", json_integer((json_int_t)e->kinds[IMPRESSION_UNLABELLED]));
	results_certainty_json(e, run, o);
	results_calibration_json(e, run, o);
	results_lists_json(e, run, o);
	if (e->groups)
		json_object_set_new(o, "groups", results_groups_json(e, run));
	if (run == 0)
		return o;
	json_object_set_new(o, "base", results_text(names[0]));
	for (int m = 0; m < METRIC_COUNT; m++) {
		const struct comparison c = evaluation_compare(e, run, 0, (enum metric)m);
		results_set(o, "delta_", (enum metric)m, "", c.mean);
		results_set(o, "delta_", (enum metric)m, "_error", c.error);
		results_set(o, "delta_", (enum metric)m, "_low", c.low);
		results_set(o, "delta_", (enum metric)m, "_high", c.high);
		if (m != METRIC_AUC)
			continue;
		json_object_set_new(o, "t", results_number(c.t));
		json_object_set_new(o, "p", results_number(c.p));
	}
	return o;
}

enum status results_json(const struct evaluation *e, const struct claims *claims, char *const *names,
                         const char *const *predictions, struct strbuf *out)
{
	json_t *root = e->run_count == 1 ? run_object(e, names, predictions, 0) : json_array();
	for (size_t i = 0; e->run_count > 1 && i < e->run_count; i++)
		json_array_append_new(root, run_object(e, names, predictions, i));
	if (e->run_count > 1) {
		results_seeds_json(e, root);
		claims_json(claims, root);
	}
	char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(JSON_DIGITS));
	json_decref(root);
	if (!text)
		return status_fail(ST_MEMORY, "the results do not fit into memory");
	strbuf_puts(out, text);
	strbuf_putc(out, '\n');
	free(text);
	return strbuf_check(out, "the results");
}
