#include "model/recommenders/clip_news.h"

#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "model/recommenders/distinct.h"
#include "model/text/byte_pairs.h"
#include "model/text/token_table.h"

#define TOGETHER 32 /* texts of a tape of the trunk's */
#define FRAME    2  /* start and end: all that an empty text has */

/* Texts ------------------------------------------------------------------------------------------------------------- */

struct text_reader {
	struct clip_news *c;
	struct byte_pairs *pairs;
	struct tokens tokens;
	struct token_table labels;
	size_t id_size, text_size, most;
};

static int32_t add_text(struct text_reader *r, const char *text)
{
	struct clip_news *c = r->c;
	byte_pairs_encode(r->pairs, text, r->most, &r->tokens);
	const size_t first = (size_t)c->offset[c->texts];
	if (first + r->tokens.count > r->id_size) {
		r->id_size = 2 * (first + r->tokens.count);
		c->id = xrealloc(c->id, r->id_size, sizeof *c->id);
	}
	if ((size_t)c->texts + 2 > r->text_size) {
		r->text_size = 2 * ((size_t)c->texts + 2);
		c->offset = xrealloc(c->offset, r->text_size, sizeof *c->offset);
	}
	for (size_t i = 0; i < r->tokens.count; i++)
		c->id[first + i] = r->tokens.list[i].id;
	c->offset[c->texts + 1] = (int64_t)(first + r->tokens.count);
	return c->texts++;
}

static int32_t find_label(struct text_reader *r, const char *text)
{
	int32_t i = token_table_find(&r->labels, text, strlen(text));
	if (i == TOKEN_NONE) {
		i = add_text(r, text);
		token_table_put(&r->labels, text, strlen(text), i);
	}
	return i;
}

static void make_key(struct clip_news *c)
{
	struct digest *d = digest_new();
	digest_add(d, &c->texts, sizeof c->texts);
	digest_add(d, c->offset, ((size_t)c->texts + 1) * sizeof *c->offset);
	digest_add(d, c->id, (size_t)c->offset[c->texts] * sizeof *c->id);
	digest_finish(d, c->key);
}

static void number_texts(struct text_reader *r, const struct catalog *news)
{
	struct clip_news *c = r->c;
	c->offset = xcalloc(r->text_size = 64, sizeof *c->offset);
	for (uint32_t row = 0; row < news->count; row++)
		add_text(r, news->news[row].title);
	for (uint32_t row = 0; row < news->count; row++) {
		c->label[0][row] = find_label(r, news->news[row].category);
		c->label[1][row] = find_label(r, news->news[row].subcategory);
	}
}

/* The words of data's titles and its tables of labels in place of byte pairs, each a token; the last two numbers start and end
 * a text. Text news + 0 is empty. */
static void number_words(struct clip_news *c, const struct news_data *data, int64_t most)
{
	const int32_t news = (int32_t)data->news->count, words = data->vocabulary.count;
	const int32_t labels[2] = {data->categories.count, data->subcategories.count};
	const int32_t all = labels[0] + labels[1], start = words + all, end = start + 1;
	int64_t n = 0;
	c->vocabulary = end + 1;
	c->texts = news + 1 + all;
	c->offset = xcalloc((size_t)c->texts + 1, sizeof *c->offset);
	c->id = xmalloc(((size_t)data->title.offset[news] + (FRAME + 1) * (size_t)c->texts) * sizeof *c->id);
	for (int32_t i = 0; i < c->texts; i++) {
		c->id[n++] = start;
		for (int64_t k = i < news ? data->title.offset[i] : 0; i < news && k < data->title.offset[i + 1]; k++)
			if (n - c->offset[i] < most - 1)
				c->id[n++] = data->title.item[k];
		if (i > news)
			c->id[n++] = words + i - news - 1;
		c->id[n++] = end;
		c->offset[i + 1] = n;
	}
	for (int32_t row = 0; row < news; row++) {
		const int32_t category = data->category ? data->category[row] : 0;
		const int32_t subcategory = data->subcategory ? data->subcategory[row] : 0;
		c->label[0][row] = news + category;
		c->label[1][row] = subcategory ? news + labels[0] + subcategory : news;
	}
}

