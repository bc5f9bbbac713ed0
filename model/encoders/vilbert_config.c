/* A ViLBERT's configuration as it is published beside the weights. */
#include <stddef.h>

#include "model/encoders/vilbert.h"
#include "model/encoders/config_json.h"

static enum status read_numbers(struct vilbert_config *c, const json_t *root, const char *path)
{
	const struct {
		const char *key;
		int64_t most;
		int64_t *out;
	} numbers[] = {{"hidden_size", 1 << 16, &c->text.width},
	               {"num_hidden_layers", VILBERT_LAYERS_MAX, &c->text.layers},
	               {"num_attention_heads", 1 << 10, &c->text.heads},
	               {"intermediate_size", 1 << 18, &c->text.inner},
	               {"v_hidden_size", 1 << 16, &c->image.width},
	               {"v_num_hidden_layers", VILBERT_LAYERS_MAX, &c->image.layers},
	               {"v_num_attention_heads", 1 << 10, &c->image.heads},
	               {"v_intermediate_size", 1 << 18, &c->image.inner},
	               {"bi_hidden_size", 1 << 16, &c->co_width},
	               {"bi_num_attention_heads", 1 << 10, &c->co_heads},
	               {"v_feature_size", 1 << 20, &c->features},
	               {"vocab_size", 1 << 24, &c->vocabulary},
	               {"max_position_embeddings", 1 << 16, &c->positions},
	               {"type_vocab_size", 1 << 10, &c->types}};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const json_t *value = json_object_get(root, numbers[i].key);
		*numbers[i].out = json_integer_value(value);
		if (!json_is_integer(value) || *numbers[i].out < 1 || *numbers[i].out > numbers[i].most)
			return status_fail(ST_MALFORMED, "%s: %s: expected a whole number from 1 to %lld", path, numbers[i].key,
			                   (long long)numbers[i].most);
	}
	return ST_OK;
}

/* Rising numbers of layers; a link may also come after the last. */
static enum status read_links(const json_t *root, const char *path, const char *key, int64_t layers, int *count,
                              int64_t out[VILBERT_LAYERS_MAX])
{
	const json_t *list = json_object_get(root, key);
	const size_t n = json_array_size(list);
	bool good = json_is_array(list) && n <= VILBERT_LAYERS_MAX;
	for (size_t i = 0; good && i < n; i++) {
		const json_t *value = json_array_get(list, i);
		out[i] = json_integer_value(value);
		good = json_is_integer(value) && out[i] >= (i ? out[i - 1] : 0) && out[i] <= layers;
	}
	*count = (int)n;
	return good ? ST_OK
	            : status_fail(ST_MALFORMED, "%s: %s: expected at most %d rising whole numbers from 0 to %lld", path,
	                          key, VILBERT_LAYERS_MAX, (long long)layers);
}

static enum status check_heads(const char *path, const char *heads_key, int64_t heads, const char *key, int64_t width)
{
	return width % heads == 0 ? ST_OK
	                          : status_fail(ST_MALFORMED, "%s: %s: %lld do not divide a %s of %lld", path, heads_key,
	                                        (long long)heads, key, (long long)width);
}

static enum status read_config(struct vilbert_config *c, const json_t *root, const char *path)
{
	int image_links = 0;
	enum status st = read_numbers(c, root, path);
	if (st == ST_OK)
		st = check_heads(path, "num_attention_heads", c->text.heads, "hidden_size", c->text.width);
	if (st == ST_OK)
		st = check_heads(path, "v_num_attention_heads", c->image.heads, "v_hidden_size", c->image.width);
	if (st == ST_OK)
		st = check_heads(path, "bi_num_attention_heads", c->co_heads, "bi_hidden_size", c->co_width);
	if (st == ST_OK)
		st = read_links(root, path, "t_biattention_id", c->text.layers, &c->links, c->text_link);
	if (st == ST_OK)
		st = read_links(root, path, "v_biattention_id", c->image.layers, &image_links, c->image_link);
	if (st == ST_OK && image_links != c->links)
		st = status_fail(ST_MALFORMED, "%s: t_biattention_id has %d numbers, v_biattention_id %d", path, c->links,
		                 image_links);
	return st;
}

enum status vilbert_config_read(struct vilbert_config *c, const char *path)
{
	json_t *root;
	*c = (struct vilbert_config){0};
	enum status st = config_json_read(path, &root);
	if (st == ST_OK)
		st = read_config(c, root, path);
	json_decref(root);
	return st;
}
