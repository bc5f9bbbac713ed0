/* DATA/render.json: what the cards of the whole catalogue are like, in the terms of IMRec's table 1. What that table
 * calls a word is a word or a punctuation mark: only so do MIND's titles have its 4.12 a line. The "..." of a cut title is none. */
#include "render/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/arena.h"
#include "common/boxes.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/log.h"
#include "common/shard.h"
#include "render/text.h"

/* How many of something lines have. */
struct line_count {
	uint64_t all, least, most;
};

struct totals {
	uint64_t with_image, damaged, titled, lines, cut, lost, missing;
	struct line_count words;        /* and punctuation marks: see text_tokens */
	struct line_count spaced_words; /* as spaces part them */
};

static bool was_drawn(const struct render_parts *drawn, uint32_t part)
{
	for (size_t i = 0; i < drawn->count; i++) {
		if (drawn->part[i] == part)
			return true;
	}
	return false;
}

/* An image that is there, but not on the card, is a damaged one. Those of this run have been logged with the reason. */
static bool is_damaged(const struct render_options *o, const struct catalog *news, uint32_t at,
                       const struct card_boxes *row, bool logged)
{
	char *name = row->state == (o->norm ? FEATURE_MISSING : FEATURE_TEXT_ONLY) ? render_image_name(o, news, at) : NULL;
	bool damaged = name != NULL;

	if (damaged && !logged)
		log_warn("%s: damaged, as an earlier run found; %s", name,
		         o->norm ? "it gets no boxes" : "its card is drawn without it");
	free(name);
	return damaged;
}

static void add_line(struct line_count *c, uint64_t n)
{
	c->all += n;
	c->least = n < c->least ? n : c->least;
	c->most = n > c->most ? n : c->most;
}

/* One if it has no place in the title, as a word may that was found in an image. */
static uint64_t tokens_of(const char *title, const struct word_box *w, struct arena *a)
{
	struct text text;
	uint64_t tokens;

	if (w->end <= w->first || (size_t)w->end > strlen(title))
		return 1;
	text_decode(&text, a, arena_strndup(a, title + w->first, (size_t)(w->end - w->first)));
	tokens = text_tokens(text.bytes);
	return tokens ? tokens : 1;
}

static void add_lines(struct totals *t, const char *title, const struct card_boxes *row)
{
	struct arena a = {0};

	for (int line = 0; line < row->line_count; line++) {
		uint64_t words = 0, tokens = 0;

		for (size_t i = 0; i < row->word_count; i++) {
			if (row->words[i].line != line)
				continue;
			words++;
			tokens += tokens_of(title, &row->words[i], &a);
		}
		add_line(&t->spaced_words, words);
		add_line(&t->words, tokens);
	}
	arena_release(&a);
}

static void add_row(struct totals *t, const char *title, const struct card_boxes *row)
{
	t->with_image += row->state >= FEATURE_ORIGINAL && row->state <= FEATURE_SUBSTITUTE;
	t->titled += row->line_count > 0;
	t->lines += (uint64_t)row->line_count;
	t->cut += row->cut;
	t->lost += row->lost_count;
	t->missing += row->missing > 0;
	add_lines(t, title, row);
}

static enum status add_part(const struct render_options *o, const struct catalog *news, uint32_t part,
                            const struct render_parts *drawn, struct totals *t)
{
	uint64_t first = part * o->part_rows, left = news->count - first;
	uint32_t count = (uint32_t)(left < o->part_rows ? left : o->part_rows);
	struct card_boxes *rows = xcalloc(count, sizeof(*rows));
	bool logged = was_drawn(drawn, part);
	struct arena a = {0};
	enum status st = boxes_read(o->data, news, (uint32_t)first, count, &a, rows);

	for (uint32_t i = 0; i < count && st == ST_OK; i++) {
		add_row(t, news->news[first + i].title, &rows[i]);
		t->damaged += is_damaged(o, news, (uint32_t)first + i, &rows[i], logged);
	}
	arena_release(&a);
	free(rows);
	return st;
}

static bool all_there(const struct render_options *o, uint32_t parts)
{
	bool there = true;

	for (uint32_t p = 0; p < parts && there; p++) {
		char *path = boxes_part_path(o->data, p);

		there = file_exists(path);
		free(path);
	}
	return there;
}

/* Parts beyond the last, from a run with smaller ones. */
static void remove_surplus(const struct render_options *o, uint32_t parts)
{
	bool more = true;

	for (uint32_t p = parts; more; p++) {
		char *path = boxes_part_path(o->data, p);

		more = remove(path) == 0;
		free(path);
	}
}

/* Six decimals: enough for any mean here, and the same text on every machine. */
static json_t *mean(uint64_t sum, uint64_t n)
{
	return json_real(n ? (double)sum / (double)n : 0);
}

static void set_line_count(json_t *j, const char *what, const struct line_count *c, uint64_t lines)
{
	const struct {
		const char *statistic;
		json_t *value;
	} all[] = {
		{"mean", mean(c->all, lines)},
		{"min", json_integer(lines ? (json_int_t)c->least : 0)},
		{"max", json_integer((json_int_t)c->most)},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char *key = path_printf("%s_%s_per_line", all[i].statistic, what);

		json_object_set_new(j, key, all[i].value);
		free(key);
	}
}