static enum status read_pairs(struct clip_news *c, const struct catalog *news, int64_t most)
{
	static const char *const names[] = {"merges.txt", "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt",
	                                    NULL};
	struct text_reader r = {.c = c, .most = (size_t)most};
	char *path = encoder_file(c->encoder, c->encoder->vocab, names);
	enum status st = path ? byte_pairs_open(&r.pairs, path)
	                      : status_fail(ST_USAGE, "encoder.vocab is missing: expected CLIP's merges.txt or "
	                                              "bpe_simple_vocab_16e6.txt.gz, or words");
	if (st == ST_OK) {
		c->vocabulary = byte_pairs_size(r.pairs);
		number_texts(&r, news);
	}
	byte_pairs_close(r.pairs);
	tokens_release(&r.tokens);
	token_table_release(&r.labels);
	free(path);
	return st;
}

static enum status read_texts(struct clip_news *c, struct clip_config *config, const struct news_data *data)
{
	const struct encoder_settings *e = c->encoder;
	const bool words = strcmp(e->vocab, ENCODER_WORDS) == 0;
	const int64_t most = e->max_tokens ? e->max_tokens : config->positions;
	enum status st = ST_OK;
	if (most < FRAME + 1 || most > config->positions)
		return status_fail(ST_USAGE, "encoder.max_tokens is %lld: the network reads %d to %lld", (long long)most,
		                   FRAME + 1, (long long)config->positions);
	for (int k = 0; k < 2; k++)
		c->label[k] = xcalloc((size_t)data->news->count + 1, sizeof *c->label[k]);
	if (words)
		number_words(c, data, most);
	else
		st = read_pairs(c, data->news, most);
	if (st != ST_OK)
		return st;
	make_key(c);
	if (words && !*e->weights)
		config->vocabulary = c->vocabulary;
	if (c->vocabulary > config->vocabulary)
		st = status_fail(ST_USAGE, "encoder.vocab has %d tokens, the network %lld", (int)c->vocabulary,
		                 (long long)config->vocabulary);
	return st;
}

/* Making ------------------------------------------------------------------------------------------------------------ */

static enum status read_sizes(const struct encoder_settings *e, struct clip_config *config)
{
	static const char *const names[] = {"config.json", NULL};
	*config = clip_small;
	if (strcmp(e->config, "small") == 0)
		return ST_OK;
	char *path = encoder_file(e, e->config, names);
	*config = clip_vit_b32;
	const enum status st = path ? clip_config_read(config, path) : ST_OK;
	free(path);
	return st;
}

/* Layers of a tower that are not trained. */
static int64_t frozen_of(const struct clip_tower_config *tower, int64_t tuned)
{
	if (tuned == ENCODER_ALL_TUNED)
		return CLIP_ALL_TUNED;
	return tuned < tower->layers ? tower->layers - tuned : 0;
}

/* Whether a column is known to be made otherwise; one that was filled in by hand (feature_columns_add) says nothing. */
static bool made_otherwise(const struct feature_column *c, const char *how)
{
	return strcmp(c->source, "by hand") != 0 && !strstr(c->source, how);
}

/* The states of covers are made beforehand: by the same layers of the same sizes. */
static enum status check_covers(const struct clip_news *c)
{
	const struct feature_column *patch = news_data_feature(c->data, "clip", "patch");
	const struct clip_config *o = &c->net.config;
	char *after = path_printf("patches after image layer %lld of %lld,", (long long)c->net.image.frozen,
	                          (long long)c->net.image.layers);
	enum status st = ST_OK;
	if (patch->ndim != 2 || patch->dim[0] != clip_rows(o) || patch->dim[1] != o->image.width ||
	    made_otherwise(patch, after))
		st = status_fail(ST_USAGE,
		                 "the covers' states are not those %.*s, [%lld, %lld]: make them with "
		                 "extract --kind clip --layer %lld and the same weights",
		                 (int)strlen(after) - 1, after, (long long)clip_rows(o), (long long)o->image.width,
		                 (long long)c->net.image.frozen);
	free(after);
	return st;
}

