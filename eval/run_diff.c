#include "eval/run_diff.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/digest.h"
#include "common/file.h"
#include "common/h5.h"
#include "common/log.h"
#include "eval/data_files.h"
#include "eval/evaluation.h"
#include "eval/results.h"
#include "eval/run_files.h"
#include "eval/text.h"

struct side {
	struct run_files run;
	struct data_files data;
	bool has_data;
	char *catalogue, *features; /* of best.h5; "" where it is not there */
	char *behaviors;            /* the split that its predictions are of; NULL: unknown */
};

struct diff {
	const struct run_diff_options *o;
	struct strbuf *out;
	struct side side[2];
	size_t lines; /* of the part under way */
};

static void clean(struct diff *d, const char *s)
{
	text_add_clean(d->out, s, strlen(s));
}

static void begin(struct diff *d, const char *title)
{
	strbuf_printf(d->out, "%s%s\t", d->out->len ? "\n" : "", title);
	clean(d, d->side[0].run.name);
	strbuf_putc(d->out, '\t');
	clean(d, d->side[1].run.name);
	strbuf_putc(d->out, '\n');
	d->lines = 0;
}

static void end(struct diff *d)
{
	if (d->lines == 0)
		strbuf_puts(d->out, "the same\n");
}

/* A line if the two differ; NULL: this side does not have it. */
static void line(struct diff *d, const char *what, const char *a, const char *b)
{
	if (!a == !b && (!a || strcmp(a, b) == 0))
		return;
	d->lines++;
	clean(d, what);
	strbuf_putc(d->out, '\t');
	clean(d, a ? a : "-");
	strbuf_putc(d->out, '\t');
	clean(d, b ? b : "-");
	strbuf_putc(d->out, '\n');
}

/* Opening ---------------------------------------------------------------------------------------------------------- */

static enum status read_attributes(struct side *s)
{
	char *path = path_join(s->run.path, "best.h5");
	struct h5_file *f = NULL;
	enum status st = ST_OK;
	if (file_exists(path)) {
		st = h5_open(&f, path);
		if (!st)
			st = h5_get_text(f, "catalogue_sha256", &s->catalogue);
		if (!st)
			st = h5_get_text(f, "features", &s->features);
		h5_close(f);
	}
	free(path);
	return st;
}

static enum status open_side(struct diff *d, int i)
{
	struct side *s = &d->side[i];
	enum status st = run_files_open(&s->run, i ? d->o->b : d->o->a);
	if (!st)
		st = read_attributes(s);
	if (st)
		return st;
	char *path = d->o->data ? xstrdup(d->o->data) : data_files_find(s->run.path);
	s->has_data = path != NULL;
	if (path)
		st = data_files_open(&s->data, path);
	free(path);
	const char *dev = run_files_setting(&s->run, "data.dev");
	if (d->o->behaviors)
		s->behaviors = xstrdup(d->o->behaviors);
	else if (dev && *dev == '/')
		s->behaviors = xstrdup(dev);
	else if (dev && *dev && s->has_data)
		s->behaviors = path_join(s->data.path, dev);
	return st;
}

static void release_side(struct side *s)
{
	run_files_release(&s->run);
	data_files_release(&s->data);
	free(s->catalogue);
	free(s->features);
	free(s->behaviors);
}

/* Two runs of one name are told apart by their paths. */
static void name_sides(struct diff *d)
{
	if (strcmp(d->side[0].run.name, d->side[1].run.name) != 0)
		return;
	for (int i = 0; i < 2; i++) {
		free(d->side[i].run.name);
		d->side[i].run.name = xstrdup(d->side[i].run.path);
	}
}

/* Parts ------------------------------------------------------------------------------------------------------------ */

static void diff_config(struct diff *d)
{
	const struct run_files *a = &d->side[0].run, *b = &d->side[1].run;
	begin(d, "config");
	for (size_t i = 0; i < a->setting_count; i++)
		line(d, a->settings[i].key, a->settings[i].value, run_files_setting(b, a->settings[i].key));
	for (size_t i = 0; i < b->setting_count; i++)
		if (!run_files_setting(a, b->settings[i].key))
			line(d, b->settings[i].key, NULL, b->settings[i].value);
	end(d);
}

