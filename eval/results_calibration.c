/* How well scores serve as probabilities, for people and for programs. */
#include <math.h>
#include <string.h>

#include "eval/results.h"
#include "eval/text.h"

static const char *probability_name(enum probability p)
{
	return p == PROBABILITY_SOFTMAX ? "softmax" : "sigmoid";
}

static double mean_probability(const struct calibration_bin *b)
{
	return b->candidates ? b->sum / (double)b->candidates : NAN;
}

static double click_share(const struct calibration_bin *b)
{
	return b->candidates ? (double)b->clicked / (double)b->candidates : NAN;
}

static void run_table(const struct evaluation *e, const char *name, const struct calibration *c, struct strbuf *out)
{
	strbuf_putc(out, '\n');
	text_add_clean(out, name, strlen(name));
	strbuf_printf(out, ": log-loss %.4f, expected calibration error %.4f over %llu candidates, p by %s\n",
	              calibration_log_loss(c), calibration_error(c), (unsigned long long)c->candidates,
	              probability_name(e->probability));
	strbuf_printf(out, "%-11s%12s%12s%12s\n", "p", "candidates", "mean p", "clicked");
	for (int i = 0; i < CALIBRATION_BINS; i++) {
		const struct calibration_bin *b = &c->bins[i];
		if (b->candidates)
			strbuf_printf(out, "%.1f to %.1f %12llu%12.4f%12.4f\n", i / 10.0, (i + 1) / 10.0,
			              (unsigned long long)b->candidates, mean_probability(b), click_share(b));
	}
}

void results_calibration_table(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	for (size_t i = 0; e->scores && i < e->run_count; i++)
		run_table(e, names[i], &e->runs[i].calibration, out);
}

void results_calibration_json(const struct evaluation *e, size_t run, json_t *o)
{
	if (!e->scores)
		return;
	const struct calibration *c = &e->runs[run].calibration;
	json_t *bins = json_array();
	for (int i = 0; i < CALIBRATION_BINS; i++) {
		json_t *bin = json_object();
		json_object_set_new(bin, "candidates", json_integer((json_int_t)c->bins[i].candidates));
		json_object_set_new(bin, "mean_probability", results_number(mean_probability(&c->bins[i])));
		json_object_set_new(bin, "click_share", results_number(click_share(&c->bins[i])));
		json_array_append_new(bins, bin);
	}
	json_object_set_new(o, "log_loss", results_number(calibration_log_loss(c)));
	json_object_set_new(o, "ece", results_number(calibration_error(c)));
	json_object_set_new(o, "probability", json_string(probability_name(e->probability)));
	json_object_set_new(o, "reliability", bins);
}
