/* config.json beside a BERT's weights. */
#include <stddef.h>
#include <string.h>

#include "model/encoders/bert.h"
#include "model/encoders/config_json.h"

static enum status read_whole(const json_t *root, const char *path, const char *key, int64_t most, int64_t *out)
{
	const json_t *value = json_object_get(root, key);
	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 1 && *out <= most
	           ? ST_OK
	           : status_fail(ST_MALFORMED, "%s: %s: expected a whole number from 1 to %lld", path, key,
	                         (long long)most);
}

static enum status read_activation(const json_t *root, const char *path, enum activation *out)
{
	static const struct {
		const char *name;
		enum activation activation;
	} known[] = {{"gelu", ACTIVATION_GELU},
	             {"gelu_new", ACTIVATION_GELU_TANH},
	             {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
	             {"quick_gelu", ACTIVATION_QUICK_GELU},
	             {"relu", ACTIVATION_RELU}};
	const char *name = json_string_value(json_object_get(root, "hidden_act"));
	for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i].name) == 0) {
			*out = known[i].activation;
			return ST_OK;
		}
	return status_fail(ST_MALFORMED, "%s: hidden_act: expected gelu, gelu_new, gelu_pytorch_tanh, quick_gelu or relu",
	                   path);
}

static enum status read_config(struct bert_config *c, const json_t *root, const char *path)
{
	const struct {
		const char *key;
		int64_t most;
		int64_t *out;
	} numbers[] = {{"hidden_size", 1 << 16, &c->width},         {"num_hidden_layers", BERT_LAYERS_MAX, &c->layers},
	               {"num_attention_heads", 1 << 10, &c->heads}, {"intermediate_size", 1 << 18, &c->inner},
	               {"vocab_size", 1 << 24, &c->vocabulary},     {"max_position_embeddings", 1 << 16, &c->positions},
	               {"type_vocab_size", 1 << 10, &c->types}};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const enum status st = read_whole(root, path, numbers[i].key, numbers[i].most, numbers[i].out);
		if (st != ST_OK)
			return st;
	}
	const char *position = json_string_value(json_object_get(root, "position_embedding_type"));
	if (position && strcmp(position, "absolute") != 0)
		return status_fail(ST_MALFORMED, "%s: position_embedding_type: expected absolute", path);
	const json_t *epsilon = json_object_get(root, "layer_norm_eps");
	c->epsilon = epsilon ? json_number_value(epsilon) : 1e-12;
	if (!(c->epsilon > 0 && c->epsilon < 1))
		return status_fail(ST_MALFORMED, "%s: layer_norm_eps: expected a number between 0 and 1", path);
	if (c->width % c->heads)
		return status_fail(ST_MALFORMED, "%s: num_attention_heads: %lld do not divide a hidden_size of %lld", path,
		                   (long long)c->heads, (long long)c->width);
	return read_activation(root, path, &c->activation);
}

enum status bert_config_read(struct bert_config *c, const char *path)
{
	json_t *root;
	*c = (struct bert_config){0};
	enum status st = config_json_read(path, &root);
	if (st == ST_OK)
		st = read_config(c, root, path);
	json_decref(root);
	return st;
}
