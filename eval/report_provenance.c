/* How it was made: the programs, their command lines, and digests of the files that the page was read from. */
#include "eval/report_page.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/digest.h"
#include "common/file.h"
#include "eval/html.h"

static void add_row(struct strbuf *p, const char *what, const char *value)
{
	strbuf_puts(p, "<tr><th scope=\"row\">");
	html_text(p, what);
	strbuf_puts(p, "</th><td class=\"text code\">");
	html_text(p, value);
	strbuf_puts(p, "</td></tr>\n");
}

/* The texts of a stage's summary: program, arguments, fonts, sources, digests. */
static void add_texts(struct strbuf *p, const char *stage, json_t *summary)
{
	const char *key;
	json_t *v;
	json_object_foreach(summary, key, v)
	{
		if (!json_is_string(v))
			continue;
		char *what = path_printf("%s: %s", stage, key);
		for (char *c = what; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		add_row(p, what, json_string_value(v));
		free(what);
	}
}

static void add_feature_texts(struct strbuf *p, const struct feature_kind *k)
{
	const struct {
		const char *label, *value;
	} texts[] = {
		{"program", k->program},
		{"network", k->network},
		{"weights", k->weights},
		{"preprocessing", k->preprocessing},
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!*texts[i].value)
			continue;
		char *what = path_printf("extract %s: %s", k->kind, texts[i].label);
		add_row(p, what, texts[i].value);
		free(what);
	}
}

/* A file that is not there has no row. */
static enum status add_digest(struct strbuf *p, const char *folder, const char *file)
{
	char *path = folder ? path_join(folder, file) : path_printf("%s", file);
	char hex[DIGEST_HEX];
	enum status st = ST_OK;
	if (file_exists(path)) {
		st = digest_file(path, hex);
		if (!st)
			add_row(p, path, hex);
	}
	free(path);
	return st;
}

static enum status add_digests(struct report *r)
{
	static const char *const run_parts[] = {"config.ini", "log.jsonl", "prediction.txt"};
	struct strbuf *p = &r->page;
	enum status st = ST_OK;
	if (r->has_data)
		st = add_digest(p, r->data.path, "catalog.tsv");
	if (!st && r->behaviors)
		st = add_digest(p, NULL, r->behaviors);
	for (size_t i = 0; i < r->o->run_count; i++)
		for (size_t k = 0; !st && k < sizeof run_parts / sizeof *run_parts; k++)
			st = add_digest(p, r->runs[i].path, run_parts[k]);
	return st;
}

enum status report_provenance(struct report *r)
{
	struct strbuf *p = &r->page;
	html_section(p, "made", "How it was made");
	html_table(p, "Programs and their arguments");
	strbuf_puts(p, "<tbody>\n");
	add_row(p, "report: program", "coverline " COVERLINE_VERSION);
	add_row(p, "report: arguments", r->o->arguments ? r->o->arguments : "");
	if (r->has_data) {
		add_texts(p, "catalog", r->data.catalog_json);
		add_texts(p, "crawl", r->data.crawl_json);
		add_texts(p, "render", r->data.render_json);
		for (size_t i = 0; i < r->data.feature_count; i++)
			add_feature_texts(p, &r->data.features[i]);
	}
	strbuf_puts(p, "</tbody>\n");
	html_table_end(p);
	html_table(p, "Digests (SHA-256)");
	strbuf_puts(p, "<tbody>\n");
	enum status st = add_digests(r);
	strbuf_puts(p, "</tbody>\n");
	html_table_end(p);
	html_section_end(p);
	return st;
}
