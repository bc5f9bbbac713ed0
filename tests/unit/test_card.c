/* Cards: every pixel of a word lies in its box, the cover where it belongs, the text where PIL puts it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/image.h"
#include "render/card.h"
#include "render/render.h"
#include "render/wrap.h"
#include "tests/support/samples.h"
#include "tests/support/scratch.h"

struct studio {
	struct font_file title, category;
	struct painter *painter;
	struct arena arena;
	struct image card;
	struct card_boxes boxes;
};

static int open_studio(struct studio *s, const char *title_font, const char *category_font)
{
	if (font_find(&s->title, FONT_TITLE, title_font) != ST_OK ||
	    font_find(&s->category, FONT_CATEGORY, category_font) != ST_OK ||
	    painter_open(&s->painter, preset_find("im-mind"), &s->title, &s->category) != ST_OK) {
		fprintf(stderr, "%s\n", status_message());
		return -1;
	}
	return 0;
}

static int make_studio(void **state)
{
	*state = calloc(1, sizeof(struct studio));
	return open_studio(*state, "Open Sans", "Open Sans");
}

static int close_studio(void **state)
{
	struct studio *s = *state;

	painter_close(s->painter);
	font_release(&s->title);
	font_release(&s->category);
	image_release(&s->card);
	arena_release(&s->arena);
	free(s);
	return 0;
}

static void draw(struct studio *s, const char *title, const char *category, const struct image *cover)
{
	struct card card = {.title = title, .category = category, .cover = cover};

	assert_int_equal(painter_draw(s->painter, &card, &s->arena, &s->card, &s->boxes), ST_OK);
	assert_int_equal(s->card.width, 615);
	assert_int_equal(s->card.height, 195);
}

static const uint8_t *pixel(const struct image *img, int x, int y)
{
	return img->data + ((size_t)y * (size_t)img->width + (size_t)x) * 3;
}

static bool is_white(const uint8_t *p)
{
	return p[0] == 255 && p[1] == 255 && p[2] == 255;
}

/* The pixels that a box touches. */
static bool touches(const struct box *b, int x, int y)
{
	return x + 1 > b->x0 && x < b->x1 && y + 1 > b->y0 && y < b->y1;
}

static bool in_a_word(const struct card_boxes *b, int x, int y)
{
	for (size_t i = 0; i < b->word_count; i++) {
		if (touches(&b->words[i].ink, x, y))
			return true;
	}
	return false;
}

static int ink_in(const struct image *img, const struct box *b)
{
	int n = 0;

	for (int y = (int)b->y0; y < b->y1; y++) {
		for (int x = (int)b->x0; x < b->x1; x++)
			n += !is_white(pixel(img, x, y));
	}
	return n;
}

static void assert_inside(const struct box *inner, const struct box *outer)
{
	assert_true(inner->x0 >= outer->x0 && inner->x1 <= outer->x1);
	assert_true(inner->y0 >= outer->y0 && inner->y1 <= outer->y1);
	assert_true(inner->x1 > inner->x0 && inner->y1 > inner->y0);
}

static void test_all_ink_is_in_boxes(void **state)
{
	struct studio *s = *state;

	draw(s,
	     "Why \"jumping\" fjords, (Quartz) & \xc3\x89"
	     "clairs go AWAY \xe2\x80\x94 fly",
	     "foodanddrink", NULL);
	assert_int_equal(s->boxes.line_count, 3);
	for (int y = 0; y < 195; y++) {
		for (int x = 0; x < 615; x++) {
			if (!is_white(pixel(&s->card, x, y)))
				assert_true(in_a_word(&s->boxes, x, y) || touches(&s->boxes.category, x, y));
		}
	}
	for (size_t i = 0; i < s->boxes.word_count; i++) {
		const struct word_box *w = &s->boxes.words[i];

		assert_inside(&w->ink, &s->boxes.line[w->line]);
		assert_true(ink_in(&s->card, &w->ink) > 5);
		assert_true(w->advance.x1 > w->advance.x0);
	}
}

/* Boxes are tight: each side of a word's box has ink within a pixel of it, and words do not overlap. */
static void test_boxes_are_tight(void **state)
{
	struct studio *s = *state;

	draw(s, "Storm hits the coast again tonight", "news", NULL);
	for (size_t i = 0; i < s->boxes.word_count; i++) {
		struct box b = s->boxes.words[i].ink, side;

		side = (struct box){b.x0, b.y0, b.x0 + 1, b.y1};
		assert_true(ink_in(&s->card, &side) > 0);
		side = (struct box){b.x1 - 1, b.y0, b.x1, b.y1};
		assert_true(ink_in(&s->card, &side) > 0);
		side = (struct box){b.x0, b.y0, b.x1, b.y0 + 1};
		assert_true(ink_in(&s->card, &side) > 0);
		side = (struct box){b.x0, b.y1 - 1, b.x1, b.y1};
		assert_true(ink_in(&s->card, &side) > 0);
		if (i > 0 && s->boxes.words[i - 1].line == s->boxes.words[i].line)
			assert_true(s->boxes.words[i - 1].ink.x1 <= b.x0);
	}
}

