/* Cards by their pixels' digest and their boxes, as tests/parity/golden/cards.txt has them.
 *
 * They hold for the very font files and library versions that the file names. With others a set is skipped, by name, and
 * the other tests of cards must do. To write the file anew, and the cards as PNG to look at:
 *     build/tests/parity/test_card_golden write [FOLDER]                       (or make golden-cards) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cairo.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb.h>
#include <pango/pango.h>

#include "common/digest.h"
#include "common/file.h"
#include "common/image.h"
#include "common/strbuf.h"
#include "render/card.h"
#include "render/layout.h"
#include "tests/support/card_titles.h"
#include "tests/support/samples.h"
#include "tests/support/scratch.h"

#define GOLDEN       "tests/parity/golden/cards.txt"
#define GOLDEN_BYTES ((size_t)1 << 20)
#define DEJAVU       "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

/* What a set of cards is drawn with. */
struct set {
	const char *name;
	const char *title_font, *category_font, *fallback; /* fallback may be NULL */
	const char *layout;                                /* an ini file's text; NULL: im-mind */
	enum wrap_rule wrap;
	size_t every; /* of the titles: each, each second, … */
};

#define OPEN_SANS "/usr/share/fonts/truetype/open-sans/OpenSans-"
#define SELAWIK   "fonts/selawk" /* among the samples */

static const struct set sets[] = {
	{"open-sans", OPEN_SANS "Semibold.ttf", OPEN_SANS "Regular.ttf", NULL, NULL, WRAP_PAPER, 1},
	{"open-sans-and-dejavu", OPEN_SANS "Semibold.ttf", OPEN_SANS "Regular.ttf", DEJAVU, NULL, WRAP_PAPER, 1},
	{"selawik", SELAWIK "sb.ttf", SELAWIK ".ttf", NULL, NULL, WRAP_PAPER, 1},
	{"by-width", OPEN_SANS "Semibold.ttf", OPEN_SANS "Regular.ttf", NULL, NULL, WRAP_WIDTH, 2},
	{"layout", OPEN_SANS "Semibold.ttf", OPEN_SANS "Regular.ttf", NULL,
     "[card]\nwidth = 400\nheight = 260\n[image]\nx = 10\ny = 8\nwidth = 380\nheight = 120\n[title]\nx = 12.5\ny = "
     "130\n"
     "width = 370\nsize = 20\nspacing = 6\nlines = 2\ncharacters = 36\ncolour = #102030\n[category]\nx = 12.5\ny = "
     "222\n"
     "size = 16\ncolour = #a04000\n",
     WRAP_PAPER, 3},
};
#define SET_COUNT (sizeof(sets) / sizeof(*sets))

struct studio {
	struct font_file title, category, fallback;
	struct layout layout;
	struct card_preset preset;
	struct painter *painter;
	struct arena arena;
	struct image pixels;
	struct card_boxes boxes;
};

/* Text ------------------------------------------------------------------------------------------------------------- */

static void add_versions(struct strbuf *out)
{
	FT_Library library;
	int major = 0, minor = 0, patch = 0;

	if (FT_Init_FreeType(&library) == 0) {
		FT_Library_Version(library, &major, &minor, &patch);
		FT_Done_FreeType(library);
	}
	strbuf_printf(out, "libraries: pango %s cairo %s freetype %d.%d.%d harfbuzz %s\n", pango_version_string(),
	              cairo_version_string(), major, minor, patch, hb_version_string());
}

static void add_box(struct strbuf *out, const char *name, const struct box *b)
{
	strbuf_printf(out, " %s %.2f,%.2f,%.2f,%.2f", name, (double)b->x0, (double)b->y0, (double)b->x1, (double)b->y1);
}

static void add_card(struct strbuf *out, const char *name, const struct image *pixels, const struct card_boxes *b)
{
	char hex[DIGEST_HEX];

	digest_bytes(pixels->data, (size_t)pixels->width * (size_t)pixels->height * 3, hex);
	strbuf_printf(out, "%s %s lines %d cut %d missing %d lost", name, hex, b->line_count, b->cut, b->missing);
	for (size_t i = 0; i < b->lost_count; i++)
		strbuf_printf(out, "%s%d", i ? "," : " ", b->lost[i]);
	strbuf_puts(out, "\n ");
	add_box(out, "category", &b->category);
	for (int i = 0; i < b->line_count; i++)
		add_box(out, "line", &b->line[i]);
	strbuf_puts(out, "\n");
	for (size_t i = 0; i < b->word_count; i++) {
		const struct word_box *w = &b->words[i];

		strbuf_printf(out, "  %d line %d bytes %d-%d", w->index, w->line, w->first, w->end);
		add_box(out, "ink", &w->ink);
		strbuf_printf(out, " pen %.2f-%.2f\n", (double)w->advance.x0, (double)w->advance.x1);
	}
}

/* Drawing ---------------------------------------------------------------------------------------------------------- */

static void studio_open(struct studio *s, const struct set *set)
{
	*s = (struct studio){.preset = *preset_find("im-mind")};
	must(font_find(&s->title, FONT_TITLE, sample_path(set->title_font)));
	must(font_find(&s->category, FONT_CATEGORY, sample_path(set->category_font)));
	if (set->fallback) {
		must(font_find(&s->fallback, FONT_FALLBACK, set->fallback));
		s->title.next = s->category.next = &s->fallback;
	}
	if (set->layout) {
		must(layout_read(&s->layout, scratch_text("layout.ini", set->layout)));
		s->preset = s->layout.card;
	}
	s->preset.wrap = set->wrap;
	must(painter_open(&s->painter, &s->preset, &s->title, &s->category));
}

