#include "model/train/news_entities.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/digest.h"
#include "common/file.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/rng.h"
#include "model/text/entities.h"
#include "model/text/word_table.h"
#include "model/train/news_part.h"

#define RANDOM_DEVIATION 0.1 /* of a random vector's numbers: about as large as trained ones are */

/* Vectors ------------------------------------------------------------------------------------------------------------ */

/* Adds " WHAT NAME, SHA-256" to e->source. */
static enum status tell_file(struct news_entities *e, const char *what, const char *name, const char *path)
{
	char hex[DIGEST_HEX];
	enum status st = digest_file(path, hex);
	if (st != ST_OK)
		return st;
	char *more = path_printf("%s%s%s %s", e->source ? e->source : "", e->source ? ", " : "", what, hex);
	free(e->source);
	e->source = more;
	log_info("entities: %s from %s", what, name);
	return ST_OK;
}

static enum status open_table(struct news_entities *e, struct word_table *t, const char *data, const char *what,
                              const char *name)
{
	char *path = *name == '/' ? xstrdup(name) : path_join(data, name);
	enum status st = ST_OK;
	if (!file_exists(path))
		st = status_fail(ST_FAILED,
		                 "%s: not found (coverline catalog --mind takes it from MIND's files; data.entity_vectors= "
		                 "does without, with random vectors)",
		                 path);
	if (st == ST_OK)
		st = word_table_open(t, path, e->width);
	if (st == ST_OK)
		st = tell_file(e, what, name, path);
	free(path);
	return st;
}

/* Names of the file's entities, and their rows; the first line of one counts. */
static enum status read_vectors(struct news_entities *e, const char *data, const char *name)
{
	struct word_table t = {0};
	const size_t width = (size_t)e->width;
	enum status st = open_table(e, &t, data, "vectors", name);
	if (st == ST_OK)
		e->vector = xcalloc(((size_t)t.count + 1) * width, sizeof *e->vector);
	for (int64_t i = 0, begin = 0; i < t.count && st == ST_OK; begin = (int64_t)t.end[i++]) {
		const int32_t before = e->names.count;
		int32_t number;
		st = name_table_add(&e->names, t.text + begin, t.end[i] - (uint64_t)begin, &number);
		if (st == ST_OK && number > before)
			memcpy(e->vector + (size_t)number * width, t.value + (size_t)i * width, width * sizeof *e->vector);
	}
	word_table_close(&t);
	return st;
}

static enum status read_context(struct news_entities *e, const char *data, const char *name)
{
	struct word_table t = {0};
	const size_t width = (size_t)e->width;
	enum status st = open_table(e, &t, data, "contexts", name);
	if (st == ST_OK)
		e->context = xcalloc(((size_t)e->names.count + 1) * width, sizeof *e->context);
	for (int64_t i = t.count - 1; i >= 0 && st == ST_OK; i--) {
		const uint64_t begin = i ? t.end[i - 1] : 0;
		const int32_t number = name_table_find(&e->names, t.text + begin, t.end[i] - begin);
		if (number)
			memcpy(e->context + (size_t)number * width, t.value + (size_t)i * width, width * sizeof *e->context);
	}
	word_table_close(&t);
	return st;
}

/* A vector is a function of the entity's id alone: the same in every catalogue, and for every start. */
static void draw_vectors(struct news_entities *e)
{
	const size_t width = (size_t)e->width;
	e->vector = xcalloc(((size_t)e->names.count + 1) * width, sizeof *e->vector);
	for (int32_t i = 1; i <= e->names.count; i++) {
		const uint64_t first = e->names.offset[i - 1];
		struct rng rng;
		rng_init(&rng, hash_bytes(e->names.text + first, e->names.offset[i] - first), rng_stream("entity vector"));
		for (size_t j = 0; j < width; j++)
			e->vector[(size_t)i * width + j] = (float)(RANDOM_DEVIATION * rng_normal(&rng));
	}
	e->source = xstrdup("vectors drawn at random");
}

/* Texts -------------------------------------------------------------------------------------------------------------- */

