/* Evaluations for other programs: tab-separated values and LaTeX. */
#include <math.h>
#include <string.h>

#include "eval/results.h"
#include "eval/text.h"

/* A name as one field: control characters, tabs among them, cannot be in it. */
static void tsv_name(struct strbuf *out, const char *s)
{
	text_add_clean(out, s, strlen(s));
}

static void tsv_number(struct strbuf *out, double v)
{
	strbuf_putc(out, '\t');
	if (isfinite(v))
		strbuf_printf(out, "%.15g", v);
}

static void tsv_count(struct strbuf *out, uint64_t n)
{
	strbuf_printf(out, "\t%llu", (unsigned long long)n);
}

static void tsv_header(struct strbuf *out)
{
	strbuf_puts(out, "name\tpredictions");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(out, "\t%s", metric_key((enum metric)m));
	strbuf_puts(out, "\tpooled_auc\tuser_auc\tfirst_hit_mrr\tusers\tusers_skipped\timpressions\tskipped\t"
	                 "skipped_no_click\tskipped_only_clicks\tskipped_unlabelled\tbase");
	for (int m = 0; m < METRIC_COUNT; m++) {
		const char *key = metric_key((enum metric)m);
		strbuf_printf(out, "\tdelta_%s\tdelta_%s_error\tdelta_%s_low\tdelta_%s_high", key, key, key, key);
	}
	strbuf_puts(out, "\tt\tp\tlog_loss\tece");
	results_lists_tsv_head(out);
	strbuf_putc(out, '\n');
}

static void tsv_differences(const struct evaluation *e, size_t run, struct strbuf *out)
{
	const struct comparison none = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	for (int m = 0; m < METRIC_COUNT; m++) {
		const struct comparison c = run ? evaluation_compare(e, run, 0, (enum metric)m) : none;
		tsv_number(out, c.mean);
		tsv_number(out, c.error);
		tsv_number(out, c.low);
		tsv_number(out, c.high);
	}
	const struct comparison auc = run ? evaluation_compare(e, run, 0, METRIC_AUC) : none;
	tsv_number(out, auc.t);
	tsv_number(out, auc.p);
}

void results_tsv(const struct evaluation *e, char *const *names, const char *const *predictions, struct strbuf *out)
{
	tsv_header(out);
	for (size_t i = 0; i < e->run_count; i++) {
		const struct pooled *pooled = &e->runs[i].pooled;
		tsv_name(out, names[i]);
		strbuf_putc(out, '\t');
		tsv_name(out, predictions[i]);
		for (int m = 0; m < METRIC_COUNT; m++)
			tsv_number(out, evaluation_mean(e, i, (enum metric)m));
		tsv_number(out, pooled->pooled_auc);
		tsv_number(out, pooled->user_auc);
		tsv_number(out, evaluation_first_hit(e, i));
		tsv_count(out, pooled->users);
		tsv_count(out, pooled->users_skipped);
		tsv_count(out, evaluation_impressions(e));
		tsv_count(out, evaluation_skipped(e));
		for (int k = IMPRESSION_NO_CLICK; k < IMPRESSION_KINDS; k++)
			tsv_count(out, e->kinds[k]);
		strbuf_putc(out, '\t');
		if (i > 0)
			tsv_name(out, names[0]);
		tsv_differences(e, i, out);
		tsv_number(out, calibration_log_loss(&e->runs[i].calibration));
		tsv_number(out, calibration_error(&e->runs[i].calibration));
		results_lists_tsv(e, i, out);
		strbuf_putc(out, '\n');
	}
}

void results_latex_text(struct strbuf *out, const char *s)
{
	struct strbuf clean;
	strbuf_init(&clean, 1 << 16);
	text_add_clean(&clean, s, strlen(s));
	for (const char *c = clean.data; *c; c++) {
		if (strchr("&%$#_{}", *c))
			strbuf_printf(out, "\\%c", *c);
		else if (*c == '\\')
			strbuf_puts(out, "\\textbackslash{}");
		else if (*c == '~' || *c == '^')
			strbuf_printf(out, "\\%c{}", *c);
		else
			strbuf_putc(out, *c);
	}
	strbuf_release(&clean);
}

static void latex_difference(const struct evaluation *e, size_t run, struct strbuf *out)
{
	if (run == 0) {
		strbuf_puts(out, " & & &");
		return;
	}
	const struct comparison c = evaluation_compare(e, run, 0, METRIC_AUC);
	if (isnan(c.error)) {
		strbuf_printf(out, " & $%+.4f$ & &", c.mean);
		return;
	}
	strbuf_printf(out, " & $%+.4f$ & ", c.mean);
	if (!isnan(c.low))
		strbuf_printf(out, "$[%+.4f, %+.4f]$", c.low, c.high);
	strbuf_puts(out, " & ");
	if (c.p < 0.001)
		strbuf_puts(out, "$<0.001$");
	else
		strbuf_printf(out, "$%.3f$", c.p);
}

void results_latex(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	const int differences = e->run_count > 1;
	strbuf_printf(out, "\\begin{tabular}{lrrrr%s}\n\\toprule\nModel", differences ? "rrr" : "");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(out, " & %s", metric_label((enum metric)m));
	strbuf_puts(out,
	            differences ? " & $\\Delta$AUC & 95\\,\\% interval & $p$ \\\\\n\\midrule\n" : " \\\\\n\\midrule\n");
	for (size_t i = 0; i < e->run_count; i++) {
		results_latex_text(out, names[i]);
		for (int m = 0; m < METRIC_COUNT; m++) {
			const int bold = evaluation_leader(e, (enum metric)m) == (int)i;
			strbuf_printf(out, bold ? " & \\textbf{%.4f}" : " & %.4f", evaluation_mean(e, i, (enum metric)m));
		}
		if (differences)
			latex_difference(e, i, out);
		strbuf_puts(out, " \\\\\n");
	}
	strbuf_puts(out, "\\bottomrule\n\\end{tabular}\n");
}
