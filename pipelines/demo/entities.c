/* Entities of the bundled world: what a topic's stories are about (lists a and c), people and places. Numbers are made from
 * places in the lists: people Q1001 …, places Q2001 …, a topic's Q10000 + 100 x its number …; a phrase that two topics have
 * is two entities. */
#include <string.h>

#include "common/arena.h"
#include "common/file.h"
#include "pipelines/demo/world.h"

enum { WIDTH = 100, FIRST_PERSON = 1001, FIRST_PLACE = 2001, FIRST_TOPIC = 10000, TOPIC_STEP = 100, LIST_C = 50 };

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool in_word(char c)
{
	return (unsigned char)c >= 0x80 || (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* Where the phrase stands as whole words, letters' case aside, from text on; NULL: nowhere. */
static const char *find_phrase(const char *begin, const char *text, const char *phrase, size_t n)
{
	for (; *text; text++) {
		size_t same = 0;
		while (same < n && text[same] && lower(text[same]) == lower(phrase[same]))
			same++;
		if (same == n && !(text > begin && in_word(text[-1])) && !in_word(text[n]))
			return text;
	}
	return NULL;
}

static int characters(const char *begin, const char *end)
{
	int count = 0;
	for (; begin < end; begin++)
		count += ((unsigned char)*begin & 0xc0) != 0x80;
	return count;
}

struct column {
	FILE *out;
	const char *text;
	int count; /* entities written */
};

/* One entity with all its occurrences, if it has any. */
static void write_entity(struct column *c, int number, const char *type, const char *phrase, size_t n)
{
	const char *first = find_phrase(c->text, c->text, phrase, n);
	if (!first)
		return;
	fprintf(c->out, "%s{\"Label\": \"%.*s\", \"Type\": \"%s\", \"WikidataId\": \"Q%d\", \"Confidence\": 1.0, ",
	        c->count++ ? ", " : "", (int)n, phrase, type, number);
	fputs("\"OccurrenceOffsets\": [", c->out);
	for (const char *at = first; at; at = find_phrase(c->text, at + n, phrase, n))
		fprintf(c->out, "%s%d", at == first ? "" : ", ", characters(c->text, at));
	fputs("], \"SurfaceForms\": [", c->out);
	for (const char *at = first; at; at = find_phrase(c->text, at + n, phrase, n))
		fprintf(c->out, "%s\"%.*s\"", at == first ? "" : ", ", (int)n, at);
	fputs("]}", c->out);
}

static void write_list(struct column *c, int first, const char *type, const char *list)
{
	size_t n;
	for (const char *phrase; (phrase = words_each(&list, &n)); first++)
		write_entity(c, first, type, phrase, n);
}

void entities_write(FILE *out, const struct topic *topic, const char *text)
{
	struct column c = {.out = out, .text = text};
	const int first = FIRST_TOPIC + TOPIC_STEP * (int)(topic - topics);
	putc('[', out);
	write_list(&c, first, "C", topic->a);
	write_list(&c, first + LIST_C, "O", topic->c);
	write_list(&c, FIRST_PERSON, "P", words_people);
	write_list(&c, FIRST_PLACE, "G", words_places);
	putc(']', out);
}

/* Vectors ------------------------------------------------------------------------------------------------------------ */

/* v += scale x the normal numbers of this name. */
static void add_normal(double *v, uint64_t seed, const char *what, int number, double scale)
{
	struct rng r;
	rng_init(&r, seed, rng_stream(what) + (uint64_t)number);
	for (int i = 0; i < WIDTH; i++)
		v[i] += scale * rng_normal(&r);
}

static int length_of(const char *list)
{
	size_t n;
	int count = 0;
	while (words_each(&list, &n))
		count++;
	return count;
}

static void write_row(FILE *out, int number, const double *v)
{
	fprintf(out, "Q%d\t", number);
	for (int i = 0; i < WIDTH; i++)
		fprintf(out, "%.6f\t", v[i]);
	putc('\n', out);
}

/* A group of entities, each the group's own vector and something of its own. */
struct group {
	int first[2], count[2]; /* numbers, of two lists */
	double centre[WIDTH];
};

static void write_group(FILE *out, uint64_t seed, const struct group *g, enum entity_vectors which)
{
	double sum[WIDTH] = {0};
	const int all = g->count[0] + g->count[1];
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < all; i++) {
			const int number = i < g->count[0] ? g->first[0] + i : g->first[1] + i - g->count[0];
			double v[WIDTH];
			memcpy(v, g->centre, sizeof v);
			add_normal(v, seed, "entity", number, 0.2);
			for (int k = 0; k < WIDTH && pass == 0; k++)
				sum[k] += v[k];
			for (int k = 0; k < WIDTH && which == ENTITY_CONTEXT; k++)
				v[k] = (sum[k] - v[k]) / (all - 1);
			if (pass == 1)
				write_row(out, number, v);
		}
}

enum status entities_write_vectors(uint64_t seed, enum entity_vectors which, const char *path)
{
	struct file_writer w;
	const enum status st = file_create(&w, path);
	if (st != ST_OK)
		return st;
	struct group g = {.first = {FIRST_PERSON}, .count = {length_of(words_people)}};
	write_group(w.stream, seed, &g, which);
	g = (struct group){.first = {FIRST_PLACE}, .count = {length_of(words_places)}};
	write_group(w.stream, seed, &g, which);
	for (int t = 0; t < topic_count; t++) {
		const int first = FIRST_TOPIC + TOPIC_STEP * t;
		int category = 0;
		while (strcmp(categories[category], topics[t].category) != 0)
			category++;
		g = (struct group){{first, first + LIST_C}, {length_of(topics[t].a), length_of(topics[t].c)}, {0}};
		add_normal(g.centre, seed, "entity category", category, 0.2);
		add_normal(g.centre, seed, "entity topic", t, 0.2);
		write_group(w.stream, seed, &g, which);
	}
	return file_commit(&w);
}
