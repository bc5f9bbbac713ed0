/* Metrics by group, in the three forms that results.h has. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "eval/results.h"
#include "eval/text.h"

enum { LABEL_MAX = 4096, LABEL_WIDTH_MIN = 16, NAME_WIDTH_MIN = 11 };

static bool is_empty(const struct group_sums *s)
{
	return group_impressions(s) + group_skipped(s) == 0;
}

/* A group's label, fit to print. */
static void clean_label(const struct groups *g, const struct grouping *of, uint32_t group, struct strbuf *out)
{
	struct strbuf label;
	strbuf_init(&label, LABEL_MAX);
	groups_label(g, of, group, &label);
	strbuf_clear(out);
	text_add_clean(out, label.data, label.len);
	strbuf_release(&label);
}

static void clean_cell(struct strbuf *out, const char *s, size_t width)
{
	struct strbuf clean;
	strbuf_init(&clean, LABEL_MAX);
	text_add_clean(&clean, s, strlen(s));
	strbuf_puts(out, clean.data);
	for (size_t i = text_width(clean.data); i < width; i++)
		strbuf_putc(out, ' ');
	strbuf_release(&clean);
}

static void group_lines(const struct evaluation *e, char *const *names, const struct group_sums *s, const char *label,
                        const size_t width[2], struct strbuf *out)
{
	for (size_t run = 0; run < e->run_count; run++) {
		clean_cell(out, label, width[0]);
		strbuf_puts(out, "  ");
		clean_cell(out, names[run], width[1]);
		for (int m = 0; m < METRIC_COUNT; m++) {
			const double v = group_mean(s, run, (enum metric)m);
			if (isnan(v))
				strbuf_printf(out, "%9s", "-");
			else
				strbuf_printf(out, "%9.4f", v);
		}
		strbuf_printf(out, "%13llu%9llu\n", (unsigned long long)group_impressions(s),
		              (unsigned long long)group_skipped(s));
	}
}

static void widen(size_t *width, const char *s)
{
	if (text_width(s) > *width)
		*width = text_width(s);
}

void results_groups_table(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	struct strbuf label;
	strbuf_init(&label, LABEL_MAX);
	for (size_t i = 0; i < e->groups->grouping_count; i++) {
		const struct grouping *of = &e->groups->groupings[i];
		size_t width[2] = {LABEL_WIDTH_MIN, NAME_WIDTH_MIN};
		widen(&width[0], of->name);
		for (uint32_t k = 0; k < of->group_count; k++) {
			clean_label(e->groups, of, k, &label);
			widen(&width[0], label.data);
		}
		for (size_t run = 0; run < e->run_count; run++)
			widen(&width[1], names[run]);
		strbuf_putc(out, '\n');
		clean_cell(out, of->name, width[0] + 2 + width[1]);
		for (int m = 0; m < METRIC_COUNT; m++)
			strbuf_printf(out, "%9s", metric_label((enum metric)m));
		strbuf_printf(out, "%13s%9s\n", "impressions", "skipped");
		for (uint32_t k = 0; k < of->group_count; k++) {
			if (is_empty(&of->groups[k]))
				continue;
			clean_label(e->groups, of, k, &label);
			group_lines(e, names, &of->groups[k], label.data, width, out);
		}
	}
	strbuf_release(&label);
}

static json_t *group_object(const struct group_sums *s, size_t run)
{
	json_t *o = json_object();
	for (int m = 0; m < METRIC_COUNT; m++)
		results_set(o, "", (enum metric)m, "", group_mean(s, run, (enum metric)m));
	json_object_set_new(o, "impressions", json_integer((json_int_t)group_impressions(s)));
	json_object_set_new(o, "skipped", json_integer((json_int_t)group_skipped(s)));
	json_object_set_new(o, "skipped_no_click", json_integer((json_int_t)s->kinds[IMPRESSION_NO_CLICK]));
	json_object_set_new(o, "skipped_only_clicks", json_integer((json_int_t)s->kinds[IMPRESSION_ONLY_CLICKS]));
	json_object_set_new(o, "skipped_unlabelled", json_integer((json_int_t)s->kinds[IMPRESSION_UNLABELLED]));
	return o;
}

json_t *results_groups_json(const struct evaluation *e, size_t run)
{
	json_t *all = json_object();
	struct strbuf text;
	strbuf_init(&text, LABEL_MAX);
	for (size_t i = 0; i < e->groups->grouping_count; i++) {
		const struct grouping *of = &e->groups->groupings[i];
		json_t *groups = json_object();
		for (uint32_t k = 0; k < of->group_count; k++) {
			if (is_empty(&of->groups[k]))
				continue;
			clean_label(e->groups, of, k, &text);
			json_object_set_new(groups, text.data, group_object(&of->groups[k], run));
		}
		strbuf_clear(&text);
		text_add_clean(&text, of->name, strlen(of->name));
		json_object_set_new(all, text.data, groups);
	}
	strbuf_release(&text);
	return all;
}

static void tsv_line(const char *name, const char *grouping, const char *label, const struct group_sums *s, size_t run,
                     struct strbuf *out)
{
	clean_cell(out, name, 0);
	strbuf_putc(out, '\t');
	clean_cell(out, grouping, 0);
	strbuf_printf(out, "\t%s", label);
	for (int m = 0; m < METRIC_COUNT; m++) {
		const double v = group_mean(s, run, (enum metric)m);
		strbuf_putc(out, '\t');
		if (!isnan(v))
			strbuf_printf(out, "%.15g", v);
	}
	strbuf_printf(out, "\t%llu\t%llu\n", (unsigned long long)group_impressions(s),
	              (unsigned long long)group_skipped(s));
}

void results_groups_tsv(const struct evaluation *e, char *const *names, struct strbuf *out)
{
	struct strbuf label;
	strbuf_init(&label, LABEL_MAX);
	strbuf_puts(out, "name\tgrouping\tgroup");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(out, "\t%s", metric_key((enum metric)m));
	strbuf_puts(out, "\timpressions\tskipped\n");
	for (size_t i = 0; i < e->groups->grouping_count; i++) {
		const struct grouping *of = &e->groups->groupings[i];
		for (uint32_t k = 0; k < of->group_count; k++) {
			clean_label(e->groups, of, k, &label);
			for (size_t run = 0; run < e->run_count && !is_empty(&of->groups[k]); run++)
				tsv_line(names[run], of->name, label.data, &of->groups[k], run, out);
		}
	}
	strbuf_release(&label);
}