static const struct feature_kind *find_kind(const struct side *s, const char *kind)
{
	for (size_t i = 0; i < s->data.feature_count; i++)
		if (strcmp(s->data.features[i].kind, kind) == 0)
			return &s->data.features[i];
	return NULL;
}

static void diff_kind(struct diff *d, const char *kind)
{
	const struct feature_kind *a = find_kind(&d->side[0], kind), *b = find_kind(&d->side[1], kind);
	const struct {
		const char *label, *a, *b;
	} parts[] = {
		{"network", a ? a->network : NULL, b ? b->network : NULL},
		{"weights", a ? a->weights : NULL, b ? b->weights : NULL},
		{"preprocessing", a ? a->preprocessing : NULL, b ? b->preprocessing : NULL},
		{"columns", a ? a->columns : NULL, b ? b->columns : NULL},
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		char *what = path_printf("features %s: %s", kind, parts[i].label);
		line(d, what, parts[i].a, parts[i].b);
		free(what);
	}
}

/* The scalar members of a summary, but for what any two runs of a stage differ in. */
static void diff_summary(struct diff *d, const char *stage, json_t *a, json_t *b)
{
	static const char *const passing[] = {"seconds", "arguments", "news_per_second", "news_this_run"};
	json_t *both[2] = {a, b};
	for (int i = 0; i < 2; i++) {
		const char *key;
		json_t *v;
		json_object_foreach(both[i], key, v)
		{
			bool skip = json_is_object(v) || json_is_array(v) || (i == 1 && json_object_get(a, key));
			for (size_t k = 0; k < sizeof passing / sizeof *passing; k++)
				skip = skip || strcmp(key, passing[k]) == 0;
			if (skip)
				continue;
			char *x = json_object_get(a, key) ? json_dumps(json_object_get(a, key), JSON_ENCODE_ANY) : NULL;
			char *y = json_object_get(b, key) ? json_dumps(json_object_get(b, key), JSON_ENCODE_ANY) : NULL;
			char *what = path_printf("%s.json: %s", stage, key);
			line(d, what, x, y);
			free(what);
			free(x);
			free(y);
		}
	}
}

static enum status diff_behaviors(struct diff *d)
{
	char hex[2][DIGEST_HEX] = {"", ""};
	for (int i = 0; i < 2; i++) {
		const char *path = d->side[i].behaviors;
		enum status st = path && file_exists(path) ? digest_file(path, hex[i]) : ST_OK;
		if (st)
			return st;
	}
	line(d, "validated on (SHA-256)", *hex[0] ? hex[0] : NULL, *hex[1] ? hex[1] : NULL);
	return ST_OK;
}

static enum status diff_data(struct diff *d)
{
	struct side *a = &d->side[0], *b = &d->side[1];
	begin(d, "data");
	line(d, "catalogue trained on (SHA-256)", a->catalogue, b->catalogue);
	line(d, "features trained on", a->features, b->features);
	enum status st = diff_behaviors(d);
	if (a->has_data && b->has_data && strcmp(a->data.path, b->data.path) != 0) {
		line(d, "folder", a->data.path, b->data.path);
		diff_summary(d, "catalog", a->data.catalog_json, b->data.catalog_json);
		diff_summary(d, "crawl", a->data.crawl_json, b->data.crawl_json);
		diff_summary(d, "render", a->data.render_json, b->data.render_json);
		for (size_t i = 0; i < a->data.feature_count; i++)
			diff_kind(d, a->data.features[i].kind);
		for (size_t i = 0; i < b->data.feature_count; i++)
			if (!find_kind(a, b->data.features[i].kind))
				diff_kind(d, b->data.features[i].kind);
	}
	end(d);
	return st;
}

/* Results ---------------------------------------------------------------------------------------------------------- */

