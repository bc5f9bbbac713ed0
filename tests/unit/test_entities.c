/* Entities of a catalogue: where they stand in a text, which words they cover, and the vectors that they bring. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model/text/entities.h"
#include "model/train/news_data.h"
#include "tests/support/scratch.h"

/* The mentions as "ID/TYPE:what they cover", joined by a space; NULL if the JSON is refused. */
static const char *mentions_of(const char *json, const char *text, char out[512])
{
	struct arena a = {0};
	struct entity_mention *m;
	int32_t count;
	const enum status st = entities_parse(json, text, &a, &m, &count);
	out[0] = '\0';
	for (int32_t i = 0; i < count && st == ST_OK; i++)
		snprintf(out + strlen(out), 512 - strlen(out), "%s%s/%s:%.*s", i ? " " : "", m[i].id, m[i].type,
		         (int)(m[i].end - m[i].begin), text + m[i].begin);
	arena_release(&a);
	if (st != ST_OK)
		assert_int_equal(st, ST_MALFORMED);
	return st == ST_OK ? out : NULL;
}

#define ENTITY(id, type, offsets, forms)                                                                               \
	"{\"Label\": \"l\", \"Type\": \"" type "\", \"WikidataId\": \"" id                                                 \
	"\", \"Confidence\": 1.0, \"OccurrenceOffsets\": [" offsets "], \"SurfaceForms\": [" forms "]}"

static void mentions_are_found(void **state)
{
	(void)state;
	static const char title[] = "Caf\xc3\xa9 owner Prince Philip meets Philip";
	char out[512];
	assert_string_equal(mentions_of("", title, out), "");
	assert_string_equal(mentions_of("[]", title, out), "");
	assert_string_equal(mentions_of(" [ ] ", title, out), "");
	/* Offsets are of characters, not bytes; case does not matter; of several forms the longest that stands there. */
	assert_string_equal(mentions_of("[" ENTITY("Q1", "P", "11, 31", "\"philip\", \"prince philip\"") "]", title, out),
	                    "Q1/P:Prince Philip Q1/P:Philip");
	/* A wrong offset: the form's first place as whole words. */
	assert_string_equal(mentions_of("[" ENTITY("Q2", "C", "900", "\"own\", \"Owner\"") "]", title, out), "Q2/C:owner");
	assert_string_equal(mentions_of("[" ENTITY("Q2", "C", "2", "\"own\", \"wner\", \"\"") "]", title, out), "Q2/C:");
	/* Without an offset it is named nowhere; without an id it is none; a long type is not kept. */
	assert_string_equal(
		mentions_of("[" ENTITY("", "C", "0", "\"x\"") ", " ENTITY("Q3", "0123456789abcdef", "", "") "]", title, out),
		"Q3/:");
	assert_string_equal(mentions_of("[{\"WikidataId\": \"Q4\"}, {\"WikidataId\": null}]", title, out), "Q4/:");
}

static void wrong_lists_are_told(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"{}",
		"[",
		"[1]",
		"nonsense",
		"[{\"WikidataId\": 3}]",
		"[{\"WikidataId\": \"Q1\", \"OccurrenceOffsets\": 7}]",
		"[{\"WikidataId\": \"Q1\", \"OccurrenceOffsets\": [-1]}]",
		"[{\"WikidataId\": \"Q1\", \"OccurrenceOffsets\": [1.5]}]",
		"[{\"WikidataId\": \"Q1\", \"OccurrenceOffsets\": [0], \"SurfaceForms\": [0]}]",
		"[{\"WikidataId\": \"Q 1\"}]",
		"[{\"WikidataId\": \"Q01234567890123456789012345678901\"}]",
	};
	char out[512];
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_null(mentions_of(wrong[i], "a title", out));
}

