#include "model/train/sparse_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/hash.h"
#include "common/strbuf.h"

struct sparse_reader {
	const struct news_data *data;
	const struct sparse_features *x;
	int32_t user;
	int64_t time;
	struct sparse_pairs category, subcategory; /* numbers, and the share of the clicks that are of each */
	struct sparse_pairs words;                 /* numbers, and weights of sum of squares 1 */
	struct sparse_pairs news;                  /* rows of the latest clicks, each 1 / their number */
};

/* Fields ------------------------------------------------------------------------------------------------------------- */

/* A field asked of a candidate. */
struct call {
	const struct sparse_reader *r;
	const struct sparse_features *x;
	uint32_t row;
	uint64_t hash; /* of the field's name */
	struct sparse_pairs *out;
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void append(struct sparse_pairs *p, int32_t index, real value)
{
	if (p->count == p->size) {
		p->size = p->size ? p->size * 2 : 256;
		p->index = xrealloc(p->index, p->size, sizeof *p->index);
		p->value = xrealloc(p->value, p->size, sizeof *p->value);
	}
	p->index[p->count] = index;
	p->value[p->count++] = value;
}

static void put_hashed(const struct call *c, uint64_t hash, real value)
{
	append(c->out, (int32_t)(hash & ((uint64_t)c->x->settings->buckets - 1)), value);
}

static void put(const struct call *c, int64_t number, real value)
{
	put_hashed(c, mix(c->hash + (uint64_t)number), value);
}

static void put_cross(const struct call *c, int64_t a, int64_t b, real value)
{
	put_hashed(c, mix(mix(c->hash + (uint64_t)a) + (uint64_t)b), value);
}

static void put_name(const struct call *c, int32_t number)
{
	if (number > 0)
		put(c, number, 1);
}

static void put_words(const struct call *c, const struct weighed_words *w)
{
	for (int64_t i = w->offset[c->row]; i < w->offset[c->row + 1]; i++)
		put(c, w->word[i], w->weight[i]);
}

static void put_pairs(const struct call *c, const struct sparse_pairs *p)
{
	for (size_t i = 0; i < p->count; i++)
		put(c, p->index[i], p->value[i]);
}

static void cross_pairs(const struct call *c, const struct sparse_pairs *p, int32_t number)
{
	for (size_t i = 0; i < p->count && number > 0; i++)
		put_cross(c, p->index[i], number, p->value[i]);
}

static void field_user(const struct call *c)
{
	put_name(c, c->r->user);
}

static void field_news(const struct call *c)
{
	if (c->x->known[c->row])
		put(c, c->row, 1);
}

static void field_category(const struct call *c)
{
	put_name(c, c->x->category[c->row]);
}

static void field_subcategory(const struct call *c)
{
	put_name(c, c->x->subcategory[c->row]);
}

static void field_title(const struct call *c)
{
	put_words(c, &c->x->title);
}

static void field_abstract(const struct call *c)
{
	put_words(c, &c->x->abstract);
}

/* Of the day, in the time that the file is written in. */
static void field_hour(const struct call *c)
{
	const int64_t second = c->r->time % 86400;
	put(c, (second + (second < 0 ? 86400 : 0)) / 3600, 1);
}

static void field_popularity(const struct call *c)
{
	put(c, sparse_popularity(c->x, c->row, c->r->time), 1);
}

static void field_click_category(const struct call *c)
{
	put_pairs(c, &c->r->category);
}

static void field_click_subcategory(const struct call *c)
{
	put_pairs(c, &c->r->subcategory);
}

static void field_click_words(const struct call *c)
{
	put_pairs(c, &c->r->words);
}

static void cross_user_category(const struct call *c)
{
	if (c->r->user > 0 && c->x->category[c->row] > 0)
		put_cross(c, c->r->user, c->x->category[c->row], 1);
}

static void cross_click_category(const struct call *c)
{
	cross_pairs(c, &c->r->category, c->x->category[c->row]);
}

static void cross_click_subcategory(const struct call *c)
{
	cross_pairs(c, &c->r->subcategory, c->x->subcategory[c->row]);
}

static void cross_click_news(const struct call *c)
{
	for (size_t i = 0; i < c->r->news.count && c->x->known[c->row]; i++)
		put_cross(c, c->r->news.index[i], c->row, c->r->news.value[i]);
}

/* The list of the fields: a name, which the hash is made from; its group; the part of the candidate that it reads, or 0. */
static const struct sparse_field {
	const char *name;
	enum sparse_group group;
	unsigned part;
	void (*add)(const struct call *c);
} fields[] = {
	{"user", SPARSE_PLAIN, 0, field_user},
	{"news", SPARSE_PLAIN, 0, field_news},
	{"category", SPARSE_PLAIN, NEWS_PART_CATEGORY, field_category},
	{"subcategory", SPARSE_PLAIN, NEWS_PART_CATEGORY, field_subcategory},
	{"title", SPARSE_PLAIN, NEWS_PART_TITLE, field_title},
	{"abstract", SPARSE_PLAIN, NEWS_PART_ABSTRACT, field_abstract},
	{"hour", SPARSE_PLAIN, 0, field_hour},
	{"popularity", SPARSE_PLAIN, 0, field_popularity},
	{"click-category", SPARSE_PLAIN, 0, field_click_category},
	{"click-subcategory", SPARSE_PLAIN, 0, field_click_subcategory},
	{"click-words", SPARSE_PLAIN, 0, field_click_words},
	{"user-x-category", SPARSE_CROSSES, NEWS_PART_CATEGORY, cross_user_category},
	{"click-category-x-category", SPARSE_CROSSES, NEWS_PART_CATEGORY, cross_click_category},
	{"click-subcategory-x-subcategory", SPARSE_CROSSES, NEWS_PART_CATEGORY, cross_click_subcategory},
	{"click-news-x-news", SPARSE_CROSSES, 0, cross_click_news},
};
enum { FIELDS = sizeof fields / sizeof *fields };

int32_t sparse_field_count(unsigned groups)
{
	int32_t count = 0;
	for (int f = 0; f < FIELDS; f++)
		count += (fields[f].group & groups) != 0;
	return count;
}

const char *sparse_field_name(unsigned groups, int32_t i)
{
	for (int f = 0; f < FIELDS; f++)
		if (fields[f].group & groups && i-- == 0)
			return fields[f].name;
	BUG("there is no field of that number");
}

static enum status unknown_field(const char *name, size_t length)
{
	struct strbuf names;
	strbuf_init(&names, 4096);
	for (int f = 0; f < FIELDS; f++)
		strbuf_printf(&names, " %s", fields[f].name);
	enum status st =
		status_fail(ST_USAGE, "sparse.fields: there is no \"%.*s\"; there are: all%s", (int)length, name, names.data);
	strbuf_release(&names);
	return st;
}

enum status sparse_fields_find(const char *names, unsigned *bits)
{
	*bits = 0;
	for (const char *name = names; *name;) {
		const size_t length = strcspn(name, " ,");
		unsigned found = length == 3 && strncmp(name, "all", 3) == 0 ? (1u << FIELDS) - 1 : 0;
		for (int f = 0; f < FIELDS; f++)
			if (strlen(fields[f].name) == length && strncmp(fields[f].name, name, length) == 0)
				found = 1u << f;
		if (length && !found)
			return unknown_field(name, length);
		*bits |= found;
		name += length + strspn(name + length, " ,");
	}
	return *bits ? ST_OK : status_fail(ST_USAGE, "sparse.fields names no field");
}

/* Pairs -------------------------------------------------------------------------------------------------------------- */

void sparse_pairs_release(struct sparse_pairs *p)
{
	free(p->index);
	free(p->value);
	*p = (struct sparse_pairs){0};
}

#define SHORT 64

/* Insertion by index: mostly there are some tens of pairs, in runs that are sorted already. */
static void sort_short(int32_t *index, real *value, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const int32_t at = index[i];
		const real x = value[i];
		size_t j = i;
		for (; j > 0 && index[j - 1] > at; j--) {
			index[j] = index[j - 1];
			value[j] = value[j - 1];
		}
		index[j] = at;
		value[j] = x;
	}
}