static void number_line(struct diff *d, const char *what, const char *format, double a, double b)
{
	struct strbuf text[2];
	for (int i = 0; i < 2; i++) {
		const double v = i ? b : a;
		strbuf_init(&text[i], 64);
		if (isfinite(v))
			strbuf_printf(&text[i], strcmp(format, "4") == 0 ? "%.4f" : "%.6g", v);
		else
			strbuf_putc(&text[i], '-');
	}
	line(d, what, text[0].data, text[1].data);
	for (int i = 0; i < 2; i++)
		strbuf_release(&text[i]);
}

static void metric_line(struct diff *d, const struct evaluation *e, enum metric m)
{
	const struct comparison c = evaluation_compare(e, 1, 0, m);
	strbuf_printf(d->out, "%s\t%.4f\t%.4f\t%+.4f", metric_label(m), evaluation_mean(e, 0, m), evaluation_mean(e, 1, m),
	              c.mean);
	if (!isnan(c.error)) {
		strbuf_putc(d->out, '\t');
		results_interval(d->out, 0, &c);
		strbuf_putc(d->out, '\t');
		results_p(d->out, c.p);
	}
	strbuf_putc(d->out, '\n');
	d->lines++;
}

static enum status compare_predictions(struct diff *d)
{
	const char *predictions[2] = {d->side[0].run.predictions, d->side[1].run.predictions};
	struct evaluation e = {0};
	enum status st = evaluation_run(&e, d->side[0].behaviors, predictions, 2);
	if (!st) {
		strbuf_puts(d->out, "\t\t\tdifference\t95 % interval\tp\n");
		for (int m = 0; m < METRIC_COUNT; m++)
			metric_line(d, &e, (enum metric)m);
	}
	evaluation_release(&e);
	return st;
}

/* True if both have predictions of one and the same split. */
static bool comparable(const struct diff *d)
{
	const struct side *a = &d->side[0], *b = &d->side[1];
	char hex[2][DIGEST_HEX];
	if (!a->run.predictions || !b->run.predictions || !a->behaviors || !b->behaviors || !file_exists(a->behaviors) ||
	    !file_exists(b->behaviors))
		return false;
	return digest_file(a->behaviors, hex[0]) == ST_OK && digest_file(b->behaviors, hex[1]) == ST_OK &&
	       strcmp(hex[0], hex[1]) == 0;
}

static double best_auc(const struct run_files *r)
{
	double best = NAN;
	for (size_t i = 0; i < r->auc.n; i++)
		best = isnan(best) || r->auc.y[i] > best ? r->auc.y[i] : best;
	return best;
}

static double last_y(const struct curve *c)
{
	return c->n ? c->y[c->n - 1] : NAN;
}

static double last_x(const struct curve *c)
{
	return c->n ? c->x[c->n - 1] : NAN;
}

static enum status diff_results(struct diff *d)
{
	const struct run_files *a = &d->side[0].run, *b = &d->side[1].run;
	enum status st = ST_OK;
	begin(d, "results");
	if (comparable(d))
		st = compare_predictions(d);
	else
		log_warn("no predictions of both runs for one split: results are as they were logged");
	number_line(d, "best AUC while training", "4", best_auc(a), best_auc(b));
	number_line(d, "at epoch", "", a->auc.n ? a->best_epoch : NAN, b->auc.n ? b->best_epoch : NAN);
	number_line(d, "steps", "", last_x(&a->loss), last_x(&b->loss));
	number_line(d, "last loss", "4", last_y(&a->loss), last_y(&b->loss));
	end(d);
	return st;
}

enum status run_diff(const struct run_diff_options *o, struct strbuf *out)
{
	struct diff d = {.o = o, .out = out};
	enum status st = open_side(&d, 0);
	if (!st)
		st = open_side(&d, 1);
	if (!st) {
		name_sides(&d);
		diff_config(&d);
		st = diff_data(&d);
	}
	if (!st)
		st = diff_results(&d);
	release_side(&d.side[0]);
	release_side(&d.side[1]);
	return st ? st : strbuf_check(out, "the differences");
}
