#include "model/train/news_data.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"

void news_data_number_titles(struct news_data *nd, int64_t max_title_words)
{
	size_t size = 1024;
	int64_t n = 0;
	nd->title = xmalloc(size * sizeof *nd->title);
	nd->title_offset = xcalloc((size_t)nd->news->count + 1, sizeof *nd->title_offset);
	for (uint32_t row = 0; row < nd->news->count; row++) {
		struct word_reader r;
		word_reader_init(&r, nd->news->news[row].title);
		for (int64_t i = 0; i < max_title_words && word_reader_next(&r); i++) {
			if ((size_t)n == size)
				nd->title = xrealloc(nd->title, size *= 2, sizeof *nd->title);
			nd->title[n++] = vocabulary_find(&nd->vocabulary, r.word);
		}
		nd->title_offset[row + 1] = n;
	}
}

static void shuffle_pictures(struct news_data *nd, const struct news_data_options *o)
{
	if (o->shuffle_pictures)
		impression_features_shuffle(nd->impression, (uint64_t)o->shuffle_pictures);
}

enum status news_data_open(struct news_data *nd, const char *data, const struct catalog *news,
                           const struct news_data_options *o, const uint8_t *in_training)
{
	nd->news = news;
	nd->word_width = o->word_width;
	vocabulary_build(&nd->vocabulary, news, in_training, o->max_title_words, o->min_word_count);
	news_data_number_titles(nd, o->max_title_words);
	if (*o->word_vectors) {
		int32_t found;
		enum status st = word_vectors_read(&nd->vocabulary, o->word_vectors, o->word_width, &nd->word_vectors, &found);
		if (st != ST_OK)
			return st;
		log_info("%s has vectors for %d of %d words", o->word_vectors, (int)found, (int)nd->vocabulary.count - 1);
	}
	if (!o->impression)
		return ST_OK;
	enum status st = impression_features_open(&nd->impression, data, news);
	if (st != ST_OK)
		return st;
	if (o->standardise)
		impression_features_standardise(nd->impression, in_training);
	shuffle_pictures(nd, o);
	return ST_OK;
}

enum status news_data_restore(struct news_data *nd, const char *data, const struct catalog *news,
                              const struct news_data_options *o, struct h5_file *checkpoint)
{
	nd->news = news;
	nd->word_width = o->word_width;
	enum status st = vocabulary_read(&nd->vocabulary, checkpoint);
	if (st != ST_OK)
		return st;
	news_data_number_titles(nd, o->max_title_words);
	if (!o->impression)
		return ST_OK;
	st = impression_features_open(&nd->impression, data, news);
	if (st == ST_OK)
		st = impression_features_read(nd->impression, checkpoint);
	if (st == ST_OK)
		shuffle_pictures(nd, o);
	return st;
}

void news_data_release(struct news_data *nd)
{
	vocabulary_release(&nd->vocabulary);
	free(nd->title);
	free(nd->title_offset);
	free(nd->word_vectors);
	impression_features_close(nd->impression);
	*nd = (struct news_data){0};
}

int32_t *news_data_titles(const struct news_data *nd, const uint32_t *rows, int32_t count, struct arena *a,
                          struct segments *titles)
{
	int32_t *offset = arena_alloc(a, ((size_t)count + 1) * sizeof *offset);
	offset[0] = 0;
	for (int32_t i = 0; i < count; i++)
		offset[i + 1] = offset[i] + (int32_t)(nd->title_offset[rows[i] + 1] - nd->title_offset[rows[i]]);
	int32_t *id = arena_alloc(a, (size_t)offset[count] * sizeof *id + 1);
	for (int32_t i = 0; i < count; i++)
		memcpy(id + offset[i], nd->title + nd->title_offset[rows[i]], (size_t)(offset[i + 1] - offset[i]) * sizeof *id);
	*titles = (struct segments){offset, count};
	return id;
}