static json_t *fallback_fonts(const struct render_options *o)
{
	json_t *fonts = json_array();

	for (const struct font_file *f = o->title_font.next; f; f = f->next)
		json_array_append_new(fonts, json_pack("{s:s,s:s}", "name", f->name, "sha256", f->sha256));
	return fonts;
}

static char *summary_text(const struct render_options *o, const struct catalog *news, const struct totals *t)
{
	char *arguments = render_arguments(o), *text;
	json_t *j = json_object();

	json_object_set_new(j, "news", json_integer(news->count));
	json_object_set_new(j, "with_image", json_integer((json_int_t)t->with_image));
	json_object_set_new(j, "damaged_images", json_integer((json_int_t)t->damaged));
	json_object_set_new(j, "mean_title_lines", mean(t->lines, t->titled));
	set_line_count(j, "words", &t->words, t->lines);
	set_line_count(j, "spaced_words", &t->spaced_words, t->lines);
	json_object_set_new(j, "cut_titles", json_integer((json_int_t)t->cut));
	json_object_set_new(j, "lost_words", json_integer((json_int_t)t->lost));
	json_object_set_new(j, "cards_with_missing_glyphs", json_integer((json_int_t)t->missing));
	json_object_set_new(j, "card_width_px", json_integer(o->preset->width));
	json_object_set_new(j, "card_height_px", json_integer(o->preset->height));
	json_object_set_new(j, "preset", json_string(o->preset->name));
	if (o->layout)
		json_object_set_new(j, "layout", json_string(o->layout));
	json_object_set_new(j, "boxes_from_image", json_boolean(o->norm != NULL));
	json_object_set_new(j, "title_font", json_string(o->title_font.name));
	json_object_set_new(j, "title_font_sha256", json_string(o->title_font.sha256));
	json_object_set_new(j, "category_font", json_string(o->category_font.name));
	json_object_set_new(j, "category_font_sha256", json_string(o->category_font.sha256));
	json_object_set_new(j, "fallback_fonts", fallback_fonts(o));
	json_object_set_new(j, "program", json_string("coverline " COVERLINE_VERSION));
	json_object_set_new(j, "arguments", json_string(arguments));
	text = json_dumps(j, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	json_decref(j);
	free(arguments);
	return text;
}

/* Processes that end in the same moment all find all parts there: each writes under a name of its own first. */
static enum status publish(const struct render_options *o, const char *path, const char *text)
{
	char *own = path_printf("%s.%d", path, o->shard_index);
	enum status st = file_write(own, text, strlen(text));

	if (st == ST_OK)
		st = file_publish(own, path);
	free(own);
	return st;
}

static enum status write_summary(const struct render_options *o, const struct catalog *news, const struct totals *t)
{
	char *text = summary_text(o, news, t), *path = path_join(o->data, "render.json"), *line = NULL;
	enum status st;

	if (!text) {
		st = status_fail(ST_FAILED, "%s: a name in it is not UTF-8", path);
	} else {
		line = path_printf("%s\n", text);
		fault_point("render.summary");
		st = o->shard_count > 1 ? publish(o, path, line) : file_write(path, line, strlen(line));
	}
	free(line);
	free(text);
	free(path);
	return st;
}

static void log_line_count(const char *what, const struct line_count *c, uint64_t lines)
{
	log_info("%.2f %s a line, least %llu, most %llu", lines ? (double)c->all / (double)lines : 0, what,
	         (unsigned long long)(lines ? c->least : 0), (unsigned long long)c->most);
}

static void log_totals(uint32_t news, const struct totals *t)
{
	log_info("%u cards, %llu with their image, %.2f lines a title", news, (unsigned long long)t->with_image,
	         t->titled ? (double)t->lines / (double)t->titled : 0);
	log_line_count("words and punctuation marks", &t->words, t->lines);
	log_line_count("space-separated words", &t->spaced_words, t->lines);
	log_info("%llu titles cut, %llu cards with missing glyphs", (unsigned long long)t->cut,
	         (unsigned long long)t->missing);
}

enum status render_summarise(const struct render_options *o, const struct catalog *news,
                             const struct render_parts *drawn)
{
	uint32_t parts = shard_part_count(news->count, o->part_rows);
	struct totals t = {.words.least = UINT64_MAX, .spaced_words.least = UINT64_MAX};
	enum status st = ST_OK;

	if (!all_there(o, parts)) {
		log_info("other parts are still to be drawn: render.json is written with the last of them");
		return ST_OK;
	}
	for (uint32_t p = 0; p < parts && st == ST_OK; p++)
		st = add_part(o, news, p, drawn, &t);
	if (st == ST_OK)
		st = write_summary(o, news, &t);
	if (st != ST_OK)
		return st;
	remove_surplus(o, parts);
	log_totals(news->count, &t);
	if (t.damaged)
		return status_fail(ST_PARTIAL, "%llu damaged images; %s", (unsigned long long)t.damaged,
		                   o->norm ? "they have no boxes" : "their cards were drawn without them");
	return ST_OK;
}
