/* How titles break into lines: each case is the exact lines of a card. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/strbuf.h"
#include "render/wrap.h"
#include "tests/support/samples.h"

static const struct wrap_limits paper = {.rule = WRAP_PAPER, .characters = 27, .lines = 3};

struct wrap_case {
	const char *title;
	const char *lines[CARD_LINES_MAX]; /* NULL: there is no such line */
	int word_count, word_lost;
};

static const struct wrap_case cases[] = {
	{"", {NULL}, 0, 0},
	{"   ", {NULL}, 0, 0},
	{"One", {"One"}, 1, 0},
	/* 27 characters fit, 28 do not. */
	{"abcdefghijklm nopqrstuvwxyz", {"abcdefghijklm nopqrstuvwxyz"}, 2, 0},
	{"abcdefghijklmn nopqrstuvwxyz", {"abcdefghijklmn", "nopqrstuvwxyz"}, 2, 0},
	{"The most ridiculous thing you can be fined for in each state",
     {"The most ridiculous thing", "you can be fined for in", "each state"},
     12,
     0},
	/* Runs of spaces count as one. */
	{"  two   words ", {"two words"}, 2, 0},
	/* What does not fit takes the last word with it. */
	{"aaaaaaaaa bbbbbbbbb ccccccc ddddddddd eeeeeeeee fffffff ggggggggg hhhhhhhhh iiiiiii jjj",
     {"aaaaaaaaa bbbbbbbbb ccccccc", "ddddddddd eeeeeeeee fffffff", "ggggggggg hhhhhhhhh..."},
     8,
     2},
	/* … even if it is the line's only one. */
	{"aaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccc ddddddddddddddddddd",
     {"aaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbb", "..."},
     2,
     2},
	/* Exactly three full lines are not cut. */
	{"aaaaaaaaa bbbbbbbbb ccccccc ddddddddd eeeeeeeee fffffff ggggggggg hhhhhhhhh iiiiiii",
     {"aaaaaaaaa bbbbbbbbb ccccccc", "ddddddddd eeeeeeeee fffffff", "ggggggggg hhhhhhhhh iiiiiii"},
     9,
     0},
	/* A first word too long for a line leaves the first line empty; a later one gets a line of its own. */
	{"abcdefghijklmnopqrstuvwxyzab two", {"", "abcdefghijklmnopqrstuvwxyzab", "two"}, 2, 0},
	{"one abcdefghijklmnopqrstuvwxyzab two", {"one", "abcdefghijklmnopqrstuvwxyzab", "two"}, 3, 0},
	{"abcdefghijklmnopqrstuvwxyzab abcdefghijklmnopqrstuvwxyzab three",
     {"", "abcdefghijklmnopqrstuvwxyzab", "..."},
     1,
     2},
	/* Characters are code points, not bytes: 27 of two bytes each. */
	{"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 "
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
     {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 "
      "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"},
     2,
     0},
	/* Bytes that are not UTF-8 show as '?'. */
	{"caf\xe9 \xff\xfe ok", {"caf? ?? ok"}, 3, 0},
};

static void test_exact_lines(void **state)
{
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct wrap_case *c = &cases[i];
		struct wrap w;
		int lines = 0;

		wrap_title(&w, &a, c->title, &paper);
		for (int k = 0; k < CARD_LINES_MAX; k++) {
			assert_string_equal(w.line[k], c->lines[k] ? c->lines[k] : "");
			lines += c->lines[k] != NULL;
		}
		assert_int_equal(w.line_count, lines);
		assert_int_equal(w.word_count, c->word_count);
		assert_int_equal(w.word_lost, c->word_lost);
		assert_int_equal(w.cut, c->word_lost > 0);
	}
	arena_release(&a);
}

/* Where a word lies in its line and in the title is the same text. */
static void check_words(const char *title, const struct wrap *w)
{
	for (size_t k = 0; k < w->word_count; k++) {
		const struct wrap_word *word = &w->words[k];

		assert_int_equal(word->index, k);
		assert_in_range(word->line, 0, w->line_count - 1);
		assert_int_equal(word->length, word->end - word->first);
		assert_memory_equal(w->line[word->line] + word->offset, title + word->first, (size_t)word->length);
		assert_true(title[word->end] == ' ' || title[word->end] == '\0');
		assert_true(word->first == 0 || title[word->first - 1] == ' ');
	}
}

static void test_words_are_where_they_say(void **state)
{
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(cases) / sizeof(*cases); i++) { /* the last one is not UTF-8 */
		struct wrap w;

		wrap_title(&w, &a, cases[i].title, &paper);
		check_words(cases[i].title, &w);
	}
	arena_release(&a);
}

