/* What holds for the boxes of any card, over the hard titles and some hundred random ones of many scripts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/file.h"
#include "common/rng.h"
#include "render/card.h"
#include "tests/support/card_titles.h"
#include "tests/support/scratch.h"

#define DEJAVU      "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
#define RANDOM      300
#define TITLE_BYTES 2048
#define EDGE        0.1f
#define NEAR        0.03f /* px: boxes are floats of multiples of 1/1024 px */

struct studio {
	struct font_file title, category, fallback;
	struct card_preset preset;
	struct painter *painter;
	struct arena arena;
	struct image pixels;
	struct card_boxes boxes;
	const char *text; /* of the card at hand */
};

static void studio_open(struct studio *s, enum wrap_rule wrap)
{
	*s = (struct studio){.preset = *preset_find("im-mind")};
	s->preset.wrap = wrap;
	must(font_find(&s->title, FONT_TITLE, "Open Sans"));
	must(font_find(&s->category, FONT_CATEGORY, "Open Sans"));
	if (file_exists(DEJAVU)) { /* brings Hebrew and Arabic; the rules hold without, too */
		must(font_find(&s->fallback, FONT_FALLBACK, DEJAVU));
		s->title.next = &s->fallback;
	}
	must(painter_open(&s->painter, &s->preset, &s->title, &s->category));
}

static void studio_close(struct studio *s)
{
	painter_close(s->painter);
	font_release(&s->title);
	font_release(&s->category);
	font_release(&s->fallback);
	image_release(&s->pixels);
	arena_release(&s->arena);
}

/* Fails with the title in the message. */
#define HOLDS(s, what)                                                                                                 \
	do {                                                                                                               \
		if (!(what))                                                                                                   \
			fail_msg("\"%s\": %s (line %d)", (s)->text, #what, __LINE__);                                              \
	} while (0)

/* Boxes ------------------------------------------------------------------------------------------------------------ */

static bool is_empty(const struct box *b)
{
	return b->x0 == 0 && b->y0 == 0 && b->x1 == 0 && b->y1 == 0;
}

static bool is_inside(const struct box *in, const struct box *out)
{
	return in->x0 >= out->x0 - NEAR && in->y0 >= out->y0 - NEAR && in->x1 <= out->x1 + NEAR && in->y1 <= out->y1 + NEAR;
}

/* Cairo rounds a path's points to 1/256 px, and curves to within a tenth. */
static bool touches(const struct box *b, int x, int y)
{
	return (float)x + 1 > b->x0 - EDGE && (float)x < b->x1 + EDGE && (float)y + 1 > b->y0 - EDGE &&
	       (float)y < b->y1 + EDGE;
}

static bool has_ink(const struct image *img, int x, int y)
{
	return x >= 0 && y >= 0 && x < img->width && y < img->height &&
	       img->data[((size_t)y * (size_t)img->width + (size_t)x) * 3] != 255;
}

static void check_on_card(const struct studio *s, const struct box *b)
{
	struct box card = {0, 0, (float)s->preset.width, (float)s->preset.height};

	HOLDS(s, is_empty(b) || (b->x1 > b->x0 && b->y1 > b->y0));
	HOLDS(s, b->x0 >= card.x0 && b->y0 >= card.y0 && b->x1 <= card.x1 && b->y1 <= card.y1);
}

/* Every painted pixel is in a word's box, in the dots of a cut title's last line, or in the category's. */
static bool is_accounted(const struct card_boxes *b, int x, int y)
{
	for (size_t i = 0; i < b->word_count; i++) {
		if (touches(&b->words[i].ink, x, y))
			return true;
	}
	return touches(&b->category, x, y) || (b->cut && touches(&b->line[b->line_count - 1], x, y));
}

static void check_all_ink(const struct studio *s)
{
	for (int y = 0; y < s->pixels.height; y++) {
		for (int x = 0; x < s->pixels.width; x++)
			HOLDS(s, !has_ink(&s->pixels, x, y) || is_accounted(&s->boxes, x, y));
	}
}

static bool ink_in(const struct image *img, float x0, float y0, float x1, float y1)
{
	for (int y = (int)floorf(y0); y < (int)ceilf(y1); y++) {
		for (int x = (int)floorf(x0); x < (int)ceilf(x1); x++) {
			if (has_ink(img, x, y))
				return true;
		}
	}
	return false;
}

static bool is_ascii(const char *text, int32_t n)
{
	for (int32_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] >= 0x80 || text[i] < ' ')
			return false;
	}
	return true;
}