struct reading {
	struct news_entities *e;
	const struct catalog *news;
	const char *data;
	bool in_file; /* names are those of the file */
	struct news_items_filling word, title, abstract;
	struct name_table types; /* of all news */
	int32_t *type_of;        /* [type_of_size] of the entity of this number, at its first mention; in types */
	size_t type_of_size;
	bool *trained; /* [trained_size] whether the type of this number stands in a news of training */
	size_t trained_size;
	struct arena arena; /* of a news */
};

struct numbered {
	int32_t entity; /* 0: not in the file */
	uint32_t begin, end;
};

/* Zeros behind what is there, until list has an element `at`. */
static void *grow(void *list, size_t *size, size_t element, size_t at)
{
	const size_t before = *size;
	if (at < before)
		return list;
	while (*size <= at)
		*size = *size ? 2 * *size : 1024;
	list = xrealloc(list, *size, element);
	memset((char *)list + before * element, 0, (*size - before) * element);
	return list;
}

static enum status number_type(struct reading *r, const char *type, int32_t entity, bool in_training)
{
	int32_t number = 0;
	const enum status st = *type ? name_table_add(&r->types, type, strlen(type), &number) : ST_OK;
	r->type_of = grow(r->type_of, &r->type_of_size, sizeof *r->type_of, (size_t)entity);
	r->trained = grow(r->trained, &r->trained_size, sizeof *r->trained, (size_t)number);
	if (!r->type_of[entity])
		r->type_of[entity] = number;
	r->trained[number] |= in_training;
	return st;
}

/* The mentions in one of a news' texts, with their entities' numbers. */
static enum status read_mentions(struct reading *r, uint32_t row, bool of_title, bool in_training,
                                 struct numbered **out, int32_t *count)
{
	const struct news *n = &r->news->news[row];
	struct entity_mention *mention;
	enum status st = entities_parse(of_title ? n->title_entities : n->abstract_entities,
	                                of_title ? n->title : n->abstract, &r->arena, &mention, count);
	if (st != ST_OK) {
		char *why = xstrdup(status_message());
		st = status_fail(st, "%s/catalog.tsv:%u: column %s: %s", r->data, (unsigned)row + 1,
		                 of_title ? "7 (title_entities)" : "8 (abstract_entities)", why);
		free(why);
		return st;
	}
	*out = arena_alloc(&r->arena, (size_t)*count * sizeof **out + 1);
	for (int32_t i = 0; i < *count && st == ST_OK; i++) {
		const size_t length = strlen(mention[i].id);
		int32_t entity = name_table_find(&r->e->names, mention[i].id, length);
		if (!entity && !r->in_file)
			st = name_table_add(&r->e->names, mention[i].id, length, &entity);
		(*out)[i] = (struct numbered){entity, mention[i].begin, mention[i].end};
		if (st == ST_OK && entity)
			st = number_type(r, mention[i].type, entity, in_training);
	}
	return st;
}

/* Each entity once. */
static void add_distinct(struct news_items_filling *f, uint32_t row, const struct numbered *mention, int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		bool is_new = mention[i].entity != 0;
		for (int64_t j = f->x->offset[row]; j < f->n && is_new; j++)
			is_new = f->x->item[j] != mention[i].entity;
		if (is_new)
			news_items_add(f, mention[i].entity);
	}
	f->x->offset[row + 1] = f->n;
}

/* To each of the title's words the longest mention that covers some of it. */
static void align(struct reading *r, uint32_t row, const struct numbered *mention, int32_t count, int64_t most)
{
	const char *title = r->news->news[row].title;
	struct word_reader w;
	word_reader_init(&w, title);
	for (int64_t k = 0; k < most && word_reader_next(&w); k++) {
		const uint32_t begin = (uint32_t)((const char *)w.begin - title),
					   end = (uint32_t)((const char *)w.next - title);
		int32_t entity = 0;
		uint32_t longest = 0;
		for (int32_t i = 0; i < count; i++) {
			const uint32_t length = mention[i].end - mention[i].begin;
			if (mention[i].entity && mention[i].begin < end && begin < mention[i].end && length > longest) {
				entity = mention[i].entity;
				longest = length;
			}
		}
		news_items_add(&r->word, entity);
	}
	r->word.x->offset[row + 1] = r->word.n;
}

