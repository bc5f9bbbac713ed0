/* Boxes found in cards' pixels agree with those that the cards were drawn by: to 2 px for the cover, the category and
 * every line on every card, and for nearly all words that the card's edge does not cut; over 480 cards in four fonts,
 * without an image and with photo-like ones, some of which have white edges. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/rng.h"
#include "common/shard.h"
#include "render/card.h"
#include "render/find.h"
#include "tests/support/samples.h"
#include "tests/support/scratch.h"

#define CARDS       120 /* a font */
#define AGREE_PX    2
#define WORDS_AGREE 0.99

static const struct wrap_limits paper = {.rule = WRAP_PAPER, .characters = 27, .lines = 3};

static const char *const vocabulary[] = {
	"The",       "to",     "a",    "storm", "11",           "2019",    "Jaguar",  "F-Type", "What",    "You",
	"Need",      "Know:",  "ill",  "will",  "fill",         "minimum", "WWII",    "TV",     "AT&T",    "$1,234",
	"(again)",   "\"no\"", "it's", "S.",    "presidential", "coast",   "fishing", "of",     "Yo",      "Tom's",
	"caf\u00e9", "next",   "Top",  "10",    "how",          "for",     "season",  "-",      "jumping", "quietly",
};
#define WORDS (sizeof(vocabulary) / sizeof(*vocabulary))
static const char *const categories[] = {"news",  "sports",    "foodanddrink", "tv",
                                         "autos", "lifestyle", "health",       "kids"};

struct tally {
	int cards, covers, categories, lines, words, words_found;
};

/* Noise over a slope of colours; by kind also white edges above, or all round, or white spots. */
static void make_cover(struct image *cover, struct rng *r, int kind)
{
	int red = (int)rng_below(r, 200), green = (int)rng_below(r, 200);

	for (int y = 0; y < 165; y++) {
		for (int x = 0; x < 200; x++) {
			uint8_t *p = cover->data + (y * 200 + x) * 3;
			bool white = (kind == 1 && y < 40) || (kind == 2 && (x < 12 || x >= 188 || y < 9 || y >= 156)) ||
			             (kind == 3 && (x / 20 + y / 15) % 3 == 0);

			p[0] = (uint8_t)(white ? 255 : (red + x / 4 + (int)rng_below(r, 30)) % 200);
			p[1] = (uint8_t)(white ? 255 : (green + y / 4 + (int)rng_below(r, 30)) % 200);
			p[2] = (uint8_t)(white ? 255 : rng_below(r, 200));
		}
	}
}

static void make_title(char *title, size_t size, struct rng *r)
{
	uint32_t words = 1 + rng_below(r, 14);
	size_t n = 0;

	for (uint32_t i = 0; i < words; i++)
		n += (size_t)snprintf(title + n, size - n, "%s%s", i ? " " : "", vocabulary[rng_below(r, WORDS)]);
}

static bool agree(const struct box *a, const struct box *b)
{
	return fabsf(a->x0 - b->x0) <= AGREE_PX && fabsf(a->y0 - b->y0) <= AGREE_PX && fabsf(a->x1 - b->x1) <= AGREE_PX &&
	       fabsf(a->y1 - b->y1) <= AGREE_PX;
}

static const struct word_box *word_of(const struct card_boxes *b, int32_t index)
{
	for (size_t i = 0; i < b->word_count; i++) {
		if (b->words[i].index == index)
			return &b->words[i];
	}
	return NULL;
}

/* Words that the edge cuts have the box of the whole glyph's share on the card, which pixels do not show. */
static void compare_words(const struct card_boxes *drawn, const struct card_boxes *found, struct tally *t)
{
	for (size_t i = 0; i < drawn->word_count; i++) {
		const struct word_box *w = &drawn->words[i], *f = word_of(found, w->index);

		if (w->ink.x1 > 612)
			continue;
		t->words++;
		t->words_found +=
			f && agree(&w->ink, &f->ink) && f->first == w->first && f->end == w->end && f->line == w->line;
	}
}

static void compare(const struct card_boxes *drawn, const struct card_boxes *found, const char *title, struct tally *t)
{
	bool lines = drawn->line_count == found->line_count;

	for (int i = 0; i < CARD_LINES_MAX; i++)
		lines = lines && agree(&drawn->line[i], &found->line[i]);
	t->cards++;
	t->covers += agree(&drawn->image, &found->image) && drawn->state == found->state;
	t->categories += agree(&drawn->category, &found->category);
	t->lines += lines;
	if (!lines || !agree(&drawn->image, &found->image) || !agree(&drawn->category, &found->category))
		print_message("# differs: %s\n", title);
	compare_words(drawn, found, t);
}