static void studio_close(struct studio *s)
{
	painter_close(s->painter);
	font_release(&s->title);
	font_release(&s->category);
	font_release(&s->fallback);
	layout_release(&s->layout);
	image_release(&s->pixels);
	arena_release(&s->arena);
}

static void studio_draw(struct studio *s, const struct card_title *t)
{
	struct card card = {.title = t->title, .category = t->category};

	arena_reset(&s->arena);
	must(painter_draw(s->painter, &card, &s->arena, &s->pixels, &s->boxes));
}

static void save_png(const struct studio *s, const char *folder, const char *set, const char *name)
{
	char *path = path_printf("%s/%s-%s.png", folder, set, name);
	struct image copy = s->pixels;
	uint8_t *bytes;
	size_t n;

	card_outline(&copy, &s->boxes);
	must(image_encode_png(&copy, 6, &bytes, &n));
	must(file_write(path, bytes, n));
	free(bytes);
	free(path);
}

static bool set_there(const struct set *set)
{
	return sample_path(set->title_font) && sample_path(set->category_font) &&
	       (!set->fallback || sample_path(set->fallback));
}

/* The heading by which a set is found; it names the fonts' digests. */
static void add_heading(struct strbuf *out, const struct set *set, const struct studio *s)
{
	strbuf_printf(out, "== %s %s %s %s\n", set->name, s->title.sha256, s->category.sha256,
	              set->fallback ? s->fallback.sha256 : "-");
}

static void add_cards(struct strbuf *out, const struct set *set, struct studio *s, const char *folder)
{
	for (size_t i = 0; i < card_title_count; i += set->every) {
		studio_draw(s, &card_titles[i]);
		add_card(out, card_titles[i].name, &s->pixels, &s->boxes);
		if (folder)
			save_png(s, folder, set->name, card_titles[i].name);
	}
}

/* Comparing -------------------------------------------------------------------------------------------------------- */

static size_t line_length(const char *text)
{
	return strcspn(text, "\n") + (strchr(text, '\n') != NULL);
}

/* The first line in which they differ is what the message shows. */
static void compare(const char *found, const char *expected, const char *set)
{
	while (*found || *expected) {
		size_t have = line_length(found), want = line_length(expected);

		if (strncmp(expected, "== ", 3) == 0)
			want = 0;
		if (have != want || memcmp(found, expected, have) != 0)
			fail_msg("%s differs:\n found    %.*s expected %.*s", set, (int)have, found, (int)want, expected);
		if (want == 0)
			return;
		found += have;
		expected += want;
	}
}

static void check_set(const struct set *set)
{
	struct strbuf golden, heading, versions, found;
	struct studio s;
	const char *at;

	if (!set_there(set))
		skip();
	strbuf_init(&golden, GOLDEN_BYTES);
	strbuf_init(&heading, 1024);
	strbuf_init(&versions, 1024);
	strbuf_init(&found, GOLDEN_BYTES);
	must(file_read(GOLDEN, &golden));
	studio_open(&s, set);
	add_heading(&heading, set, &s);
	add_versions(&versions);
	add_cards(&found, set, &s, NULL);
	at = strstr(golden.data, heading.data);
	if (at && strstr(golden.data, versions.data))
		compare(found.data, at + heading.len, set->name);
	studio_close(&s);
	if (!at || !strstr(golden.data, versions.data)) {
		print_message("# %s: other fonts or libraries than the golden file's: %s", set->name, versions.data);
		strbuf_release(&golden);
		skip();
	}
	strbuf_release(&golden);
	strbuf_release(&heading);
	strbuf_release(&versions);
	strbuf_release(&found);
}

static void test_open_sans(void **state)
{
	(void)state;
	check_set(&sets[0]);
}

static void test_fallback(void **state)
{
	(void)state;
	check_set(&sets[1]);
}

static void test_selawik(void **state)
{
	(void)state;
	check_set(&sets[2]);
}

static void test_by_width(void **state)
{
	(void)state;
	check_set(&sets[3]);
}

static void test_layout(void **state)
{
	(void)state;
	check_set(&sets[4]);
}

/* Refuses where a set's fonts are missing: the file would lose it. */
static void write_golden(const char *folder)
{
	struct strbuf out;

	strbuf_init(&out, GOLDEN_BYTES);
	strbuf_puts(
		&out, "Written by build/tests/parity/test_card_golden write. A card: digest of its RGB pixels, then boxes.\n");
	add_versions(&out);
	for (size_t i = 0; i < SET_COUNT; i++) {
		struct studio s;

		if (!set_there(&sets[i])) {
			print_error("%s: its fonts are not here; nothing written\n", sets[i].name);
			strbuf_release(&out);
			exit(1);
		}
		studio_open(&s, &sets[i]);
		add_heading(&out, &sets[i], &s);
		add_cards(&out, &sets[i], &s, folder);
		studio_close(&s);
	}
	must(strbuf_check(&out, GOLDEN));
	must(file_write(GOLDEN, out.data, out.len));
	strbuf_release(&out);
}

static int wanted_argc;
static char **wanted_argv;

static void test_write(void **state)
{
	(void)state;
	must(image_start("test_card_golden"));
	write_golden(wanted_argc > 2 ? wanted_argv[2] : NULL);
	image_stop();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_sans), cmocka_unit_test(test_fallback), cmocka_unit_test(test_selawik),
		cmocka_unit_test(test_by_width),  cmocka_unit_test(test_layout),
	};
	const struct CMUnitTest writing[] = {cmocka_unit_test(test_write)};

	wanted_argc = argc;
	wanted_argv = argv;
	if (argc > 1 && strcmp(argv[1], "write") == 0)
		return cmocka_run_group_tests_name("write", writing, scratch_make, scratch_remove);
	return cmocka_run_group_tests_name("card golden", tests, scratch_make, scratch_remove);
}