static void test_the_dots_are_of_no_word(void **state)
{
	struct studio *s = *state;
	const struct word_box *last;

	draw(s, "aaaaaaaaa bbbbbbbbb ccccccc ddddddddd eeeeeeeee fffffff ggggggggg hhhhhhhhh iiiiiii jjj", "news", NULL);
	assert_true(s->boxes.cut);
	assert_int_equal(s->boxes.lost_count, 2);
	assert_true(s->boxes.lost[0] == 8 && s->boxes.lost[1] == 9);
	assert_int_equal(s->boxes.word_count, 8);
	last = &s->boxes.words[7];
	assert_int_equal(last->line, 2);
	assert_true(s->boxes.line[2].x1 > last->ink.x1 + 5);
}

static void test_what_passes_the_edge_is_clipped(void **state)
{
	struct studio *s = *state;
	const struct box *b;

	draw(s, "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW two", "news", NULL);
	b = &s->boxes.words[0].ink;
	assert_true(b->x1 == 615 && b->x0 > 220 && b->x0 < 235);
	assert_true(s->boxes.line[1].x1 == 615);
	assert_true(s->boxes.line[0].x1 == 0);
}

static void test_cover_and_colours(void **state)
{
	struct studio *s = *state;
	struct image cover = {.width = 200, .height = 165, .data = malloc(200 * 165 * 3)};

	for (int i = 0; i < 200 * 165; i++) {
		cover.data[3 * i] = (uint8_t)(i % 200);
		cover.data[3 * i + 1] = (uint8_t)(i / 200);
		cover.data[3 * i + 2] = 7;
	}
	draw(s, "", "", &cover);
	assert_int_equal(s->boxes.line_count, 0);
	for (int y = 0; y < 195; y++) {
		for (int x = 0; x < 615; x++) {
			const uint8_t *p = pixel(&s->card, x, y);

			if (x >= 15 && x < 215 && y >= 15 && y < 180)
				assert_true(p[0] == x - 15 && p[1] == y - 15 && p[2] == 7);
			else
				assert_true(is_white(p));
		}
	}
	free(cover.data);
	draw(s, "\xe2\x96\x88 IIIIII", "IIIIII", NULL);
	for (int y = 0, title = 0, category = 0; y < 195; y++) {
		for (int x = 0; x < 615; x++) {
			const uint8_t *p = pixel(&s->card, x, y);

			assert_true(p[0] == p[1] && p[1] == p[2]);
			assert_true(p[0] >= (y < 130 ? 0x2b : 0x66));
			title += p[0] == 0x2b;
			category += p[0] == 0x66;
		}
		if (y == 194)
			assert_true(title > 20 && category > 20);
	}
}

/* The same card after others, from another painter, and from one that has drawn nothing yet. */
static void test_a_card_does_not_depend_on_others(void **state)
{
	struct studio *s = *state, other = {0};
	size_t bytes = 615 * 195 * 3;
	uint8_t *first = malloc(bytes);

	draw(s, "The same card, twice", "sports", NULL);
	memcpy(first, s->card.data, bytes);
	draw(s, "Something else", "\xe2\x82\xac", NULL);
	draw(s, "The same card, twice", "sports", NULL);
	assert_memory_equal(first, s->card.data, bytes);
	assert_int_equal(open_studio(&other, "Open Sans", "Open Sans"), 0);
	draw(&other, "The same card, twice", "sports", NULL);
	assert_memory_equal(first, other.card.data, bytes);
	painter_close(other.painter);
	font_release(&other.title);
	font_release(&other.category);
	image_release(&other.card);
	arena_release(&other.arena);
	free(first);
}

static void assert_box(const struct box *b, float x0, float y0, float x1, float y1)
{
	if (fabsf(b->x0 - x0) > 1.5f || fabsf(b->y0 - y0) > 1 || fabsf(b->x1 - x1) > 1.5f || fabsf(b->y1 - y1) > 1)
		fail_msg("box %g %g %g %g, expected %g %g %g %g", (double)b->x0, (double)b->y0, (double)b->x1, (double)b->y1,
		         (double)x0, (double)y0, (double)x1, (double)y1);
}