static void mentions_are_capped(void **state)
{
	(void)state;
	struct arena a = {0};
	struct entity_mention *m;
	int32_t count;
	const size_t size = 64 + 3 * (ENTITY_MENTIONS_MAX + 500);
	char *json = xmalloc(size), *end = json;
	end += snprintf(end, size, "[{\"WikidataId\": \"Q1\", \"OccurrenceOffsets\": [0");
	for (int i = 0; i < ENTITY_MENTIONS_MAX + 400; i++)
		end += snprintf(end, 4, ",%d", i % 10);
	memcpy(end, "]}]", 4);
	must(entities_parse(json, "text", &a, &m, &count));
	assert_int_equal(count, ENTITY_MENTIONS_MAX);
	free(json);
	arena_release(&a);
}

/* Forms that nearly stand everywhere, and nowhere at last; a text of as many bytes as are looked at. */
static void repetition_takes_no_time(void **state)
{
	(void)state;
	enum { OFFSETS = 200, ENTITIES = 6, FORMS = 70 };
	static const int lengths[] = {8192, ENTITY_FORM_MAX, ENTITY_FORM_MAX + 1, 200};
	const size_t size = 1 << 20;
	struct arena a = {0};
	struct entity_mention *m;
	int32_t count;
	char *text = xmalloc(ENTITY_TEXT_MAX + 1), *json = xmalloc(size), *end = json, *const last = json + size;
	memset(text, 'a', ENTITY_TEXT_MAX);
	text[ENTITY_TEXT_MAX] = '\0';
	for (int e = 0; e < ENTITIES; e++) {
		end += snprintf(end, (size_t)(last - end), "%s{\"WikidataId\": \"Q%d\", \"OccurrenceOffsets\": [0",
		                e ? ", " : "[", e);
		for (int i = 1; i < OFFSETS; i++)
			end += snprintf(end, (size_t)(last - end), ",%d", i);
		end += snprintf(end, (size_t)(last - end), "], \"SurfaceForms\": [");
		for (int i = 0; i < FORMS; i++)
			end += snprintf(end, (size_t)(last - end), "%s\"%.*sb\"", i ? "," : "", lengths[i < 4 ? i : 3] - 1, text);
		end += snprintf(end, (size_t)(last - end), "]}");
	}
	end += snprintf(end, (size_t)(last - end), "]");
	assert_true(end < last - 1);
	alarm(60);
	const clock_t begin = clock();
	must(entities_parse(json, text, &a, &m, &count));
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	alarm(0);
	assert_int_equal(count, ENTITY_MENTIONS_MAX < OFFSETS * ENTITIES ? ENTITY_MENTIONS_MAX : OFFSETS * ENTITIES);
	for (int32_t i = 0; i < count; i++)
		assert_int_equal(m[i].end, 0);
	free(text);
	free(json);
	arena_release(&a);
}

/* A form of the longest length is looked for, a longer one is not; and what nearly stood before does not hide what stands. */
static void long_and_repeating_forms_are_found(void **state)
{
	(void)state;
	char out[512], form[ENTITY_FORM_MAX + 2], json[1024], text[2 * ENTITY_FORM_MAX];
	for (int longer = 0; longer < 2; longer++) {
		memset(form, 'x', ENTITY_FORM_MAX + 1);
		form[ENTITY_FORM_MAX + longer] = '\0';
		snprintf(text, sizeof text, "a %s b", form);
		snprintf(json, sizeof json, "[" ENTITY("Q1", "P", "0", "\"%s\"") "]", form);
		const char *found = mentions_of(json, text, out);
		assert_int_equal(strlen(found), strlen("Q1/P:") + (longer ? 0 : ENTITY_FORM_MAX));
	}
	assert_string_equal(mentions_of("[" ENTITY("Q1", "P", "0", "\"aab aaa\"") "]", "x aab aab AAA", out),
	                    "Q1/P:aab AAA");
	assert_string_equal(mentions_of("[" ENTITY("Q1", "P", "0", "\"aa a\"") "]", "xaa aa aa a", out), "Q1/P:aa a");
	assert_string_equal(mentions_of("[" ENTITY("Q1", "P", "0, 2, 0", "\"go\", \"on\"") "]", "I go on", out),
	                    "Q1/P:go Q1/P:go Q1/P:go");
}