enum status clip_news_create(struct clip_news *c, struct params *ps, const struct news_data *data,
                             const struct encoder_settings *e, int64_t image_layers)
{
	struct clip_config config;
	c->encoder = e;
	c->data = data;
	c->image_layers = image_layers;
	enum status st = read_sizes(e, &config);
	if (st == ST_OK)
		st = read_texts(c, &config, data);
	if (st != ST_OK)
		return st;
	const struct clip_options o = {.towers = image_layers > 0 ? CLIP_BOTH : CLIP_TEXT,
	                               .text_frozen = frozen_of(&config.text, e->finetune_layers),
	                               .image_frozen = frozen_of(&config.image, image_layers)};
	st = clip_init(&c->net, &config, &o, "clip", &c->frozen, ps);
	if (st == ST_OK && !*e->weights && (c->net.text.frozen >= 0 || image_layers > 0))
		st = status_fail(ST_USAGE,
		                 "encoder.weights is missing: what is not trained has to come from somewhere; expected "
		                 "a file, random:SEED, or encoder.finetune_layers = -1");
	return st == ST_OK && image_layers > 0 ? check_covers(c) : st;
}

/* The trunk --------------------------------------------------------------------------------------------------------- */

static int32_t *take_tokens(const struct clip_news *c, const uint32_t *text, int32_t count, struct arena *a,
                            struct segments *s)
{
	int32_t *offset = arena_alloc(a, ((size_t)count + 1) * sizeof *offset);
	offset[0] = 0;
	for (int32_t i = 0; i < count; i++)
		offset[i + 1] = offset[i] + (int32_t)(c->offset[text[i] + 1] - c->offset[text[i]]);
	int32_t *id = arena_alloc(a, (size_t)offset[count] * sizeof *id + 1);
	for (int32_t i = 0; i < count; i++)
		memcpy(id + offset[i], c->id + c->offset[text[i]], (size_t)(offset[i + 1] - offset[i]) * sizeof *id);
	*s = (struct segments){offset, count};
	return id;
}

static enum status make_states(void *context, uint32_t first, uint32_t count, real *out)
{
	struct clip_news *c = context;
	struct arena a = {0};
	uint32_t text[TOGETHER];
	struct clip_text in = {0};
	for (uint32_t i = 0; i < count; i++)
		text[i] = first + i;
	in.id = take_tokens(c, text, (int32_t)count, &a, &in.titles);
	const enum status st = clip_text_infer(&c->net, &in, NULL, out);
	arena_release(&a);
	return st;
}

static enum status open_trunk(struct clip_news *c, const struct weights *w)
{
	struct frozen_rows_plan plan = {.news = (uint32_t)c->texts,
	                                .width = (int32_t)c->net.config.text.width,
	                                .offset = c->offset,
	                                .together = TOGETHER,
	                                .make = make_states,
	                                .context = c};
	const int64_t sizes[] = {c->net.config.text.width, c->net.config.text.layers, c->net.config.text.heads,
	                         c->net.config.vocabulary, c->net.config.positions,   c->net.text.frozen};
	struct digest *d = digest_new();
	digest_add_string(d, "clip text 1");
	digest_add_string(d, weights_digest(w));
	digest_add(d, sizes, sizeof sizes);
	digest_add_string(d, c->key);
	digest_finish(d, plan.key);
	char *path = encoder_trunk_path(c->encoder, c->data->data_folder, plan.key);
	plan.path = path;
	log_info("%lld of %lld layers of CLIP's text tower are frozen: their states are in %s, %.1f MB",
	         (long long)c->net.text.frozen, (long long)c->net.text.layers, path,
	         (double)c->offset[c->texts] * (double)plan.width * sizeof(uint16_t) / 1e6);
	const enum status st = frozen_rows_open(&c->trunk, &plan);
	free(path);
	return st;
}

