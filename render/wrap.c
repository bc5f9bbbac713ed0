#include "render/wrap.h"

#include <string.h>

#include <glib.h>

static const char ellipsis[] = "...";

/* Valid UTF-8 of the same length, so that offsets hold. */
static char *valid_copy(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text), *p = copy;
	const char *bad;

	while (!g_utf8_validate(p, -1, &bad)) {
		p = copy + (bad - copy);
		*p++ = '?';
	}
	return copy;
}

static int code_points(const char *text, int32_t bytes)
{
	return (int)g_utf8_strlen(text, bytes);
}

static struct wrap_word *split(struct arena *a, const char *text, size_t *count)
{
	size_t n = 0;
	struct wrap_word *words;

	for (const char *p = text; *p; p++)
		n += *p != ' ' && (p == text || p[-1] == ' ');
	words = arena_calloc(a, n, sizeof(*words));
	*count = 0;
	for (const char *p = text; *p;) {
		size_t length = strcspn(p, " ");

		if (length) {
			words[*count] = (struct wrap_word){
				.index = (int32_t)*count, .first = (int32_t)(p - text), .end = (int32_t)(p - text + (ptrdiff_t)length)};
			++*count;
		}
		p += length;
		p += strspn(p, " ");
	}
	return words;
}

/* Gives each word its line. Returns how many words fit. */
static size_t assign_lines(struct wrap *out, struct wrap_word *words, size_t count, const char *text,
                           int line_characters, int lines)
{
	int line = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		int length = code_points(text + words[i].first, words[i].end - words[i].first);

		if (used + (used ? 1 : 0) + length > line_characters) {
			if (++line == lines)
				return i;
			used = length;
		} else {
			used += (used ? 1 : 0) + length;
		}
		words[i].line = line;
		out->line_count = line + 1;
	}
	return count;
}

/* Copies the words of a line side by side and notes where each came to lie. */
static const char *build_line(struct wrap *out, struct arena *a, const char *text, int line)
{
	char *to = arena_calloc(a, 1, WRAP_LINE_BYTES + sizeof(ellipsis));
	int32_t n = 0;

	for (size_t i = 0; i < out->word_count; i++) {
		struct wrap_word *w = &out->words[i];
		const char *from = text + w->first;

		if (w->line != line)
			continue;
		if (n > 0 && n < WRAP_LINE_BYTES)
			to[n++] = ' ';
		w->offset = n;
		w->length = w->end - w->first;
		if (w->length > WRAP_LINE_BYTES - n)
			w->length = WRAP_LINE_BYTES - n;
		while (w->length < w->end - w->first && w->length > 0 && ((unsigned char)from[w->length] & 0xc0) == 0x80)
			w->length--;
		memcpy(to + n, from, (size_t)w->length);
		n += w->length;
	}
	if (out->cut && line == out->line_count - 1)
		memcpy(to + n, ellipsis, sizeof(ellipsis));
	return to;
}

void wrap_title(struct wrap *out, struct arena *a, const char *title, int line_characters, int lines)
{
	const char *text = valid_copy(a, title);
	size_t count, fit;

	*out = (struct wrap){0};
	if (lines < 1 || lines > CARD_LINES_MAX)
		BUG("a title of %d lines", lines);
	out->words = split(a, text, &count);
	fit = assign_lines(out, out->words, count, text, line_characters, lines);
	out->cut = fit < count;
	/* Words on earlier lines stay: only the last line gives one up, if it has one. */
	out->word_count = fit - (out->cut && fit > 0 && out->words[fit - 1].line == lines - 1);
	if (out->cut)
		out->line_count = lines;
	out->word_lost = (int32_t)(count - out->word_count);
	for (int i = 0; i < CARD_LINES_MAX; i++)
		out->line[i] = i < out->line_count ? build_line(out, a, text, i) : "";
}

const char *wrap_category(struct arena *a, const char *category)
{
	static const struct {
		const char *joined, *spelt;
	} names[] = {
		{"foodanddrink", "food and drink"},
		{"middleeast", "middle east"},
		{"northamerica", "north america"},
	};
	char *text;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(category, names[i].joined) == 0)
			return names[i].spelt;
	}
	text = valid_copy(a, category);
	if (strlen(text) > WRAP_LINE_BYTES)
		*g_utf8_find_prev_char(text, text + WRAP_LINE_BYTES) = '\0';
	for (char *p = text; *p; p++) {
		if (*p == '_' || *p == '-')
			*p = ' ';
	}
	return text;
}
