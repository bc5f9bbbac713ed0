#include "eval/claims.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "eval/results.h"
#include "eval/text.h"

#define CLAIM_ERROR_RATE 0.01
enum { MESSAGE_MAX = 4096 };

/* Reading ---------------------------------------------------------------------------------------------------------- */

static enum status find_run(const struct seeds *s, const char *claim, const char *name, size_t length, size_t *run)
{
	for (size_t i = 0; i < s->run_count; i++) {
		const char *path = s->runs[i].path, *of = s->runs[i].name;
		if ((strlen(of) == length && memcmp(of, name, length) == 0) ||
		    (strlen(path) == length && memcmp(path, name, length) == 0)) {
			*run = i;
			return ST_OK;
		}
	}
	return status_fail(ST_USAGE,
	                   "--claim \"%s\": expected a run that is repeated over seeds, RUN/seed-N/prediction.txt, found "
	                   "\"%.*s\"",
	                   claim, (int)length, name);
}

static size_t trimmed(const char *s, size_t length)
{
	while (length > 0 && s[length - 1] == ' ')
		length--;
	return length;
}

static enum status read_claim(struct claim *c, const struct seeds *s)
{
	const char *sign = strpbrk(c->text, "<>");
	if (!sign || (*sign == '<' && sign[1] != '='))
		return status_fail(ST_USAGE, "--claim \"%s\": expected RUN > RUN, or RUN <= RUN", c->text);
	const char *base = sign + (*sign == '<' ? 2 : 1);
	base += strspn(base, " ");
	c->ahead = *sign == '>';
	enum status st = find_run(s, c->text, c->text, trimmed(c->text, (size_t)(sign - c->text)), &c->run);
	if (!st)
		st = find_run(s, c->text, base, trimmed(base, strlen(base)), &c->base);
	if (!st && c->run == c->base)
		st = status_fail(ST_USAGE, "--claim \"%s\": expected two runs, found one with itself", c->text);
	return st;
}

/* Judging ---------------------------------------------------------------------------------------------------------- */

static void compare(struct claim *c, const struct evaluation *e)
{
	struct seed_pair *pairs = xcalloc(e->seeds.runs[c->run].count, sizeof *pairs);
	c->pairs = seeds_pair(&e->seeds, c->run, c->base, pairs);
	c->over_seeds = evaluation_compare_seeds(e, c->run, c->base, METRIC_AUC, &c->pairs);
	c->least = (struct comparison){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	for (size_t i = 0; i < c->pairs; i++) {
		const struct comparison d = evaluation_compare(e, pairs[i].file, pairs[i].base, METRIC_AUC);
		if (!(c->least.mean <= d.mean))
			c->least = d;
	}
	free(pairs);
}

static void judge_all(struct claims *c)
{
	double *p = xcalloc(c->count + 1, sizeof *p), *holm = xcalloc(c->count + 1, sizeof *holm);
	for (size_t i = 0; i < c->count; i++)
		p[i] = c->items[i].ahead ? c->items[i].over_seeds.p : NAN;
	holm_adjust(p, c->count, holm);
	for (size_t i = 0; i < c->count; i++) {
		struct claim *of = &c->items[i];
		of->p = of->ahead ? holm[i] : of->over_seeds.p;
		const bool leads = of->over_seeds.mean > 0 && of->p < CLAIM_ERROR_RATE;
		if (of->pairs >= SEEDS_DECIDE)
			of->verdict = leads == of->ahead ? VERDICT_HOLDS : VERDICT_FAILS;
	}
	free(p);
	free(holm);
}

enum status claims_judge(struct claims *c, const struct evaluation *e, const char *const *texts, size_t count)
{
	enum status st = ST_OK;
	c->items = xcalloc(count + 1, sizeof *c->items);
	c->count = count;
	for (size_t i = 0; !st && i < count; i++) {
		c->items[i].text = texts[i];
		st = read_claim(&c->items[i], &e->seeds);
		if (!st)
			compare(&c->items[i], e);
	}
	if (!st)
		judge_all(c);
	return st;
}

void claims_release(struct claims *c)
{
	free(c->items);
	*c = (struct claims){0};
}

enum status claims_check(const struct claims *c)
{
	size_t failed = 0;
	struct strbuf list;
	strbuf_init(&list, MESSAGE_MAX);
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i].verdict == VERDICT_FAILS)
			strbuf_printf(&list, "%s%s", failed++ ? ", " : "", c->items[i].text);
	const enum status st =
		failed ? status_fail(ST_FAILED, "%zu of %zu claims do not hold: %s", failed, c->count, list.data) : ST_OK;
	strbuf_release(&list);
	return st;
}