/* A catalogue of four news; the third is not in training, the last names nothing. */
static struct news news[] = {
	{.id = "N0",
     .title = "The queen meets Tony Blair",
     .title_entities = "[" ENTITY("Q1", "P", "4", "\"Queen\"") ", " ENTITY("Q2", "P", "16", "\"Tony Blair\"") "]",
     .abstract = "A minister.",
     .abstract_entities = "[" ENTITY("Q3", "J", "2", "\"minister\"") "]"},
	{.id = "N1",
     .title = "Blair, Queen and queen",
     .title_entities = "[" ENTITY("Q1", "P", "7, 17", "\"Queen\"") ", " ENTITY("Q2", "P", "0", "\"Blair\"") ", " ENTITY(
		 "Q9", "O", "0", "\"Blair, Queen\"") "]",
     .abstract = "",
     .abstract_entities = ""},
	{.id = "N2",
     .title = "A new place",
     .title_entities = "[" ENTITY("Q4", "G", "2", "\"new place\"") "]",
     .abstract = "",
     .abstract_entities = ""},
	{.id = "N3", .title = "nothing", .title_entities = "[]", .abstract = "", .abstract_entities = "[]"},
};
static const struct catalog catalogue = {.news = news, .count = 4};
static const uint8_t in_training[] = {1, 1, 0, 1};

static struct news_data_options with_entities(const char *vectors, const char *context)
{
	return (struct news_data_options){.max_title_words = 4,
	                                  .max_abstract_words = 5,
	                                  .min_word_count = 1,
	                                  .word_width = 2,
	                                  .word_vectors = "",
	                                  .entities = true,
	                                  .entity_width = 2,
	                                  .entity_vectors = vectors,
	                                  .entity_context = context};
}

static void write_vectors(void)
{
	/* As MIND's: tabs, and one at the end. */
	scratch_text("e.vec", "Q2\t2\t0.5\t\nQ1\t1\t0.25\t\nQ4\t4\t0\t\nQ3\t3\t0\t\nQ2\t7\t7\t\n");
	scratch_text("c.vec", "Q8\t8\t8\t\nQ1\t-1\t-2\t\nQ1\t9\t9\t\n");
}

static void expect_entities(const struct news_data *nd)
{
	const struct news_entities *e = &nd->entities;
	/* Q2 is 1, Q1 is 2, Q4 is 3, Q3 is 4; Q9 has no vector. Four words of each title are read. */
	const int32_t words[] = {0, 2, 0, 1, 1, 0, 2, 0, 0, 3, 3, 0}, named[] = {2, 1, 2, 1, 3};
	const int64_t title[] = {0, 2, 4, 5, 5}, abstract[] = {0, 1, 1, 1, 1};
	assert_int_equal(e->names.count, 4);
	assert_memory_equal(e->word.offset, nd->title.offset, 5 * sizeof *e->word.offset);
	assert_memory_equal(e->word.item, words, sizeof words);
	assert_memory_equal(e->title.offset, title, sizeof title);
	assert_memory_equal(e->title.item, named, sizeof named);
	assert_memory_equal(e->abstract.offset, abstract, sizeof abstract);
	assert_int_equal(e->abstract.item[0], 4);
	const float vector[] = {0, 0, 2, 0.5, 1, 0.25, 4, 0, 3, 0}, context[] = {0, 0, 0, 0, -1, -2, 0, 0, 0, 0};
	assert_memory_equal(e->vector, vector, sizeof vector);
	assert_memory_equal(e->context, context, sizeof context);
	/* "P" and "J" are in training; "G" is not. */
	const int32_t types[] = {0, 1, 1, 0, 2};
	assert_int_equal(e->types.count, 2);
	assert_memory_equal(e->type, types, sizeof types);
}