/* Each side has ink within a pixel and a half: a corner's sliver may be too thin to show. A box is around all of a
 * glyph's points, and some marks of these fonts have points without ink: so only plain letters are looked at, and no
 * words that the card's edge cuts. */
static void check_tight(const struct studio *s, const struct box *b, const char *text, int32_t n)
{
	if (!is_ascii(text, n) || is_empty(b) || b->x1 == (float)s->preset.width || b->x1 - b->x0 < 1 || b->y1 - b->y0 < 1)
		return;
	HOLDS(s, ink_in(&s->pixels, b->x0, b->y0, b->x0 + 1.5f, b->y1));
	HOLDS(s, ink_in(&s->pixels, b->x1 - 1.5f, b->y0, b->x1, b->y1));
	HOLDS(s, ink_in(&s->pixels, b->x0, b->y0, b->x1, b->y0 + 1.5f));
	HOLDS(s, ink_in(&s->pixels, b->x0, b->y1 - 1.5f, b->x1, b->y1));
}

/* Words ------------------------------------------------------------------------------------------------------------ */

static bool is_leftward(unsigned char c)
{
	return c >= 0xd6 && c <= 0xdd; /* first bytes of Hebrew and Arabic, U+0580 … U+077F */
}

/* Vowel points of Hebrew and Arabic: at a word's beginning they take the direction of what is before it. */
static bool is_mark(const char *p)
{
	return strncmp(p, "\u05b8", 2) == 0 || strncmp(p, "\u064e", 2) == 0;
}

/* True if other words may stand between the pieces of this one: only where text of both directions meets, and never within
 * a word of one direction's letters alone. */
