/* Our runs beside what the papers report, and what keeps the two from being compared. */
#include "eval/report_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "eval/html.h"
#include "eval/published.h"

/* Consecutive numbers of one row of a paper's table. */
struct published_row {
	const struct published_number *first;
	size_t count;
};

static struct published_row row_at(const struct published *p, size_t i)
{
	const struct published_number *a = &p->numbers[i];
	size_t n = 1;
	for (; i + n < p->count; n++) {
		const struct published_number *b = &p->numbers[i + n];
		if (strcmp(a->paper, b->paper) != 0 || strcmp(a->where, b->where) != 0 || strcmp(a->model, b->model) != 0 ||
		    strcmp(a->group, b->group) != 0 || strcmp(a->data, b->data) != 0)
			break;
	}
	return (struct published_row){a, n};
}

static const struct published_number *find_metric(const struct published_row *row, const char *key)
{
	for (size_t i = 0; i < row->count; i++)
		if (strcmp(row->first[i].metric, key) == 0)
			return &row->first[i];
	return NULL;
}

/* Comparing -------------------------------------------------------------------------------------------------------- */

/* The edition of MIND that our catalogue is, by its number of news; NULL for any other data. */
static const char *our_edition(const struct report *r)
{
	if (!r->has_data)
		return NULL;
	return r->data.news.count == 65238 ? "small" : r->data.news.count == 130379 ? "large" : NULL;
}

/* The edition that a published data set holds: its impressions are MIND's, whatever was added to them. */
static const char *published_edition(const char *data)
{
	if (strcmp(data, "MIND-small") == 0 || strcmp(data, "IM-MIND-small") == 0)
		return "small";
	if (strcmp(data, "MIND-large") == 0 || strcmp(data, "IM-MIND-large") == 0 || strcmp(data, "V-MIND") == 0)
		return "large";
	return NULL;
}

static bool is_ours(const struct report *r, const struct published_number *theirs)
{
	for (size_t i = 0; i < r->o->run_count; i++) {
		const char *name = run_files_setting(&r->runs[i], "model.name");
		if (name && published_is(theirs, name))
			return true;
	}
	return false;
}

/* A table that varies what a model reads has the model itself as one of its rows. */
static bool is_whole(const struct published_number *n)
{
	return !*n->group || strcmp(n->group, "news from all") == 0;
}

static void add_remark(struct report *r, const struct published_row *row)
{
	struct strbuf *p = &r->page;
	const char *theirs = published_edition(row->first->data), *ours = our_edition(r);
	strbuf_puts(p, "<td class=\"text remark\">");
	if (!theirs)
		strbuf_puts(p, "not comparable: the paper’s own data; ");
	else if (!ours)
		strbuf_puts(p, "not comparable: our data is not MIND’s; ");
	else if (strcmp(theirs, ours) != 0)
		strbuf_puts(p, "not comparable: the other edition of MIND; ");
	else if (!is_whole(row->first))
		strbuf_puts(p, "a part, or an ablation; ");
	html_text(p, row->first->protocol);
	strbuf_puts(p, "</td></tr>\n");
}

/* Tables ----------------------------------------------------------------------------------------------------------- */

static void add_head(struct report *r, const char *caption)
{
	struct strbuf *p = &r->page;
	html_table(p, caption);
	strbuf_puts(p, "<thead><tr><th scope=\"col\">Model</th><th scope=\"col\" class=\"text\">From</th>"
	               "<th scope=\"col\" class=\"text\">Data</th>");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(p, "<th scope=\"col\">%s</th>", metric_label((enum metric)m));
	strbuf_puts(p, "<th scope=\"col\" class=\"text\">Remark</th></tr></thead>\n<tbody>\n");
}