static void words_and_entities_are_aligned(void **state)
{
	(void)state;
	struct news_data nd = {0}, again = {0};
	struct h5_file *f;
	write_vectors();
	const struct news_data_options o = with_entities("e.vec", "c.vec");
	must(news_data_open(&nd, scratch_folder(), &catalogue, &o, in_training));
	expect_entities(&nd);

	must(h5_create(&f, scratch_path("checkpoint.h5")));
	must(news_data_write(&nd, f));
	must(h5_commit(f));
	must(h5_open(&f, scratch_path("checkpoint.h5")));
	must(news_data_restore(&again, scratch_folder(), &catalogue, &o, f));
	h5_close(f);
	expect_entities(&again);
	char *before = news_data_source(&nd), *after = news_data_source(&again);
	assert_string_equal(before, after);
	assert_non_null(strstr(before, "entities: vectors "));
	assert_non_null(strstr(before, ", contexts "));
	free(before);
	free(after);

	struct arena a = {0};
	struct segments s;
	news_data_hide(&nd, NEWS_PART_TITLE);
	(void)news_items_of(&nd.entities.word, (const uint32_t[]){0}, 1, &a, &s);
	assert_int_equal(s.offset[1], 0);
	(void)news_items_of(&nd.entities.abstract, (const uint32_t[]){0}, 1, &a, &s);
	assert_int_equal(s.offset[1], 1);
	arena_release(&a);
	news_data_release(&nd);
	news_data_release(&again);
}

static void without_files_vectors_are_drawn(void **state)
{
	(void)state;
	const struct news_data_options o = with_entities("", "");
	struct news_data nd = {0};
	must(news_data_open(&nd, scratch_folder(), &catalogue, &o, in_training));
	const struct news_entities *e = &nd.entities;
	assert_int_equal(e->names.count, 5);
	assert_null(e->context);
	assert_true(e->vector[0] == 0 && e->vector[1] == 0);
	for (int i = 2; i < 12; i++)
		assert_true(e->vector[i] != 0 && fabsf(e->vector[i]) < 1);

	/* An entity's are the same in another catalogue. */
	const struct catalog one = {.news = news + 2, .count = 1};
	struct news_data other = {0};
	must(news_data_open(&other, scratch_folder(), &one, &o, in_training));
	const int32_t place = name_table_find(&e->names, "Q4", 2);
	assert_memory_equal(other.entities.vector + 2, e->vector + 2 * place, 2 * sizeof(float));
	news_data_release(&other);
	news_data_release(&nd);
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	const struct {
		const char *vectors, *context, *message;
		enum status st;
	} wrong[] = {
		{"none.vec", "", "/none.vec: not found", ST_FAILED},
		{"e.vec", "none.vec", "/none.vec: not found", ST_FAILED},
		{"bad.vec", "", "/bad.vec:2: expected 2 numbers", ST_MALFORMED},
	};
	struct news_data nd = {0};
	write_vectors();
	scratch_text("bad.vec", "Q2\t2\t0.5\t\nQ1\t1\t\n");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct news_data_options o = with_entities(wrong[i].vectors, wrong[i].context);
		assert_int_equal(news_data_open(&nd, scratch_folder(), &catalogue, &o, in_training), wrong[i].st);
		assert_non_null(strstr(status_message(), wrong[i].message));
		news_data_release(&nd);
	}
	struct news bad[] = {news[0], news[3]};
	bad[1].title_entities = "{";
	const struct catalog c = {.news = bad, .count = 2};
	const struct news_data_options o = with_entities("e.vec", "");
	assert_int_equal(news_data_open(&nd, scratch_folder(), &c, &o, in_training), ST_MALFORMED);
	assert_non_null(strstr(status_message(), "/catalog.tsv:2: column 7 (title_entities): expected a JSON list"));
	news_data_release(&nd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mentions_are_found),
		cmocka_unit_test(wrong_lists_are_told),
		cmocka_unit_test(mentions_are_capped),
		cmocka_unit_test(repetition_takes_no_time),
		cmocka_unit_test(long_and_repeating_forms_are_found),
		cmocka_unit_test(words_and_entities_are_aligned),
		cmocka_unit_test(without_files_vectors_are_drawn),
		cmocka_unit_test(what_is_wrong_is_named),
	};
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