struct drawn_card {
	struct image pixels;
	struct card_boxes boxes;
	char title[512];
};

static void draw_cards(struct drawn_card *cards, struct painter *painter, struct arena *a)
{
	struct image cover = {.width = 200, .height = 165, .data = malloc(200 * 165 * 3)};
	struct rng r;

	rng_init(&r, 7, 0);
	for (int i = 0; i < CARDS; i++) {
		struct card card = {.title = cards[i].title, .category = categories[i % 8], .cover = i % 3 ? &cover : NULL};

		make_title(cards[i].title, sizeof(cards[i].title), &r);
		make_cover(&cover, &r, i % 8 < 4 ? 0 : i % 4);
		must(painter_draw(painter, &card, a, &cards[i].pixels, &cards[i].boxes));
		cards[i].boxes.state = i % 3 ? FEATURE_ORIGINAL : FEATURE_TEXT_ONLY;
	}
	image_release(&cover);
}

static void check_font(const char *title_font, const char *category_font)
{
	struct drawn_card *cards = calloc(CARDS, sizeof(*cards));
	struct font_file title, category;
	struct painter *painter;
	struct find_votes votes = {0};
	struct find_norm norm;
	struct arena a = {0};
	struct tally t = {0};

	must(font_find(&title, FONT_TITLE, title_font));
	must(font_find(&category, FONT_CATEGORY, category_font));
	must(painter_open(&painter, preset_find("im-mind"), &title, &category));
	draw_cards(cards, painter, &a);
	for (int i = 0; i < CARDS; i++)
		find_vote(&votes, &cards[i].pixels);
	norm = find_count(&votes);
	assert_true(norm.has_cover);
	for (int i = 0; i < CARDS; i++) {
		struct card_boxes found;

		find_boxes(&cards[i].pixels, cards[i].title, &paper, &norm, &a, &found);
		compare(&cards[i].boxes, &found, cards[i].title, &t);
		image_release(&cards[i].pixels);
	}
	print_message("# %s: of %d cards, cover %d, category %d, lines %d; words %d of %d\n", title.name, t.cards, t.covers,
	              t.categories, t.lines, t.words_found, t.words);
	assert_int_equal(t.covers, CARDS);
	assert_int_equal(t.categories, CARDS);
	assert_int_equal(t.lines, CARDS);
	assert_true(t.words_found >= WORDS_AGREE * t.words);
	painter_close(painter);
	font_release(&title);
	font_release(&category);
	arena_release(&a);
	free(cards);
}

static void test_open_sans(void **state)
{
	(void)state;
	check_font("Open Sans", "Open Sans");
}

static void check_files(const char *title_font, const char *category_font)
{
	const char *title_path = sample_or_skip(title_font), *category_path = sample_or_skip(category_font);

	check_font(title_path, category_path);
}

static void test_selawik(void **state)
{
	(void)state;
	check_files("fonts/selawksb.ttf", "fonts/selawk.ttf");
}

static void test_dejavu(void **state)
{
	(void)state;
	check_files("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
	            "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf");
}

static void test_serifs(void **state)
{
	(void)state;
	check_files("/usr/share/fonts/truetype/liberation/LiberationSerif-Bold.ttf",
	            "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf");
}

/* A card of nothing, of one colour, of nothing but a picture, of one pixel: no boxes, or the picture's. */
static void test_cards_that_are_none(void **state)
{
	struct find_norm norm = {0};
	struct card_boxes b;
	struct arena a = {0};
	struct image card = {.width = 90, .height = 60, .data = malloc(90 * 60 * 3)};
	struct rng r;

	(void)state;
	memset(card.data, 200, 90 * 60 * 3);
	find_boxes(&card, "Some title", &paper, &norm, &a, &b);
	assert_true(b.line_count == 0 && b.word_count == 0 && b.image.x1 == 0 && b.state == FEATURE_TEXT_ONLY);
	rng_init(&r, 1, 0);
	for (int i = 0; i < 90 * 60 * 3; i++)
		card.data[i] = (uint8_t)rng_below(&r, 256);
	find_boxes(&card, "Some title", &paper, &norm, &a, &b);
	assert_true(b.line_count == 0 && b.image.x1 - b.image.x0 > 85 && b.state == FEATURE_ORIGINAL);
	card.width = card.height = 1;
	find_boxes(&card, "", &paper, &norm, &a, &b);
	assert_int_equal(b.line_count, 0);
	image_release(&card);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_sans),
		cmocka_unit_test(test_selawik),
		cmocka_unit_test(test_dejavu),
		cmocka_unit_test(test_serifs),
		cmocka_unit_test(test_cards_that_are_none),
	};

	return cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