struct pair {
	int32_t index;
	real value;
	size_t place; /* before sorting: pairs of one index stay in order, so that their sum does not depend on the way */
};

static int by_index(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void sort_long(int32_t *index, real *value, size_t n)
{
	struct pair *pair = xcalloc(n, sizeof *pair);
	for (size_t i = 0; i < n; i++)
		pair[i] = (struct pair){index[i], value[i], i};
	qsort(pair, n, sizeof *pair, by_index);
	for (size_t i = 0; i < n; i++) {
		index[i] = pair[i].index;
		value[i] = pair[i].value;
	}
	free(pair);
}

void sparse_pairs_merge(struct sparse_pairs *p, size_t first)
{
	if (p->count == first)
		return;
	(p->count - first > SHORT ? sort_long : sort_short)(p->index + first, p->value + first, p->count - first);
	size_t n = first;
	for (size_t i = first + 1; i < p->count; i++)
		if (p->index[i] == p->index[n]) {
			p->value[n] += p->value[i];
		} else {
			p->index[++n] = p->index[i];
			p->value[n] = p->value[i];
		}
	p->count = n + 1;
}

/* Readers ------------------------------------------------------------------------------------------------------------ */

struct sparse_reader *sparse_reader_new(const struct news_data *data)
{
	struct sparse_reader *r = xcalloc(1, sizeof *r);
	r->data = data;
	r->x = &data->sparse;
	return r;
}

void sparse_reader_free(struct sparse_reader *r)
{
	if (!r)
		return;
	sparse_pairs_release(&r->category);
	sparse_pairs_release(&r->subcategory);
	sparse_pairs_release(&r->words);
	sparse_pairs_release(&r->news);
	free(r);
}

static void count_numbers(struct sparse_pairs *p, const int32_t *number_of, const struct reader *who)
{
	p->count = 0;
	for (size_t i = 0; i < who->count; i++)
		if (number_of[who->clicks[i]] > 0)
			append(p, number_of[who->clicks[i]], 1 / (real)who->count);
	sparse_pairs_merge(p, 0);
}

static bool heavier(const struct sparse_pairs *p, size_t a, size_t b)
{
	return p->value[a] != p->value[b] ? p->value[a] > p->value[b] : p->index[a] < p->index[b];
}

/* Moves the pair that is heavier than all others from `first` on there. */
static void select_heaviest(struct sparse_pairs *p, size_t first)
{
	size_t most = first;
	for (size_t i = first + 1; i < p->count; i++)
		if (heavier(p, i, most))
			most = i;
	const int32_t index = p->index[most];
	const real value = p->value[most];
	p->index[most] = p->index[first];
	p->value[most] = p->value[first];
	p->index[first] = index;
	p->value[first] = value;
}

/* The heaviest words of all titles clicked. */
static void weigh_words(struct sparse_reader *r, const struct reader *who)
{
	struct sparse_pairs *p = &r->words;
	const struct weighed_words *w = &r->x->title;
	const size_t most = (size_t)r->x->settings->words;
	p->count = 0;
	for (size_t i = 0; i < who->count && most; i++)
		for (int64_t k = w->offset[who->clicks[i]]; k < w->offset[who->clicks[i] + 1]; k++)
			append(p, w->word[k], w->weight[k]);
	sparse_pairs_merge(p, 0);
	for (size_t i = 0; i < most && p->count > most; i++)
		select_heaviest(p, i);
	p->count = p->count < most ? p->count : most;
	sparse_pairs_merge(p, 0);
	double squares = 0;
	for (size_t i = 0; i < p->count; i++)
		squares += (double)p->value[i] * (double)p->value[i];
	for (size_t i = 0; i < p->count; i++)
		p->value[i] = (real)((double)p->value[i] / sqrt(squares));
}

static void list_latest(struct sparse_reader *r, const struct reader *who)
{
	const size_t most = (size_t)r->x->settings->clicks, n = who->count < most ? who->count : most;
	r->news.count = 0;
	for (size_t i = who->count - n; i < who->count; i++)
		if (r->x->known[who->clicks[i]])
			append(&r->news, (int32_t)who->clicks[i], 1 / (real)n);
}

void sparse_reader_set(struct sparse_reader *r, const struct reader *who)
{
	r->user = who->user;
	r->time = who->time;
	count_numbers(&r->category, r->x->category, who);
	count_numbers(&r->subcategory, r->x->subcategory, who);
	weigh_words(r, who);
	list_latest(r, who);
}

void sparse_reader_add(struct sparse_reader *r, uint32_t candidate, unsigned groups, struct sparse_pairs *p,
                       int32_t *end)
{
	struct call c = {.r = r, .x = r->x, .row = candidate, .out = p};
	for (int f = 0; f < FIELDS; f++) {
		if (!(fields[f].group & groups))
			continue;
		if (r->x->fields >> f & 1 && !(fields[f].part & r->data->hidden)) {
			c.hash = hash_bytes(fields[f].name, strlen(fields[f].name));
			fields[f].add(&c);
		}
		if (end)
			*end++ = (int32_t)p->count;
	}
}

/* Batches ------------------------------------------------------------------------------------------------------------ */

enum batch_form { BY_FIELD, MERGED };

static uint32_t row_of(const struct impressions *m, int32_t slot)
{
	return m->rows ? m->rows[slot] : (uint32_t)slot;
}

/* The clicks of impression i, as rows; in memory of the tape. */
static struct reader reader_at(struct tape *t, const struct impressions *m, int32_t i)
{
	const int32_t first = m->clicks.offset[i], n = m->clicks.offset[i + 1] - first;
	uint32_t *rows = arena_alloc(&t->arena, ((size_t)n + 1) * sizeof *rows);
	for (int32_t k = 0; k < n; k++)
		rows[k] = row_of(m, m->click[first + k]);
	return (struct reader){.user = m->user[i], .clicks = rows, .count = (size_t)n, .time = m->time[i]};
}

/* False, after tape_fail, as soon as there are more pairs than a batch can have. */
static bool fill(struct tape *t, const struct news_data *data, const struct impressions *m, unsigned groups,
                 enum batch_form form, struct sparse_pairs *p, int32_t *by_field, int32_t *by_sample)
{
	struct sparse_reader *r = sparse_reader_new(data);
	const int32_t each = form == MERGED ? 1 : sparse_field_count(groups);
	by_field[0] = by_sample[0] = 0;
	for (int32_t i = 0; i < m->count && p->count <= INT32_MAX; i++) {
		const struct reader who = reader_at(t, m, i);
		sparse_reader_set(r, &who);
		for (int32_t s = m->candidates.offset[i]; s < m->candidates.offset[i + 1] && p->count <= INT32_MAX; s++) {
			const size_t first = p->count;
			int32_t *end = by_field + 1 + (int64_t)s * each;
			sparse_reader_add(r, row_of(m, m->candidate[s]), groups, p, form == MERGED ? NULL : end);
			if (form == MERGED) {
				sparse_pairs_merge(p, first);
				*end = (int32_t)p->count;
			}
			by_sample[s + 1] = (int32_t)p->count;
		}
	}
	sparse_reader_free(r);
	if (p->count > INT32_MAX)
		tape_fail(t, "more than %d features in a batch: choose a smaller train.batch, fewer negatives or sparse.words",
		          INT32_MAX);
	return p->count <= INT32_MAX;
}

static void *keep(struct tape *t, const void *bytes, size_t n)
{
	void *copy = arena_alloc(&t->arena, n + 1);
	if (n)
		memcpy(copy, bytes, n);
	return copy;
}

static const struct sparse_batch *make(struct tape *t, const struct news_data *data, const struct impressions *m,
                                       unsigned groups, enum batch_form form)
{
	struct sparse_batch *b = arena_calloc(&t->arena, 1, sizeof *b);
	struct sparse_pairs p = {0};
	b->samples = m->candidates.offset[m->count];
	b->fields = form == MERGED ? 1 : sparse_field_count(groups);
	const size_t segments = (size_t)b->samples * (size_t)b->fields;
	if (segments > INT32_MAX) {
		tape_fail(t, "%d candidates of %d fields in a batch: choose a smaller train.batch, or fewer negatives",
		          (int)b->samples, (int)b->fields);
		return NULL;
	}
	int32_t *by_field = arena_alloc(&t->arena, (segments + 1) * sizeof *by_field);
	int32_t *by_sample = arena_alloc(&t->arena, ((size_t)b->samples + 1) * sizeof *by_sample);
	if (!fill(t, data, m, groups, form, &p, by_field, by_sample)) {
		sparse_pairs_release(&p);
		return NULL;
	}
	b->by_field = (struct segments){by_field, (int32_t)segments};
	b->by_sample = (struct segments){by_sample, b->samples};
	b->index = keep(t, p.index, p.count * sizeof *p.index);
	b->value = keep(t, p.value, p.count * sizeof *p.value);
	sparse_pairs_release(&p);
	return b;
}

const struct sparse_batch *sparse_batch_make(struct tape *t, const struct news_data *data, const struct impressions *m,
                                             unsigned groups)
{
	return make(t, data, m, groups, BY_FIELD);
}

const struct sparse_batch *sparse_batch_merged(struct tape *t, const struct news_data *data,
                                               const struct impressions *m, unsigned groups)
{
	return make(t, data, m, groups, MERGED);
}