/* The ink that Pillow 9.4 puts there for the same text, font and sizes, to a pixel or so (it hints, we do not). */
static void test_text_lies_where_pil_puts_it(void **state)
{
	const char *semibold = sample_or_skip("fonts/selawksb.ttf"), *regular = sample_or_skip("fonts/selawk.ttf");
	struct studio s = {0};

	(void)state;
	assert_int_equal(open_studio(&s, semibold, regular), 0);
	draw(&s, "The most ridiculous thing you can be fined for in each state", "finance", NULL);
	assert_int_equal(s.boxes.line_count, 3);
	assert_box(&s.boxes.line[0], 229, 22, 544, 48);
	assert_box(&s.boxes.line[1], 228, 59, 508, 85);
	assert_box(&s.boxes.line[2], 229, 97, 353, 117);
	assert_box(&s.boxes.category, 229, 148, 304, 166);
	painter_close(s.painter);
	font_release(&s.title);
	font_release(&s.category);
	image_release(&s.card);
	arena_release(&s.arena);
}

static void test_fonts_that_are_none(void **state)
{
	struct font_file f;

	(void)state;
	assert_int_equal(font_find(&f, FONT_TITLE, "/nonexistent/font.ttf"), ST_FAILED);
	assert_non_null(strstr(status_message(), "/nonexistent/font.ttf"));
	assert_int_equal(font_find(&f, FONT_TITLE, "No Such Family"), ST_FAILED);
	assert_non_null(strstr(status_message(), "--title-font"));
	assert_int_equal(font_find(&f, FONT_CATEGORY, scratch_text("none.ttf", "this is no font")), ST_FAILED);
	assert_null(f.path);
}

/* A plain picture with borders at both sides, above and below, or nowhere, and one so thin that a pixel is left of it: its box
 * on the card is around just the pixels that are not white. */
static void test_a_picture_with_borders(void **state)
{
	static const int sizes[][2] = {{300, 100}, {100, 300}, {200, 165}, {37, 91}, {641, 480}, {1000, 3}};
	struct studio *s = *state;
	struct render_options o = {.preset = preset_find("im-mind"), .image_fit = IMAGE_CONTAIN};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct image plain = {sizes[i][0], sizes[i][1], calloc((size_t)sizes[i][0] * (size_t)sizes[i][1], 3)}, cover;
		struct card card = {.title = "", .category = "", .cover = &cover};
		struct box picture, seen = {1e9F, 1e9F, 0, 0};
		uint8_t *bytes;
		size_t n;
		int width, height;

		assert_int_equal(image_encode_png(&plain, 1, &bytes, &n), ST_OK);
		assert_int_equal(image_decode(&cover, bytes, n, 200, 165, IMAGE_CONTAIN, &width, &height), ST_OK);
		picture = render_picture_box(&o, width, height);
		card.picture = &picture;
		assert_int_equal(painter_draw(s->painter, &card, &s->arena, &s->card, &s->boxes), ST_OK);
		for (int y = 0; y < s->card.height; y++) {
			for (int x = 0; x < s->card.width; x++) {
				if (!is_white(pixel(&s->card, x, y))) {
					assert_int_equal(pixel(&s->card, x, y)[0], 0);
					seen = (struct box){fminf(seen.x0, (float)x), fminf(seen.y0, (float)y),
					                    fmaxf(seen.x1, (float)(x + 1)), fmaxf(seen.y1, (float)(y + 1))};
				}
			}
		}
		assert_memory_equal(&seen, &s->boxes.image, sizeof(seen));
		free(bytes);
		image_release(&plain);
		image_release(&cover);
	}
}

#define DRAWN(test) cmocka_unit_test_setup_teardown(test, make_studio, close_studio)

static int start_pictures(void **state)
{
	(void)state;
	return image_start("test_card") == ST_OK ? 0 : -1;
}

static int stop_pictures(void **state)
{
	(void)state;
	image_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DRAWN(test_all_ink_is_in_boxes),
		DRAWN(test_boxes_are_tight),
		DRAWN(test_the_dots_are_of_no_word),
		DRAWN(test_what_passes_the_edge_is_clipped),
		DRAWN(test_cover_and_colours),
		DRAWN(test_a_picture_with_borders),
		DRAWN(test_a_card_does_not_depend_on_others),
		cmocka_unit_test(test_text_lies_where_pil_puts_it),
		cmocka_unit_test_setup_teardown(test_fonts_that_are_none, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests_name("card", tests, start_pictures, stop_pictures);
}