/* Spans are of the title as it stands in the catalogue, lines are as they are lettered. */
static void test_entities_and_controls(void **state)
{
	static const char title[] = "M&amp;S \x01 isn&#39;t &quot;it&quot;";
	static const int32_t spans[][2] = {{0, 7}, {8, 9}, {10, 19}, {20, 34}};
	struct arena a = {0};
	struct wrap w;

	(void)state;
	wrap_title(&w, &a, title, &paper);
	assert_string_equal(w.line[0], "M&S \u200b isn't \"it\"");
	assert_int_equal(w.line_count, 1);
	assert_int_equal(w.word_count, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(w.words[i].first, spans[i][0]);
		assert_int_equal(w.words[i].end, spans[i][1]);
		assert_int_equal(w.words[i].index, i);
	}
	arena_release(&a);
}

/* A letter is 1 px wide here, an "i" half a px. */
static double letters(void *context, const char *text)
{
	double px = 0;

	(void)context;
	for (; *text; text++)
		px += *text == 'i' ? 0.5 : 1;
	return px;
}

static void test_by_width(void **state)
{
	static const struct wrap_limits ten = {.rule = WRAP_WIDTH, .lines = 2, .width_px = 10, .measure = letters};
	static const struct {
		const char *title, *first, *second;
		int count, lost;
	} widths[] = {
		{"", "", "", 0, 0},
		{"iiiiiiii iiiiiiiiii aaaaaaaaaa", "iiiiiiii iiiiiiiiii", "aaaaaaaaaa", 3, 0},
		/* A word too wide has its own line, and no line stays empty. */
		{"aaaaaaaaaaaa b", "aaaaaaaaaaaa", "b", 2, 0},
		/* The dots take a word only where they need its room. */
		{"aaaaaaaaaa bbb ccc ddddddd", "aaaaaaaaaa", "bbb ccc...", 3, 1},
		{"aaaaaaaaaa bbb cccc ddddddd", "aaaaaaaaaa", "bbb...", 2, 2},
		{"aaaaaaaaaa b c d e f ggggggg", "aaaaaaaaaa", "b c d e...", 5, 2},
		{"aaaaaaaaaa bbbbbbbbb ddddddd", "aaaaaaaaaa", "...", 1, 2},
	};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		struct wrap w;

		wrap_title(&w, &a, widths[i].title, &ten);
		assert_string_equal(w.line[0], widths[i].first);
		assert_string_equal(w.line[1], widths[i].second);
		assert_int_equal(w.word_count, widths[i].count);
		assert_int_equal(w.word_lost, widths[i].lost);
		assert_int_equal(w.cut, widths[i].lost > 0);
		check_words(widths[i].title, &w);
	}
	arena_release(&a);
}

static void test_an_endless_word_is_bounded(void **state)
{
	struct arena a = {0};
	char *title = malloc(3000001);
	struct wrap w;

	(void)state;
	for (size_t i = 0; i < 3000000; i += 3)
		memcpy(title + i, "\xe2\x82\xac", 3);
	title[3000000] = '\0';
	wrap_title(&w, &a, title, &paper);
	assert_int_equal(w.word_count, 1);
	assert_int_equal(w.words[0].line, 1);
	assert_int_equal(w.words[0].end, 3000000);
	assert_int_equal(w.words[0].length, WRAP_LINE_BYTES / 3 * 3);
	assert_int_equal(strlen(w.line[1]), WRAP_LINE_BYTES / 3 * 3);
	free(title);
	arena_release(&a);
}

static void test_categories_as_words(void **state)
{
	struct arena a = {0};

	(void)state;
	assert_string_equal(wrap_category(&a, "foodanddrink"), "food and drink");
	assert_string_equal(wrap_category(&a, "northamerica"), "north america");
	assert_string_equal(wrap_category(&a, "middleeast"), "middle east");
	assert_string_equal(wrap_category(&a, "sports"), "sports");
	assert_string_equal(wrap_category(&a, "home_and-kitchen"), "home and kitchen");
	assert_string_equal(wrap_category(&a, ""), "");
	arena_release(&a);
}

/* 500 real titles, a little shorter than MIND's: 2.308 lines each, as an independent count in another language has it. */
static void test_real_headlines(void **state)
{
	const char *path = sample_or_skip("headlines/msn500.tsv");
	struct catalog news = {0};
	struct arena a = {0};
	uint64_t lines = 0, words = 0;

	(void)state;
	assert_int_equal(catalog_add_file(&news, path, NULL, NULL), ST_OK);
	assert_int_equal(news.count, 500);
	for (uint32_t i = 0; i < news.count; i++) {
		struct wrap w;

		wrap_title(&w, &a, news.news[i].title, &paper);
		check_words(news.news[i].title, &w);
		lines += (uint64_t)w.line_count;
		words += w.word_count;
	}
	assert_int_equal(lines, 1154);
	assert_int_equal(words, 4205);
	arena_release(&a);
	catalog_close(&news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_lines),
		cmocka_unit_test(test_words_are_where_they_say),
		cmocka_unit_test(test_entities_and_controls),
		cmocka_unit_test(test_by_width),
		cmocka_unit_test(test_an_endless_word_is_bounded),
		cmocka_unit_test(test_categories_as_words),
		cmocka_unit_test(test_real_headlines),
	};

	return cmocka_run_group_tests_name("wrap", tests, NULL, NULL);
}