static void add_ours(struct report *r, size_t run)
{
	struct strbuf *p = &r->page;
	const char *model = run_files_setting(&r->runs[run], "model.name"), *edition = our_edition(r);
	strbuf_puts(p, "<tr><th scope=\"row\">");
	html_text(p, model ? model : r->runs[run].name);
	strbuf_puts(p, "</th><td class=\"text\">this report, ");
	html_text(p, r->runs[run].name);
	strbuf_printf(p, "</td><td class=\"text\">%s%s</td>", edition ? "MIND-" : "ours", edition ? edition : "");
	for (int m = 0; m < METRIC_COUNT; m++)
		strbuf_printf(p, "<td>%.4f</td>", evaluation_mean(&r->evaluation, r->evaluated[run], (enum metric)m));
	strbuf_puts(p, "<td class=\"text\">");
	const char *slash = strrchr(r->behaviors, '/');
	html_text(p, slash ? slash + 1 : r->behaviors);
	strbuf_puts(p, ", one run</td></tr>\n");
}

static void add_published(struct report *r, const struct published_row *row)
{
	struct strbuf *p = &r->page;
	strbuf_puts(p, "<tr><th scope=\"row\">");
	html_text(p, row->first->model);
	if (*row->first->group) {
		strbuf_puts(p, " <span class=\"quiet\">");
		html_text(p, row->first->group);
		strbuf_puts(p, "</span>");
	}
	strbuf_puts(p, "</th><td class=\"text\">");
	html_text(p, published_paper(row->first->paper));
	strbuf_puts(p, ", ");
	html_text(p, row->first->where);
	strbuf_puts(p, "</td><td class=\"text\">");
	html_text(p, row->first->data);
	strbuf_puts(p, "</td>");
	for (int m = 0; m < METRIC_COUNT; m++) {
		const struct published_number *n = find_metric(row, metric_key((enum metric)m));
		if (!n && m == METRIC_AUC)
			n = find_metric(row, "user_auc");
		if (!n) {
			strbuf_puts(p, "<td>–</td>");
			continue;
		}
		strbuf_printf(p, "<td>%.4g", n->value);
		if (!isnan(n->deviation))
			strbuf_printf(p, " <span class=\"quiet\">± %.4g</span>", n->deviation);
		strbuf_puts(p, "</td>");
	}
	add_remark(r, row);
}

/* Rows with a metric: all of them, or the whole models that we have a run of. */
static void add_rows(struct report *r, const struct published *all, bool only_ours)
{
	struct published_row row;
	for (size_t i = 0; i < all->count; i += row.count) {
		row = row_at(all, i);
		if (!find_metric(&row, "auc") && !find_metric(&row, "user_auc"))
			continue;
		if (!only_ours || (is_whole(row.first) && is_ours(r, row.first)))
			add_published(r, &row);
	}
}

static void add_section(struct report *r, const struct published *all)
{
	struct strbuf *p = &r->page;
	html_section(p, "published", "Beside the papers");
	add_head(r, "Ours and theirs");
	for (size_t i = 0; i < r->o->run_count; i++)
		if (r->evaluated[i] != RUN_NOT_EVALUATED)
			add_ours(r, i);
	add_rows(r, all, true);
	strbuf_puts(p, "</tbody>\n");
	html_table_end(p);
	strbuf_puts(p,
	            "<p class=\"note\">The papers’ numbers as they print them. A seed alone moves AUC by 0.002 to 0.006: a "
	            "gap of that size to a published number says nothing.</p>\n"
	            "<details><summary>All that the papers report</summary>\n");
	add_head(r, "Published numbers");
	add_rows(r, all, false);
	strbuf_puts(p, "</tbody>\n");
	html_table_end(p);
	strbuf_puts(p, "</details>\n");
	html_section_end(p);
}

enum status report_published(struct report *r)
{
	struct published all = {0};
	if (!r->behaviors)
		return ST_OK;
	char *folder = published_folder();
	enum status st = ST_OK;
	if (folder)
		st = published_read(&all, folder);
	else
		log_warn("the papers' tables are neither in the source tree nor in share/coverline/published: left out");
	if (!st && folder)
		add_section(r, &all);
	published_release(&all);
	free(folder);
	return st;
}
