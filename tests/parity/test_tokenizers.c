/* The tokenizers with the published vocabularies, against golden/tokenizers.json, made by tokenizer_reference.py: odd titles,
 * and lines of a list of real headlines. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/arena.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "model/text/byte_pairs.h"
#include "model/text/wordpiece.h"
#include "tests/support/samples.h"
#include "tests/support/scratch.h"

#define GOLDEN     "tests/parity/golden/tokenizers.json"
#define VOCABULARY "tokenizers/bert-base-uncased-vocab.txt"
#define MERGES     "tokenizers/clip_bpe_simple_vocab_16e6.txt.gz"
#define HEADLINES  "headlines/headlines.txt"

static struct strbuf headlines;

/* Line n; the caller frees. */
static char *headline(int64_t n)
{
	const char *at = headlines.data;
	for (int64_t i = 0; i < n; i++) {
		at = strchr(at, '\n');
		assert_non_null(at);
		at++;
	}
	return strndup(at, strcspn(at, "\n"));
}

static void expect_ids(const json_t *wanted, const struct tokens *found, const char *title, const char *kind)
{
	for (size_t i = 0; i < json_array_size(wanted) && i < found->count; i++)
		if (json_integer_value(json_array_get(wanted, i)) != found->list[i].id)
			fail_msg("%s \"%s\": token %zu is %d, expected %d", kind, title, i, (int)found->list[i].id,
			         (int)json_integer_value(json_array_get(wanted, i)));
	if (json_array_size(wanted) != found->count)
		fail_msg("%s \"%s\": %zu tokens, expected %zu", kind, title, found->count, json_array_size(wanted));
}

static void check_offsets(const struct tokens *t, const char *title)
{
	for (size_t i = 0; i < t->count; i++) {
		assert_true(t->list[i].begin <= t->list[i].end && t->list[i].end <= strlen(title));
		/* Tokens that share a character (bytes of one letter, parts of a ligature) share its bytes. */
		assert_true(i == 0 || t->list[i].begin >= t->list[i - 1].begin);
	}
}

/* Each case: what it is, and its ids. */
static void each_case(void (*check)(void *tokenizer, const json_t *c, const char *title), void *tokenizer)
{
	json_t *cases = json_load_file(GOLDEN, 0, NULL);
	assert_non_null(cases);
	assert_in_range(json_array_size(cases), 350, 1000);
	strbuf_init(&headlines, 16u << 20);
	must(file_read(sample_path(HEADLINES), &headlines));
	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *c = json_array_get(cases, i), *title = json_object_get(c, "title");
		char *text = title ? xstrdup(json_string_value(title))
		                   : headline((int64_t)json_integer_value(json_object_get(c, "line")));
		check(tokenizer, c, text);
		free(text);
	}
	strbuf_release(&headlines);
	json_decref(cases);
}

static void check_uncased(void *tokenizer, const json_t *c, const char *title)
{
	struct tokens t = {0};
	wordpiece_encode(tokenizer, title, 10000, &t);
	expect_ids(json_object_get(c, "uncased"), &t, title, "uncased");
	check_offsets(&t, title);
	tokens_release(&t);
}

static void check_cased(void *tokenizer, const json_t *c, const char *title)
{
	struct tokens t = {0};
	wordpiece_encode(tokenizer, title, 10000, &t);
	expect_ids(json_object_get(c, "cased"), &t, title, "cased");
	check_offsets(&t, title);
	tokens_release(&t);
}

static void check_clip(void *tokenizer, const json_t *c, const char *title)
{
	struct tokens t = {0};
	byte_pairs_encode(tokenizer, title, BYTE_PAIRS_LENGTH, &t);
	expect_ids(json_object_get(c, "clip"), &t, title, "CLIP");
	check_offsets(&t, title);
	tokens_release(&t);
}

static void wordpieces_match_the_reference(void **state)
{
	(void)state;
	struct wordpiece *w;
	sample_or_skip(HEADLINES);
	const char *vocabulary = sample_or_skip(VOCABULARY);
	must(wordpiece_open(&w, vocabulary, WORDPIECE_UNCASED));
	assert_int_equal(wordpiece_size(w), 30522);
	each_case(check_uncased, w);
	wordpiece_close(w);
	must(wordpiece_open(&w, vocabulary, WORDPIECE_CASED));
	each_case(check_cased, w);
	wordpiece_close(w);
}

static void byte_pairs_match_the_reference(void **state)
{
	(void)state;
	struct byte_pairs *b;
	sample_or_skip(HEADLINES);
	must(byte_pairs_open(&b, sample_or_skip(MERGES)));
	assert_int_equal(byte_pairs_size(b), 49408);
	each_case(check_clip, b);
	byte_pairs_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wordpieces_match_the_reference),
		cmocka_unit_test(byte_pairs_match_the_reference),
	};
	return cmocka_run_group_tests_name("tokenizers", tests, NULL, NULL);
}
