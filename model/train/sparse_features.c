#include "model/train/sparse_features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/behaviors.h"
#include "common/cli.h"
#include "common/file.h"
#include "model/train/news_data.h"
#include "model/train/sparse_fields.h"

#define BUCKETS_MAX    ((int64_t)1 << 28)
#define POPULARITY_MAX 64 /* times kept of a news: more clicks than fit 64 bits */

int sparse_keys(struct sparse_settings *s, struct config_key out[SPARSE_KEYS])
{
	const struct config_key keys[SPARSE_KEYS] = {
		{"sparse.buckets", CONFIG_INT, &s->buckets, "1048576", NULL, 16, (double)BUCKETS_MAX,
	     "Rows that all features are hashed into: a power of two."},
		{"sparse.fields", CONFIG_STRING, &s->fields, "all", NULL, 0, 0,
	     "Which fields are read: all, or names as in \"user news category title\" (model/train/sparse_fields.c)."},
		{"sparse.words", CONFIG_INT, &s->words, "20", NULL, 0, 10000,
	     "Words of the titles clicked that are read, those of the largest weight."},
		{"sparse.clicks", CONFIG_INT, &s->clicks, "10", NULL, 0, 10000,
	     "Latest clicks that are crossed with the candidate, news by news."},
	};
	memcpy(out, keys, sizeof keys);
	return SPARSE_KEYS;
}

/* Words -------------------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* The words of news row that the vocabulary has, each once in order, with how often they stand there. */
static int64_t count_words(const struct news_items *text, uint32_t row, int32_t *word, float *times)
{
	int64_t all = 0, n = 0;
	for (int64_t i = text->offset[row]; i < text->offset[row + 1]; i++)
		if (text->item[i] != WORD_UNKNOWN)
			word[all++] = text->item[i];
	qsort(word, (size_t)all, sizeof *word, by_number);
	for (int64_t i = 0; i < all; i++)
		if (n && word[n - 1] == word[i]) {
			times[n - 1]++;
		} else {
			word[n] = word[i];
			times[n++] = 1;
		}
	return n;
}

/* TF-IDF of the n words in place; those of no document are dropped. Returns how many stay. */
static int64_t weigh(const struct weighed_words *w, int64_t documents, int64_t n, int32_t *word, float *weight)
{
	int64_t kept = 0;
	double squares = 0;
	for (int64_t i = 0; i < n; i++) {
		const int32_t df = w->documents[word[i]];
		const double x = weight[i] * (log((1 + (double)documents) / (1 + (double)df)) + 1);
		if (!df)
			continue;
		word[kept] = word[i];
		weight[kept++] = (float)x;
		squares += x * x;
	}
	for (int64_t i = 0; i < kept; i++)
		weight[i] = (float)(weight[i] / sqrt(squares));
	return kept;
}

static void make_room(struct weighed_words *w, const struct news_items *text, uint32_t news)
{
	const size_t size = (size_t)text->offset[news] + 1;
	w->offset = xcalloc((size_t)news + 1, sizeof *w->offset);
	w->word = xmalloc(size * sizeof *w->word);
	w->weight = xmalloc(size * sizeof *w->weight);
}

static void count_documents(struct weighed_words *w, const struct news_items *text, const struct sparse_features *x)
{
	w->documents = xcalloc((size_t)x->words + 1, sizeof *w->documents);
	for (uint32_t row = 0; row < x->news; row++) {
		const int64_t n = x->known[row] ? count_words(text, row, w->word, w->weight) : 0;
		for (int64_t i = 0; i < n; i++)
			w->documents[w->word[i]]++;
	}
}

static void weigh_text(struct weighed_words *w, const struct news_items *text, const struct sparse_features *x)
{
	int64_t documents = 0;
	for (uint32_t row = 0; row < x->news; row++)
		documents += x->known[row];
	for (uint32_t row = 0; row < x->news; row++) {
		const int64_t at = w->offset[row];
		const int64_t n = count_words(text, row, w->word + at, w->weight + at);
		w->offset[row + 1] = at + weigh(w, documents, n, w->word + at, w->weight + at);
	}
}

static enum status begin(struct sparse_features *x, const struct sparse_settings *s, const struct news_data *nd)
{
	if (s->buckets & (s->buckets - 1))
		return status_fail(ST_USAGE, "sparse.buckets: %lld is no power of two", (long long)s->buckets);
	x->settings = s;
	x->news = nd->news->count;
	x->words = nd->vocabulary.count;
	x->category = nd->category;
	x->subcategory = nd->subcategory;
	x->known = xcalloc((size_t)x->news + 1, 1);
	x->popular_offset = xcalloc((size_t)x->news + 1, sizeof *x->popular_offset);
	make_room(&x->title, &nd->title, x->news);
	make_room(&x->abstract, &nd->abstract, x->news);
	return sparse_fields_find(s->fields, &x->fields);
}

