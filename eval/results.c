#include "eval/results.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
	strbuf_printf(out, "%8.4f  [%+.4f, %+.4f]  ", c->error, c->low, c->high);
	signed_cell(out, 9, 2, c->t);
	struct strbuf p;
	strbuf_init(&p, 64);
	results_p(&p, c->p);
	strbuf_printf(out, "%9s", p.data);
	strbuf_release(&p);
}

void results_table(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	size_t width = NAME_WIDTH_MIN;
	struct strbuf name;
	strbuf_init(&name, 4096);
	for (size_t i = 0; i < e->run_count; i++)
		width = text_width(names[i]) > width ? text_width(names[i]) : width;
	pad(out, 0, width);
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(out, "%9s", metric_label((enum metric)m));
	if (e->run_count > 1)
		strbuf_printf(out, "%10s%8s  %-20s%9s%9s", "dAUC", "error", "95 % interval", "t", "p");
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < e->run_count; i++) {
		strbuf_clear(&name);
		text_add_clean(&name, names[i], strlen(names[i]));
		strbuf_puts(out, name.data);
		pad(out, text_width(name.data), width);
		for (int m = 0; m < METRIC_COUNT; m++)
			strbuf_printf(out, "%9.4f", evaluation_mean(e, i, (enum metric)m));
		if (i > 0) {
			const struct comparison c = evaluation_compare(e, i, 0, METRIC_AUC);
			difference_cells(&c, out);
		}
		strbuf_putc(out, '\n');
	}
	strbuf_release(&name);
	strbuf_printf(
		out, "%llu impressions, %llu skipped (%llu without a click, %llu with clicks only, %llu unlabelled)\n",
		(unsigned long long)evaluation_impressions(e), (unsigned long long)evaluation_skipped(e),
		(unsigned long long)e->kinds[IMPRESSION_NO_CLICK], (unsigned long long)e->kinds[IMPRESSION_ONLY_CLICKS],
		(unsigned long long)e->kinds[IMPRESSION_UNLABELLED]);
	if (e->run_count > 1)
		strbuf_puts(
			out, "dAUC: mean difference to the first, paired by impression, with its standard error and Student's t\n");
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *clean_string(const char *s)
{
	struct strbuf text;
	strbuf_init(&text, 1 << 16);
	text_add_clean(&text, s, strlen(s));
	json_t *j = json_string(text.data);
	strbuf_release(&text);
	return j;
}

static void set_difference(json_t *o, const struct comparison *c, enum metric m)
{
	static const char *const parts[] = {"", "_error", "_low", "_high"};
	const double values[] = {c->mean, c->error, c->low, c->high};
	for (int i = 0; i < 4; i++) {
		char key[48];
		snprintf(key, sizeof key, "delta_%s%s", metric_key(m), parts[i]);
		json_object_set_new(o, key, number(values[i]));
	}
}

static json_t *run_object(const struct evaluation *e, char *const *names, const char *const *predictions, size_t run)
{
	json_t *o = json_object();
	json_object_set_new(o, "name", clean_string(names[run]));
	json_object_set_new(o, "predictions", clean_string(predictions[run]));
	for (int m = 0; m < METRIC_COUNT; m++)
		json_object_set_new(o, metric_key((enum metric)m), number(evaluation_mean(e, run, (enum metric)m)));
	json_object_set_new(o, "impressions", json_integer((json_int_t)evaluation_impressions(e)));
	json_object_set_new(o, "skipped", json_integer((json_int_t)evaluation_skipped(e)));
	json_object_set_new(o, "skipped_no_click", json_integer((json_int_t)e->kinds[IMPRESSION_NO_CLICK]));
	json_object_set_new(o, "skipped_only_clicks", json_integer((json_int_t)e->kinds[IMPRESSION_ONLY_CLICKS]));
	json_object_set_new(o, "skipped_unlabelled", json_integer((json_int_t)e->kinds[IMPRESSION_UNLABELLED]));
	if (run == 0)
		return o;
	json_object_set_new(o, "base", clean_string(names[0]));
	for (int m = 0; m < METRIC_COUNT; m++) {
		const struct comparison c = evaluation_compare(e, run, 0, (enum metric)m);
		set_difference(o, &c, (enum metric)m);
		if (m != METRIC_AUC)
			continue;
		json_object_set_new(o, "t", number(c.t));
		json_object_set_new(o, "p", number(c.p));
	}
	return o;
}

enum status results_json(const struct evaluation *e, char *const *names, const char *const *predictions,
                         struct strbuf *out)
{
	json_t *root = e->run_count == 1 ? run_object(e, names, predictions, 0) : json_array();
	for (size_t i = 0; e->run_count > 1 && i < e->run_count; i++)
		json_array_append_new(root, run_object(e, names, predictions, i));
	char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(JSON_DIGITS));
	json_decref(root);
	if (!text)
		return status_fail(ST_MEMORY, "the results do not fit into memory");
	strbuf_puts(out, text);
	strbuf_putc(out, '\n');
	free(text);
	return strbuf_check(out, "the results");
}