enum status clip_news_load(struct clip_news *c, enum load_what what, char **network)
{
	struct weights *w;
	const bool keeps_text = c->net.text.frozen >= 0, keeps_image = c->image_layers > 0;
	if (!*c->encoder->weights || (what == LOAD_FROZEN && !keeps_text && !keeps_image))
		return ST_OK;
	enum status st = weights_open(&w, c->encoder->weights);
	if (st != ST_OK)
		return st;
	if (weights_are_random(w))
		log_warn("the network's weights are %s: it was taught nothing", weights_digest(w));
	params_seal_frozen(&c->frozen);
	st = clip_read(&c->net, w);
	if (st == ST_OK && keeps_image && made_otherwise(news_data_feature(c->data, "clip", "patch"), weights_digest(w)))
		st = status_fail(ST_USAGE, "the covers' states were made with other weights than %s", c->encoder->weights);
	if (st == ST_OK) {
		*network = xstrdup(weights_digest(w));
		st = keeps_text ? open_trunk(c, w) : ST_OK;
	}
	weights_close(w);
	return st;
}

void clip_news_release(struct clip_news *c)
{
	frozen_rows_close(&c->trunk);
	params_release(&c->frozen);
	free(c->id);
	free(c->offset);
	free(c->label[0]);
	free(c->label[1]);
	*c = (struct clip_news){0};
}

/* Running ------------------------------------------------------------------------------------------------------------ */

/* The projections [count, projection] of texts. */
static struct tensor *run_texts(struct clip_news *c, struct tape *t, const uint32_t *text, int32_t count)
{
	struct segments *s = arena_alloc(&t->arena, sizeof *s);
	struct tensor *x;
	int64_t from = c->net.text.frozen;
	if (from >= 0) {
		x = frozen_rows_take(&c->trunk, t, text, count, s);
	} else {
		struct clip_text in = {0};
		in.id = take_tokens(c, text, count, &t->arena, &in.titles);
		*s = in.titles;
		x = clip_text_embed(&c->net, t, &in);
		from = 0;
	}
	return clip_text_project(&c->net, t, clip_layers(&c->net.text, t, x, s, from, c->net.text.layers), s);
}

bool clip_news_texts(struct clip_news *c, struct tape *t, const uint32_t *rows, int32_t count, unsigned wanted,
                     struct tensor *out[CLIP_TEXTS], struct tensor *present[CLIP_TEXTS])
{
	int32_t *all = arena_alloc(&t->arena, (size_t)count * CLIP_TEXTS * sizeof *all + 1), n = 0;
	for (int k = 0; k < CLIP_TEXTS; k++)
		for (int32_t i = 0; wanted >> k & 1 && i < count; i++)
			all[n++] = k == CLIP_TITLE ? (int32_t)rows[i] : c->label[k - CLIP_CATEGORY][rows[i]];
	const struct distinct d = distinct_slots(&t->arena, all, n);
	uint32_t *text = arena_alloc(&t->arena, (size_t)d.count * sizeof *text + 1);
	for (int32_t i = 0; i < d.count; i++)
		text[i] = (uint32_t)d.slot[i];
	struct tensor *projected = run_texts(c, t, text, d.count);
	n = 0;
	for (int k = 0; k < CLIP_TEXTS; k++) {
		if (!(wanted >> k & 1))
			continue;
		const unsigned part = k == CLIP_TITLE ? NEWS_PART_TITLE : NEWS_PART_CATEGORY;
		const bool hidden = c->data->hidden & part;
		present[k] = tape_tensor(t, 2, (int64_t[]){count, 1}, false);
		for (int32_t i = 0; i < count; i++)
			present[k]->data[i] = !hidden && c->offset[all[n + i] + 1] - c->offset[all[n + i]] > FRAME;
		out[k] = op_gather_rows(t, projected, d.which + n, count);
		n += count;
	}
	return projected != NULL;
}

struct tensor *clip_news_covers(struct clip_news *c, struct tape *t, const uint32_t *rows, int32_t count,
                                struct tensor **present)
{
	const int64_t patches = clip_rows(&c->net.config), width = c->net.config.image.width;
	const struct segments *s = tape_segments(t, count, (int32_t)patches);
	struct tensor *x = feature_column_rows(news_data_feature(c->data, "clip", "patch"), rows, count, t, present);
	x = op_reshape(t, x, 2, (int64_t[]){count * patches, width});
	x = clip_layers(&c->net.image, t, x, s, c->net.image.frozen, c->net.image.layers);
	return clip_image_project(&c->net, t, x, s);
}
