#include "model/recommenders/ctr.h"

#include <stdlib.h>

#include "common/file.h"
#include "model/recommenders/id_table.h"

const char *const ctr_kinds[] = {NULL};

enum { KEY_LAYERS = 2 };
enum ctr_loss { CTR_CLICKS, CTR_RANKS };

/* Keys --------------------------------------------------------------------------------------------------------------- */

void ctr_add_key(struct ctr *c, const char *key, struct config_key k)
{
	if (c->key_count == CTR_KEYS)
		BUG("%s has more than %d keys", c->way->name, CTR_KEYS);
	k.name = c->key_names[c->key_count] = path_printf("%s.%s", c->way->name, key);
	c->keys[c->key_count++] = k;
}

struct ctr *ctr_open(size_t size, const struct ctr_way *way)
{
	struct ctr *c = xcalloc(1, size);
	c->way = way;
	ctr_add_key(c, "parts",
	            (struct config_key){NULL, CONFIG_CHOICE, &c->parts, "both", way->parts, 0, 0,
	                                "The model whole, or one half of it."});
	ctr_add_key(
		c, "width",
		(struct config_key){NULL, CONFIG_INT, &c->width, way->width, NULL, 1, 4096, "Width of a feature's embedding."});
	ctr_add_key(c, "layers",
	            (struct config_key){NULL, CONFIG_STRING, &c->layers, way->layers, NULL, 0, 0,
	                                "Widths of the deep part's layers; train.dropout acts on each."});
	ctr_add_key(c, "init",
	            (struct config_key){NULL, CONFIG_REAL, &c->init, way->init, NULL, 0, 10,
	                                "Deviation of the embeddings before training."});
	ctr_add_key(c, "loss",
	            (struct config_key){NULL, CONFIG_CHOICE, &c->loss, "clicks", "clicks|ranks", 0, 0,
	                                "clicks: log-loss of each candidate, as in the paper; ranks: cross-entropy of the "
	                                "clicked one among those of its impression, as the text models learn."});
	return c;
}

void ctr_close(struct recommender *r)
{
	struct ctr *c = (struct ctr *)r;
	for (int i = 0; i < c->key_count; i++)
		free(c->key_names[i]);
	free(c);
}

const struct config_key *ctr_keys(struct recommender *r)
{
	return ((struct ctr *)r)->keys;
}

/* Parts -------------------------------------------------------------------------------------------------------------- */

enum status ctr_table_init(struct params *ps, const struct news_data *data, const char *name, int64_t width,
                           struct init init, struct tensor **out)
{
	enum status st = params_add(ps, name, 2, (int64_t[]){data->sparse.settings->buckets, width}, init, out);
	if (st == ST_OK)
		params_track_rows(ps, *out);
	return st;
}

enum status ctr_fields_init(struct ctr *c, struct params *ps, const struct news_data *data, int64_t *width)
{
	*width = sparse_field_count(SPARSE_PLAIN) * c->width;
	return ctr_table_init(ps, data, "field.weight", c->width, (struct init){INIT_NORMAL, c->init}, &c->field);
}

struct tensor *ctr_fields_apply(const struct ctr *c, struct tape *t, const struct sparse_batch *x)
{
	struct tensor *fields = op_embedding_bag(t, c->field, x->index, x->value, &x->by_field);
	return op_reshape(t, fields, 2, (int64_t[]){x->samples, x->fields * c->width});
}

enum status ctr_deep_init(struct ctr *c, struct params *ps, int64_t width)
{
	return tower_init(&c->deep, ps, "deep", width, c->layers, c->keys[KEY_LAYERS].name);
}

struct tensor *ctr_deep_apply(const struct ctr *c, struct tape *t, struct tensor *first)
{
	return tower_apply(&c->deep, t, first, c->base.dropout);
}

/* Functions of the type ---------------------------------------------------------------------------------------------- */

enum status ctr_create(struct recommender *r, struct params *ps, const struct news_data *data)
{
	struct ctr *c = (struct ctr *)r;
	return c->way->create(c, ps, data);
}

struct tensor *ctr_score(struct recommender *r, struct tape *t, const struct news_data *data,
                         const struct encoded_news *news, const struct impressions *m)
{
	struct ctr *c = (struct ctr *)r;
	(void)news;
	const struct sparse_batch *x = sparse_batch_make(t, data, m, SPARSE_PLAIN);
	return x ? op_reshape(t, c->way->logit(c, t, data, m, x), 1, (int64_t[]){x->samples}) : NULL;
}

struct tensor *ctr_loss(struct recommender *r, struct tape *t, const struct news_data *data,
                        const struct encoded_news *news, const struct impressions *m, struct tensor *scores)
{
	(void)data;
	(void)news;
	return ((struct ctr *)r)->loss == CTR_RANKS ? op_cross_entropy(t, scores, &m->candidates) : click_bce(t, scores, m);
}