static enum status read_news(struct reading *r, uint32_t row, const struct news_entities_options *o, bool in_training)
{
	struct numbered *mention;
	int32_t count;
	enum status st = read_mentions(r, row, true, in_training, &mention, &count);
	if (st != ST_OK)
		return st;
	align(r, row, mention, count, o->max_title_words);
	add_distinct(&r->title, row, mention, count);
	if (o->abstracts)
		st = read_mentions(r, row, false, in_training, &mention, &count);
	if (st == ST_OK && o->abstracts)
		add_distinct(&r->abstract, row, mention, count);
	arena_reset(&r->arena);
	return st;
}

/* e->types of training's, or as they were before; and each entity's number among them. */
static enum status settle_types(struct reading *r, bool training)
{
	struct news_entities *e = r->e;
	enum status st = ST_OK;
	e->type = xcalloc((size_t)e->names.count + 1, sizeof *e->type);
	int32_t *number = xcalloc((size_t)r->types.count + 1, sizeof *number);
	for (int32_t i = 1; i <= r->types.count && st == ST_OK; i++) {
		const char *name = r->types.text + r->types.offset[i - 1];
		const size_t length = r->types.offset[i] - r->types.offset[i - 1];
		if (training && r->trained[i])
			st = name_table_add(&e->types, name, length, &number[i]);
		else if (!training)
			number[i] = name_table_find(&e->types, name, length);
	}
	for (size_t i = 1; i <= (size_t)e->names.count && i < r->type_of_size; i++)
		e->type[i] = number[r->type_of[i]];
	free(number);
	return st;
}

static enum status read_catalogue(struct reading *r, const struct news_entities_options *o, const uint8_t *in_training)
{
	enum status st = ST_OK;
	r->word = news_items_begin(&r->e->word, r->news->count);
	r->title = news_items_begin(&r->e->title, r->news->count);
	if (o->abstracts)
		r->abstract = news_items_begin(&r->e->abstract, r->news->count);
	for (uint32_t row = 0; row < r->news->count && st == ST_OK; row++)
		st = cli_interrupted() ? cli_interrupted_status() : read_news(r, row, o, in_training && in_training[row]);
	if (st == ST_OK)
		st = settle_types(r, in_training != NULL);
	name_table_release(&r->types);
	arena_release(&r->arena);
	free(r->type_of);
	free(r->trained);
	return st;
}

/* Whole -------------------------------------------------------------------------------------------------------------- */

enum status news_entities_open(struct news_entities *e, const char *data, const struct catalog *news,
                               const struct news_entities_options *o, const uint8_t *in_training)
{
	struct reading r = {.e = e, .news = news, .data = data, .in_file = *o->vectors};
	e->width = o->width;
	enum status st = r.in_file ? read_vectors(e, data, o->vectors) : ST_OK;
	if (st == ST_OK)
		st = read_catalogue(&r, o, in_training);
	if (st == ST_OK && !r.in_file)
		draw_vectors(e);
	if (st == ST_OK && *o->context)
		st = read_context(e, data, o->context);
	if (st == ST_OK)
		log_info("titles name %lld times one of %d entities that have vectors", (long long)e->title.offset[news->count],
		         (int)e->names.count);
	return st;
}

void news_entities_release(struct news_entities *e)
{
	news_items_release(&e->word);
	news_items_release(&e->title);
	news_items_release(&e->abstract);
	name_table_release(&e->names);
	name_table_release(&e->types);
	free(e->type);
	free(e->vector);
	free(e->context);
	free(e->source);
	*e = (struct news_entities){0};
}

void news_entities_hide(struct news_entities *e, unsigned parts)
{
	e->word.hidden = e->title.hidden = parts & NEWS_PART_TITLE;
	e->abstract.hidden = parts & NEWS_PART_ABSTRACT;
}