static bool may_be_apart(const struct studio *s, const struct word_box *w)
{
	int leftward = 0, latin = 0, other = 0;
	bool both = strstr(s->text, "\u202e") || strstr(s->text, "\u2067");

	for (const char *p = s->text; *p; p++)
		both = both || is_leftward((unsigned char)*p);
	for (int32_t i = w->first; i < w->end; i++) {
		unsigned char c = (unsigned char)s->text[i];

		if ((c & 0xc0) == 0x80)
			continue;
		leftward += is_leftward(c);
		latin += (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		other +=
			(i == w->first && is_mark(s->text + i)) || (!is_leftward(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'));
	}
	return both && (other > 0 || (leftward > 0 && latin > 0));
}

/* On a line, no word's pens reach into another's; inks overlap by no more than they reach beyond their own pens. */
static void check_apart(const struct studio *s, const struct word_box *a, const struct word_box *b)
{
	float pens = fminf(a->advance.x1, b->advance.x1) - fmaxf(a->advance.x0, b->advance.x0);
	float inks = fminf(a->ink.x1, b->ink.x1) - fmaxf(a->ink.x0, b->ink.x0), reach = 0;
	const struct word_box *both[] = {a, b};

	if (a->line != b->line || may_be_apart(s, a) || may_be_apart(s, b))
		return;
	for (int i = 0; i < 2; i++)
		reach += fmaxf(0, both[i]->advance.x0 - both[i]->ink.x0) + fmaxf(0, both[i]->ink.x1 - both[i]->advance.x1);
	HOLDS(s, pens <= NEAR || is_empty(&a->advance) || is_empty(&b->advance));
	HOLDS(s, inks <= reach + NEAR || is_empty(&a->ink) || is_empty(&b->ink));
}

/* Word k of the title as it stands, cut at spaces. */
static bool raw_word(const char *title, int32_t k, int32_t *first, int32_t *end)
{
	const char *p = title;

	for (int32_t i = 0;; i++) {
		p += strspn(p, " ");
		if (!*p)
			return false;
		*first = (int32_t)(p - title);
		p += strcspn(p, " ");
		*end = (int32_t)(p - title);
		if (i == k)
			return true;
	}
}

/* Words and lost ones together are the title's, each once and in order. */
static void check_partition(const struct studio *s)
{
	const struct card_boxes *b = &s->boxes;
	size_t word = 0, lost = 0;
	int32_t first, end, k = 0;

	for (; raw_word(s->text, k, &first, &end); k++) {
		if (word < b->word_count && b->words[word].index == k) {
			HOLDS(s, b->words[word].first == first && b->words[word].end == end);
			word++;
		} else {
			HOLDS(s, lost < b->lost_count && b->lost[lost] == k);
			lost++;
		}
	}
	HOLDS(s, word == b->word_count && lost == b->lost_count);
	HOLDS(s, !b->cut || b->lost_count > 0);
}

static void check_words(const struct studio *s)
{
	const struct card_boxes *b = &s->boxes;

	for (size_t i = 0; i < b->word_count; i++) {
		const struct word_box *w = &b->words[i];

		HOLDS(s, w->line >= 0 && w->line < b->line_count);
		HOLDS(s, i == 0 || w->line >= b->words[i - 1].line);
		HOLDS(s, is_empty(&w->ink) || is_inside(&w->ink, &b->line[w->line]));
		check_on_card(s, &w->ink);
		check_on_card(s, &w->advance);
		check_tight(s, &w->ink, s->text + w->first, w->end - w->first);
		for (size_t k = 0; k < i; k++)
			check_apart(s, &b->words[k], w);
	}
}

static void check_regions(const struct studio *s)
{
	const struct card_boxes *b = &s->boxes;

	for (int i = 0; i < CARD_REGIONS; i++) {
		HOLDS(s, b->region[i].x0 == (i % 3 ? b->region[i - 1].x1 : b->image.x0));
		HOLDS(s, b->region[i].y0 == (i >= 3 ? b->region[i - 3].y1 : b->image.y0));
		HOLDS(s, i % 3 != 2 || b->region[i].x1 == b->image.x1);
		HOLDS(s, i < 6 || b->region[i].y1 == b->image.y1);
		HOLDS(s, fabsf((b->region[i].x1 - b->region[i].x0) * 3 - (b->image.x1 - b->image.x0)) < 0.01f);
	}
}

static void check_card(struct studio *s, const char *title, const char *category)
{
	struct card card = {.title = title, .category = category};

	s->text = title;
	arena_reset(&s->arena);
	must(painter_draw(s->painter, &card, &s->arena, &s->pixels, &s->boxes));
	for (int i = 0; i < CARD_LINES_MAX; i++) {
		check_on_card(s, &s->boxes.line[i]);
		check_tight(s, &s->boxes.line[i], title, (int32_t)strlen(title));
		HOLDS(s, i < s->boxes.line_count || is_empty(&s->boxes.line[i]));
	}
	check_on_card(s, &s->boxes.category);
	check_tight(s, &s->boxes.category, category, (int32_t)strlen(category));
	check_words(s);
	check_partition(s);
	check_regions(s);
	check_all_ink(s);
}

/* Titles ----------------------------------------------------------------------------------------------------------- */

static const char *const letters[][12] = {
	{"A", "V", "T", "o", "f", "i", "l", "W", "y", "j", "Q", "."},
	{"e", "s", "t", "a", "r", "n", "'", "-", ",", "M", "g", "7"},
	{"\u00e9", "\u0141", "e\u0301", "u\u0308\u0323", "\u00df", "\u0130", "\u00c5", "\u0161", "o\u0302", "\u00f1", "x",
     "\u2019"},
	{"\u05d0", "\u05d1", "\u05e9", "\u05dd", "\u05e0", "\u05d9", "\u05d5", "\u05ea", "\u05e8", "\u05e5", "\u05b8",
     "\u05dc"},
	{"\u0645", "\u0631", "\u062d", "\u0628", "\u0627", "\u0644", "\u0639", "\u064a", "\u0633", "\u064e", "\u0629",
     "\u0647"},
	{"\u0410", "\u0416", "\u0439", "\u0449", "\u03b1", "\u03a3", "\u03c9", "\u03ad", "\u0457", "\u042f", "\u0434",
     "\u03c6"},
	{"\u65b0", "\u95fb", "\u30cb", "\u30e5", "\u3042", "\u3002", "\ud55c", "\uae00", "\u0928\u093f", "\u0e2a\u0e31",
     "\u1100", "\uff21"},
	{"\U0001f389", "\U0001f468\u200d\U0001f469", "\u2764\ufe0f", "\U0001f44b\U0001f3fd", "\U0001f1e9\U0001f1ea", "!",
     "\u263a", "\u200d", "\ufe0f", "#\ufe0f\u20e3", "\u2603", "ok"},
	{"&amp;", "&#39;", "&quot;", "&nbsp;", "&", ";", "&#x2014;", "\x01", "\x7f", "\xff", "\xc3", "\xe2\x82"},
	{"\u200b", "\u00a0", "\u2009", "\u00ad", "\u0301", "\u202e", "\u2067", "\u2028", "\ufeff", "\ufffd", "\ue000", "a"},
};
#define SCRIPTS (sizeof(letters) / sizeof(*letters))

/* Words of one script each, mostly; one in eight mixes two. */
static void random_title(struct rng *r, char title[TITLE_BYTES])
{
	uint32_t words = rng_below(r, 15), favourite = rng_below(r, SCRIPTS);
	size_t n = 0;

	for (uint32_t w = 0; w < words; w++) {
		uint32_t length = 1 + rng_below(r, rng_below(r, 20) ? 9 : 40);
		uint32_t script = rng_below(r, 3) ? favourite : rng_below(r, SCRIPTS), other = script;

		if (rng_below(r, 8) == 0)
			other = rng_below(r, SCRIPTS);
		for (uint32_t i = 0; i < length; i++) {
			const char *letter = letters[i % 3 == 2 ? other : script][rng_below(r, 12)];

			memcpy(title + n, letter, strlen(letter));
			n += strlen(letter);
		}
		for (uint32_t spaces = rng_below(r, 10) ? 1 : 2; spaces > 0; spaces--)
			title[n++] = ' ';
		if (n > TITLE_BYTES - 800)
			break;
	}
	title[n] = '\0';
}

static void check_titles(enum wrap_rule wrap, uint64_t seed)
{
	char title[TITLE_BYTES];
	struct studio s;
	struct rng r;

	studio_open(&s, wrap);
	for (size_t i = 0; i < card_title_count; i++)
		check_card(&s, card_titles[i].title, card_titles[i].category);
	rng_init(&r, seed, 0);
	for (int i = 0; i < RANDOM; i++) {
		random_title(&r, title);
		check_card(&s, title, card_titles[(size_t)i % card_title_count].category);
	}
	studio_close(&s);
}

static void test_by_characters(void **state)
{
	(void)state;
	check_titles(WRAP_PAPER, 1);
}

static void test_by_width(void **state)
{
	(void)state;
	check_titles(WRAP_WIDTH, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_characters), cmocka_unit_test(test_by_width)};

	return cmocka_run_group_tests_name("card boxes", tests, NULL, NULL);
}
