#include "model/train/news_data.h"

#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"

static const char *title_of(const struct news *news)
{
	return news->title;
}

static const char *abstract_of(const struct news *news)
{
	return news->abstract;
}

void news_data_number_titles(struct news_data *nd, int64_t max_title_words)
{
	news_items_words(&nd->title, nd->news, &nd->vocabulary, title_of, max_title_words);
}

/* What is read of the texts once the vocabulary and the table of trigrams are there. */
static void number_texts(struct news_data *nd, const struct news_data_options *o)
{
	news_data_number_titles(nd, o->max_title_words);
	if (o->max_abstract_words)
		news_items_words(&nd->abstract, nd->news, &nd->vocabulary, abstract_of, o->max_abstract_words);
	if (o->trigrams)
		news_items_trigrams(&nd->trigram, nd->news, &nd->trigrams, o->max_title_words);
}

/* Numbers of the categories, new ones for those of training. */
static enum status number_categories(struct news_data *nd, const uint8_t *in_training)
{
	const uint32_t count = nd->news->count;
	nd->category = xcalloc((size_t)count + 1, sizeof *nd->category);
	nd->subcategory = xcalloc((size_t)count + 1, sizeof *nd->subcategory);
	enum status st = ST_OK;
	for (uint32_t row = 0; row < count && st == ST_OK; row++) {
		const char *category = nd->news->news[row].category, *sub = nd->news->news[row].subcategory;
		const size_t length = strlen(category), sub_length = strlen(sub);
		if (!in_training || !in_training[row]) {
			nd->category[row] = name_table_find(&nd->categories, category, length);
			nd->subcategory[row] = name_table_find(&nd->subcategories, sub, sub_length);
			continue;
		}
		if (length)
			st = name_table_add(&nd->categories, category, length, &nd->category[row]);
		if (st == ST_OK && sub_length)
			st = name_table_add(&nd->subcategories, sub, sub_length, &nd->subcategory[row]);
	}
	return st;
}

/* A news before the first of its category in training asks too early: numbers are looked up once all are known. */
static enum status build_categories(struct news_data *nd, const uint8_t *in_training)
{
	enum status st = number_categories(nd, in_training);
	free(nd->category);
	free(nd->subcategory);
	nd->category = nd->subcategory = NULL;
	return st == ST_OK ? number_categories(nd, NULL) : st;
}

static enum status open_entities(struct news_data *nd, const char *data, const struct news_data_options *o,
                                 const uint8_t *in_training)
{
	const struct news_entities_options e = {
		.vectors = o->entity_vectors,
		.context = o->entity_context,
		.width = o->entity_width,
		.max_title_words = o->max_title_words,
		.abstracts = o->max_abstract_words > 0,
	};
	return o->entities ? news_entities_open(&nd->entities, data, nd->news, &e, in_training) : ST_OK;
}

static enum status open_features(struct news_data *nd, const char *data, const struct news_data_options *o)
{
	enum status st = o->impression ? impression_features_open(&nd->impression, data, nd->news) : ST_OK;
	return st == ST_OK ? feature_columns_open(&nd->features, data, nd->news, o->features, o->feature_memory) : st;
}

static enum status standardise(struct news_data *nd, const uint8_t *in_training)
{
	if (nd->impression)
		impression_features_standardise(nd->impression, in_training);
	return feature_columns_standardise(&nd->features, in_training);
}

static void control_pictures(struct news_data *nd, const struct news_data_options *o)
{
	if (o->shuffle_pictures && nd->impression)
		impression_features_shuffle(nd->impression, (uint64_t)o->shuffle_pictures);
	if (o->shuffle_pictures)
		feature_columns_shuffle(&nd->features, (uint64_t)o->shuffle_pictures);
	if (o->masked > 0 && nd->impression)
		impression_features_mask(nd->impression, 1 - o->masked, o->seed);
}

static void begin(struct news_data *nd, const char *data, const struct catalog *news, const struct news_data_options *o)
{
	nd->news = news;
	nd->word_width = o->word_width;
	nd->data_folder = xstrdup(data);
	nd->run_folder = o->run_folder ? xstrdup(o->run_folder) : NULL;
}

enum status news_data_open(struct news_data *nd, const char *data, const struct catalog *news,
                           const struct news_data_options *o, const uint8_t *in_training)
{
	begin(nd, data, news, o);
	vocabulary_build(&nd->vocabulary, news, in_training,
	                 &(struct vocabulary_options){o->max_title_words, o->max_abstract_words, o->min_word_count});
	enum status st =
		o->trigrams ? news_items_name_trigrams(&nd->trigrams, news, in_training, o->max_title_words) : ST_OK;
	if (st != ST_OK)
		return st;
	number_texts(nd, o);
	st = o->categories ? build_categories(nd, in_training) : ST_OK;
	if (st == ST_OK && o->sparse)
		st = sparse_features_learn(&nd->sparse, o->sparse, nd, in_training, o->train, o->run_folder);
	if (st == ST_OK && *o->word_vectors) {
		int32_t found;
		st = word_vectors_read(&nd->vocabulary, o->word_vectors, o->word_width, &nd->word_vectors, &found);
		if (st == ST_OK)
			log_info("%s has vectors for %d of %d words", o->word_vectors, (int)found, (int)nd->vocabulary.count - 1);
	}
	if (st == ST_OK)
		st = open_entities(nd, data, o, in_training);
	if (st == ST_OK)
		st = open_features(nd, data, o);
	if (st == ST_OK && o->standardise)
		st = standardise(nd, in_training);
	if (st == ST_OK)
		control_pictures(nd, o);
	return st;
}

