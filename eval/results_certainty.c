/* How certain results are: bootstrap intervals, corrected p values, effects. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "eval/results.h"
#include "eval/text.h"

enum { NAME_WIDTH_MIN = 11 };

double *results_corrected_p(const struct evaluation *e)
{
	double *p = xcalloc(e->run_count, sizeof *p), *adjusted = xcalloc(e->run_count, sizeof *adjusted);
	p[0] = NAN;
	for (size_t i = 1; i < e->run_count; i++)
		p[i] = evaluation_compare(e, i, 0, METRIC_AUC).p;
	holm_adjust(p, e->run_count, adjusted);
	free(p);
	return adjusted;
}

static void name_cell(struct strbuf *out, const char *name, size_t width)
{
	struct strbuf clean;
	strbuf_init(&clean, 4096);
	text_add_clean(&clean, name, strlen(name));
	strbuf_puts(out, clean.data);
	for (size_t i = text_width(clean.data); i < width; i++)
		strbuf_putc(out, ' ');
	strbuf_release(&clean);
}

static void interval_cell(struct strbuf *out, const struct bootstrap_interval *i)
{
	char text[64] = "-";
	if (!isnan(i->low))
		snprintf(text, sizeof text, "[%.4f, %.4f]", i->low, i->high);
	strbuf_printf(out, "%20s", text);
}

static void means_table(const struct evaluation *e, char *const *names, size_t width, struct strbuf *out)
{
	strbuf_putc(out, '\n');
	name_cell(out, "AUC", width);
	strbuf_printf(out, "%20s%20s\n", "over impressions", "over users");
	for (size_t i = 0; i < e->run_count; i++) {
		name_cell(out, names[i], width);
		for (int by = 0; by < RESAMPLINGS; by++) {
			const struct bootstrap_interval b = bootstrap_mean(e->bootstrap, (enum resampling)by, i, METRIC_AUC);
			interval_cell(out, &b);
		}
		strbuf_putc(out, '\n');
	}
}

static void differences_table(const struct evaluation *e, char *const *names, size_t width, struct strbuf *out)
{
	double *holm = results_corrected_p(e);
	strbuf_putc(out, '\n');
	name_cell(out, "dAUC", width);
	strbuf_printf(out, "%9s%10s%10s%10s", "mean", "effect", "p of t", "Holm");
	if (e->bootstrap)
		strbuf_printf(out, "%20s%10s%20s%10s", "over impressions", "p", "over users", "p");
	strbuf_putc(out, '\n');
	for (size_t i = 1; i < e->run_count; i++) {
		const struct comparison c = evaluation_compare(e, i, 0, METRIC_AUC);
		name_cell(out, names[i], width);
		strbuf_printf(out, "%+9.4f", c.mean);
		if (isfinite(c.effect))
			strbuf_printf(out, "%+10.3f", c.effect);
		else
			strbuf_printf(out, "%10s", "-");
		results_p_cell(out, 10, c.p);
		results_p_cell(out, 10, holm[i]);
		for (int by = 0; e->bootstrap && by < RESAMPLINGS; by++) {
			const struct bootstrap_interval b =
				bootstrap_difference(e->bootstrap, (enum resampling)by, i, 0, METRIC_AUC);
			interval_cell(out, &b);
			results_p_cell(out, 10, b.p);
		}
		strbuf_putc(out, '\n');
	}
	free(holm);
}

void results_certainty_table(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	size_t width = NAME_WIDTH_MIN;
	for (size_t i = 0; i < e->run_count; i++)
		width = text_width(names[i]) > width ? text_width(names[i]) : width;
	if (e->bootstrap)
		means_table(e, names, width, out);
	if (e->run_count > 1)
		differences_table(e, names, width, out);
	if (e->run_count > 1)
		strbuf_puts(out,
		            "effect: Cohen's d of the paired differences; Holm: p of t, corrected for the number of runs\n");
	if (e->bootstrap)
		strbuf_printf(out, "95 %% intervals of the bootstrap, %u replicates, seed %llu\n", e->bootstrap->replicates,
		              (unsigned long long)e->bootstrap->seed);
}

static void set_interval(json_t *o, const char *before, enum metric m, enum resampling by,
                         const struct bootstrap_interval *i)
{
	results_set(o, before, m, by == RESAMPLE_USERS ? "_bootstrap_users_low" : "_bootstrap_low", i->low);
	results_set(o, before, m, by == RESAMPLE_USERS ? "_bootstrap_users_high" : "_bootstrap_high", i->high);
	if (*before)
		results_set(o, before, m, by == RESAMPLE_USERS ? "_bootstrap_users_p" : "_bootstrap_p", i->p);
}

void results_certainty_json(const struct evaluation *e, size_t run, json_t *o)
{
	if (run > 0) {
		const struct comparison c = evaluation_compare(e, run, 0, METRIC_AUC);
		double *holm = results_corrected_p(e);
		json_object_set_new(o, "p_holm", results_number(holm[run]));
		json_object_set_new(o, "effect", results_number(c.effect));
		free(holm);
	}
	for (int k = 0; e->bootstrap && k < RESAMPLINGS * METRIC_COUNT; k++) {
		const enum resampling by = (enum resampling)(k / METRIC_COUNT);
		const enum metric m = (enum metric)(k % METRIC_COUNT);
		const struct bootstrap_interval mean = bootstrap_mean(e->bootstrap, by, run, m);
		set_interval(o, "", m, by, &mean);
		if (run == 0)
			continue;
		const struct bootstrap_interval ahead = bootstrap_difference(e->bootstrap, by, run, 0, m);
		set_interval(o, "delta_", m, by, &ahead);
	}
}