/* Popularity --------------------------------------------------------------------------------------------------------- */

/* Calls visit for each click of the file. */
static enum status each_click(const char *path, const struct catalog *news,
                              void (*visit)(void *context, uint32_t row, int64_t time), void *context)
{
	struct behaviors file;
	bool more = true;
	enum status st = behaviors_open(&file, path, news);
	if (st != ST_OK)
		return st;
	while (st == ST_OK && more) {
		const struct impression *m = &file.impression;
		st = cli_interrupted() ? cli_interrupted_status() : behaviors_next(&file, &more);
		for (size_t i = 0; st == ST_OK && more && i < m->candidate_count; i++)
			if (m->labels[i] == 1)
				visit(context, m->candidates[i], impression_seconds(m));
	}
	behaviors_close(&file);
	return st;
}

/* Times of all clicks, news by news, in a file without a name. */
struct click_times {
	int64_t *first; /* [news + 1] where a news' clicks begin */
	int64_t *next;  /* [news] where its next goes */
	int64_t *time;  /* mapped */
	bool too_many;  /* clicks of a news in the second reading */
};

static void count_click(void *context, uint32_t row, int64_t time)
{
	(void)time;
	((struct click_times *)context)->first[row + 1]++;
}

static void place_click(void *context, uint32_t row, int64_t time)
{
	struct click_times *c = context;
	if (c->next[row] == c->first[row + 1])
		c->too_many = true;
	else
		c->time[c->next[row]++] = time;
}

static int by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* Of each news the times of clicks number 1, 2, 4 …. */
static void keep_doublings(struct sparse_features *x, const struct click_times *c)
{
	int64_t kept = 0;
	x->popular_since = xmalloc((size_t)x->news * 2 * sizeof *x->popular_since + sizeof *x->popular_since);
	size_t size = (size_t)x->news * 2 + 1;
	for (uint32_t row = 0; row < x->news; row++) {
		const int64_t first = c->first[row], n = c->first[row + 1] - first;
		qsort(c->time + first, (size_t)n, sizeof *c->time, by_time);
		for (int64_t number = 1; number <= n; number *= 2) {
			if ((size_t)kept == size)
				x->popular_since = xrealloc(x->popular_since, size *= 2, sizeof *x->popular_since);
			x->popular_since[kept++] = c->time[first + number - 1];
		}
		x->popular_offset[row + 1] = kept;
	}
}

/* Reads the file again. ST_INTEGRITY unless each news has the clicks that were counted. */
static enum status place_clicks(struct click_times *c, const struct catalog *news, const char *train)
{
	memcpy(c->next, c->first, (size_t)news->count * sizeof *c->next);
	const enum status st = each_click(train, news, place_click, c);
	bool same = !c->too_many;
	for (uint32_t row = 0; row < news->count; row++)
		same &= c->next[row] == c->first[row + 1];
	return st != ST_OK || same ? st : status_fail(ST_INTEGRITY, "%s changed while it was being read", train);
}

static enum status learn_popularity(struct sparse_features *x, const struct catalog *news, const char *train,
                                    const char *folder)
{
	struct click_times c = {.first = xcalloc((size_t)x->news + 1, sizeof *c.first),
	                        .next = xcalloc((size_t)x->news + 1, sizeof *c.next)};
	void *map = NULL;
	enum status st = each_click(train, news, count_click, &c);
	for (uint32_t row = 0; row < x->news; row++)
		c.first[row + 1] += c.first[row];
	const size_t size = (size_t)(c.first[x->news] + 1) * sizeof *c.time;
	if (st == ST_OK)
		st = file_map_nameless(folder, size, &map);
	c.time = map;
	if (st == ST_OK)
		st = place_clicks(&c, news, train);
	if (st == ST_OK)
		keep_doublings(x, &c);
	if (map)
		munmap(map, size);
	free(c.first);
	free(c.next);
	return st;
}

int32_t sparse_popularity(const struct sparse_features *x, uint32_t row, int64_t time)
{
	int32_t bucket = 0;
	for (int64_t i = x->popular_offset[row]; i < x->popular_offset[row + 1] && x->popular_since[i] < time; i++)
		bucket++;
	return bucket;
}

/* Making ------------------------------------------------------------------------------------------------------------- */

enum status sparse_features_learn(struct sparse_features *x, const struct sparse_settings *s,
                                  const struct news_data *nd, const uint8_t *in_training, const char *train,
                                  const char *folder)
{
	enum status st = begin(x, s, nd);
	if (st != ST_OK)
		return st;
	memcpy(x->known, in_training, x->news);
	count_documents(&x->title, &nd->title, x);
	count_documents(&x->abstract, &nd->abstract, x);
	weigh_text(&x->title, &nd->title, x);
	weigh_text(&x->abstract, &nd->abstract, x);
	return train ? learn_popularity(x, nd->news, train, folder) : ST_OK;
}