static enum status restore_tables(struct news_data *nd, const struct news_data_options *o, struct h5_file *checkpoint)
{
	enum status st = o->readers ? name_table_read(&nd->readers, checkpoint, "readers") : ST_OK;
	if (st == ST_OK && o->trigrams)
		st = name_table_read(&nd->trigrams, checkpoint, "trigrams");
	if (st == ST_OK && o->entities)
		st = name_table_read(&nd->entities.types, checkpoint, "entity_types");
	if (st == ST_OK)
		number_texts(nd, o);
	if (st != ST_OK || !o->categories)
		return st;
	st = name_table_read(&nd->categories, checkpoint, "categories");
	if (st == ST_OK)
		st = name_table_read(&nd->subcategories, checkpoint, "subcategories");
	return st == ST_OK ? number_categories(nd, NULL) : st;
}

enum status news_data_restore(struct news_data *nd, const char *data, const struct catalog *news,
                              const struct news_data_options *o, struct h5_file *checkpoint)
{
	begin(nd, data, news, o);
	enum status st = vocabulary_read(&nd->vocabulary, checkpoint);
	if (st == ST_OK)
		st = restore_tables(nd, o, checkpoint);
	if (st == ST_OK && o->sparse)
		st = sparse_features_read(&nd->sparse, o->sparse, nd, checkpoint);
	if (st == ST_OK)
		st = open_entities(nd, data, o, NULL);
	if (st == ST_OK)
		st = open_features(nd, data, o);
	if (st == ST_OK && nd->impression)
		st = impression_features_read(nd->impression, checkpoint);
	if (st == ST_OK)
		st = feature_columns_read(&nd->features, checkpoint);
	if (st == ST_OK)
		control_pictures(nd, o);
	return st;
}

enum status news_data_write(const struct news_data *nd, struct h5_file *checkpoint)
{
	enum status st = vocabulary_write(&nd->vocabulary, checkpoint);
	if (st == ST_OK && nd->readers.count)
		st = name_table_write(&nd->readers, checkpoint, "readers");
	if (st == ST_OK && nd->trigrams.count)
		st = name_table_write(&nd->trigrams, checkpoint, "trigrams");
	if (st == ST_OK && nd->entities.source)
		st = name_table_write(&nd->entities.types, checkpoint, "entity_types");
	if (st == ST_OK && nd->category)
		st = name_table_write(&nd->categories, checkpoint, "categories");
	if (st == ST_OK && nd->category)
		st = name_table_write(&nd->subcategories, checkpoint, "subcategories");
	if (st == ST_OK && nd->sparse.settings)
		st = sparse_features_write(&nd->sparse, checkpoint);
	if (st == ST_OK && nd->impression)
		st = impression_features_write(nd->impression, checkpoint);
	return st == ST_OK ? feature_columns_write(&nd->features, checkpoint) : st;
}

/* Text, which is freed, with more behind it. */
static char *append_source(char *take_text, const char *what, const char *more)
{
	char *text = path_printf("%s%s%s: %s", take_text, *take_text ? " | " : "", what, more);
	free(take_text);
	return text;
}

char *news_data_source(const struct news_data *nd)
{
	char *text = xstrdup(nd->impression && nd->impression->source ? nd->impression->source : "");
	if (nd->entities.source)
		text = append_source(text, "entities", nd->entities.source);
	for (int i = 0; i < nd->features.count; i++) {
		const struct feature_column *c = nd->features.column[i];
		bool told = false;
		for (int j = 0; j < i; j++)
			told |= strcmp(nd->features.column[j]->want.kind, c->want.kind) == 0;
		if (told)
			continue;
		text = append_source(text, c->want.kind, c->source);
	}
	return nd->network ? append_source(text, "frozen layers", nd->network) : text;
}

struct feature_column *news_data_feature(const struct news_data *nd, const char *kind, const char *column)
{
	struct feature_column *c = feature_columns_find(&nd->features, kind, column);
	if (!c)
		BUG("%s features: %s was not asked for", kind, column);
	return c;
}

void news_data_release(struct news_data *nd)
{
	vocabulary_release(&nd->vocabulary);
	news_items_release(&nd->title);
	news_items_release(&nd->abstract);
	news_items_release(&nd->trigram);
	news_entities_release(&nd->entities);
	free(nd->word_vectors);
	impression_features_close(nd->impression);
	feature_columns_close(&nd->features);
	name_table_release(&nd->readers);
	name_table_release(&nd->categories);
	name_table_release(&nd->subcategories);
	name_table_release(&nd->trigrams);
	sparse_features_release(&nd->sparse);
	free(nd->category);
	free(nd->subcategory);
	free(nd->network);
	free(nd->no_category);
	free(nd->no_subcategory);
	free(nd->data_folder);
	free(nd->run_folder);
	*nd = (struct news_data){0};
}

static void exchange(int32_t **shown, int32_t **kept, uint32_t count)
{
	int32_t *zeros = *kept ? *kept : xcalloc((size_t)count + 1, sizeof *zeros);
	*kept = *shown;
	*shown = zeros;
}

void news_data_hide(struct news_data *nd, unsigned parts)
{
	if (nd->category && (nd->hidden ^ parts) & NEWS_PART_CATEGORY) {
		exchange(&nd->category, &nd->no_category, nd->news->count);
		exchange(&nd->subcategory, &nd->no_subcategory, nd->news->count);
	}
	nd->hidden = parts;
	nd->title.hidden = nd->trigram.hidden = parts & NEWS_PART_TITLE;
	nd->abstract.hidden = parts & NEWS_PART_ABSTRACT;
	news_entities_hide(&nd->entities, parts);
	if (nd->impression)
		nd->impression->hidden = parts;
	for (int i = 0; i < nd->features.count; i++)
		nd->features.column[i]->hidden = nd->features.column[i]->part & parts;
}