/* Telling ---------------------------------------------------------------------------------------------------------- */

static void claim_line(const struct claim *c, size_t width, struct strbuf *out)
{
	text_add_clean(out, c->text, strlen(c->text));
	for (size_t k = text_width(c->text); k < width; k++)
		strbuf_putc(out, ' ');
	strbuf_printf(out, "%7llu", (unsigned long long)c->pairs);
	if (c->pairs == 0)
		strbuf_printf(out, "%10s  %-20s%9s%10s%9s", "-", "-", "-", "-", "-");
	else {
		strbuf_printf(out, "%+10.4f  ", c->over_seeds.mean);
		results_interval(out, 20, &c->over_seeds);
		results_p_cell(out, 9, c->p);
		strbuf_printf(out, "%+10.4f", c->least.mean);
		results_p_cell(out, 9, c->least.p);
	}
	if (c->verdict == VERDICT_OPEN)
		strbuf_printf(out, "  open: too few seeds\n");
	else
		strbuf_puts(out, c->verdict == VERDICT_HOLDS ? "  holds\n" : "  DOES NOT HOLD\n");
}

void claims_table(const struct claims *c, struct strbuf *out)
{
	static const char head[] = "claim";
	size_t width = sizeof head - 1, ahead = 0;
	for (size_t i = 0; i < c->count; i++) {
		width = text_width(c->items[i].text) > width ? text_width(c->items[i].text) : width;
		ahead += c->items[i].ahead;
	}
	if (c->count == 0)
		return;
	strbuf_printf(out, "\n%-*s%7s%10s  %-20s%9s%10s%9s\n", (int)width, head, "seeds", "dAUC", "95 % interval", "p",
	              "least", "its p");
	for (size_t i = 0; i < c->count; i++)
		claim_line(&c->items[i], width, out);
	strbuf_printf(
		out,
		"A > B: ahead with p < %.2g, Student's t of the differences paired by seed, p by Holm's correction for "
		"%zu such claims; A <= B: not so, p uncorrected\n"
		"least: the smallest difference of a seed, and its p paired by impression\n",
		CLAIM_ERROR_RATE, ahead);
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i].verdict == VERDICT_OPEN) {
			strbuf_printf(
				out,
				"open: %d seeds decide; over fewer the test hardly sees a lead, and cannot tell that there is "
				"none\n",
				(int)SEEDS_DECIDE);
			break;
		}
}

void claims_json(const struct claims *c, json_t *array)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct claim *of = &c->items[i];
		json_t *o = json_object();
		json_object_set_new(o, "claim", results_text(of->text));
		json_object_set_new(o, "pairs", json_integer((json_int_t)of->pairs));
		results_set(o, "delta_", METRIC_AUC, "", of->over_seeds.mean);
		results_set(o, "delta_", METRIC_AUC, "_low", of->over_seeds.low);
		results_set(o, "delta_", METRIC_AUC, "_high", of->over_seeds.high);
		json_object_set_new(o, "p", results_number(of->p));
		json_object_set_new(o, "holds",
		                    of->verdict == VERDICT_OPEN ? json_null() : json_boolean(of->verdict == VERDICT_HOLDS));
		json_array_append_new(array, o);
	}
}