enum status sparse_features_pretend(struct sparse_features *x, const struct sparse_settings *s)
{
	x->settings = s;
	return sparse_fields_find(s->fields, &x->fields);
}

void sparse_features_release(struct sparse_features *x)
{
	struct weighed_words *texts[] = {&x->title, &x->abstract};
	for (int i = 0; i < 2; i++) {
		free(texts[i]->offset);
		free(texts[i]->word);
		free(texts[i]->weight);
		free(texts[i]->documents);
	}
	free(x->known);
	free(x->popular_offset);
	free(x->popular_since);
	*x = (struct sparse_features){0};
}

/* Checkpoints -------------------------------------------------------------------------------------------------------- */

static enum status write_list(struct h5_file *f, const char *name, enum h5_type type, uint64_t n, const void *data)
{
	const struct h5_shape shape = {.type = type, .ndim = 1, .dim = {n}};
	return h5_write(f, name, &shape, data);
}

enum status sparse_features_write(const struct sparse_features *x, struct h5_file *f)
{
	const uint64_t words = (uint64_t)x->words;
	enum status st = write_list(f, "sparse/known", H5_U8, x->news, x->known);
	if (st == ST_OK)
		st = write_list(f, "sparse/title", H5_I32, words, x->title.documents);
	if (st == ST_OK)
		st = write_list(f, "sparse/abstract", H5_I32, words, x->abstract.documents);
	if (st == ST_OK)
		st = write_list(f, "sparse/popular_offset", H5_I64, (uint64_t)x->news + 1, x->popular_offset);
	const uint64_t times = (uint64_t)x->popular_offset[x->news];
	return st == ST_OK ? write_list(f, "sparse/popular_since", H5_I64, times, x->popular_since) : st;
}

/* A list of n elements, into memory that the caller frees. */
static enum status read_list(struct h5_file *f, const char *name, enum h5_type type, uint64_t n, size_t size,
                             void **out)
{
	struct h5_shape shape;
	enum status st = h5_describe(f, name, &shape);
	if (st != ST_OK)
		return st;
	if (shape.type != type || shape.ndim != 1 || shape.dim[0] != n ||
	    shape.dim[0] > UINT32_MAX * (uint64_t)POPULARITY_MAX)
		return status_fail(ST_MALFORMED, "%s: not a list of the length expected", name);
	*out = xcalloc((size_t)shape.dim[0] + 1, size);
	return h5_read(f, name, 0, shape.dim[0], type, *out);
}

static enum status read_documents(struct weighed_words *w, struct h5_file *f, const char *name, int32_t words)
{
	void *list = NULL;
	enum status st = read_list(f, name, H5_I32, (uint64_t)words, sizeof *w->documents, &list);
	w->documents = list;
	for (int32_t i = 0; i < words && st == ST_OK; i++)
		if (w->documents[i] < 0)
			st = status_fail(ST_MALFORMED, "%s: a number of documents below 0", name);
	return st;
}

static enum status read_popularity(struct sparse_features *x, struct h5_file *f)
{
	void *offset = NULL, *since = NULL;
	free(x->popular_offset);
	x->popular_offset = NULL;
	enum status st = read_list(f, "sparse/popular_offset", H5_I64, (uint64_t)x->news + 1, sizeof(int64_t), &offset);
	x->popular_offset = offset;
	const int64_t *at = offset;
	for (uint32_t row = 0; row < x->news && st == ST_OK; row++)
		if (at[row + 1] < at[row] || at[row + 1] - at[row] > POPULARITY_MAX || at[0] != 0)
			st = status_fail(ST_MALFORMED, "sparse/popular_offset: not in order");
	if (st == ST_OK)
		st = read_list(f, "sparse/popular_since", H5_I64, (uint64_t)at[x->news], sizeof(int64_t), &since);
	x->popular_since = since;
	return st;
}

enum status sparse_features_read(struct sparse_features *x, const struct sparse_settings *s, const struct news_data *nd,
                                 struct h5_file *f)
{
	void *known = NULL;
	enum status st = begin(x, s, nd);
	if (st == ST_OK)
		st = read_list(f, "sparse/known", H5_U8, x->news, 1, &known);
	if (st == ST_OK) {
		free(x->known);
		x->known = known;
		known = NULL;
		st = read_documents(&x->title, f, "sparse/title", x->words);
	}
	free(known);
	if (st == ST_OK)
		st = read_documents(&x->abstract, f, "sparse/abstract", x->words);
	if (st == ST_OK)
		st = read_popularity(x, f);
	if (st != ST_OK)
		return st;
	for (uint32_t row = 0; row < x->news; row++)
		x->known[row] = x->known[row] != 0;
	weigh_text(&x->title, &nd->title, x);
	weigh_text(&x->abstract, &nd->abstract, x);
	return ST_OK;
}
