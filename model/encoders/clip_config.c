/* config.json beside a CLIP's weights. What it leaves out is as in ViT-B/32, as where it comes from. */
#include <stddef.h>
#include <string.h>

#include "model/encoders/clip.h"
#include "model/encoders/config_json.h"

struct number {
	const char *part, *key; /* part NULL: of the root */
	int64_t most;
	int64_t *out;
};

static enum status read_number(const json_t *root, const char *path, const struct number *n)
{
	const json_t *value = json_object_get(n->part ? json_object_get(root, n->part) : root, n->key);

	if (!value)
		return ST_OK;
	*n->out = json_integer_value(value);
	if (json_is_integer(value) && *n->out >= 1 && *n->out <= n->most)
		return ST_OK;
	return status_fail(ST_MALFORMED, "%s: %s%s%s: expected a whole number from 1 to %lld", path, n->part ? n->part : "",
	                   n->part ? "." : "", n->key, (long long)n->most);
}

static enum status check_tower(const json_t *root, const char *path, const char *part,
                               const struct clip_tower_config *t, int64_t inner)
{
	const char *activation = json_string_value(json_object_get(json_object_get(root, part), "hidden_act"));

	if (activation && strcmp(activation, "quick_gelu") != 0)
		return status_fail(ST_MALFORMED, "%s: %s.hidden_act: expected quick_gelu", path, part);
	if (inner != 4 * t->width)
		return status_fail(ST_MALFORMED, "%s: %s.intermediate_size: expected four times %lld", path, part,
		                   (long long)t->width);
	if (t->width % t->heads)
		return status_fail(ST_MALFORMED, "%s: %s.num_attention_heads: %lld do not divide a hidden_size of %lld", path,
		                   part, (long long)t->heads, (long long)t->width);
	return ST_OK;
}

static enum status read_config(struct clip_config *c, const json_t *root, const char *path)
{
	int64_t text_inner = 0, image_inner = 0;
	const struct number numbers[] = {{"text_config", "hidden_size", 1 << 16, &c->text.width},
	                                 {"text_config", "num_hidden_layers", CLIP_LAYERS_MAX, &c->text.layers},
	                                 {"text_config", "num_attention_heads", 1 << 10, &c->text.heads},
	                                 {"text_config", "intermediate_size", 1 << 18, &text_inner},
	                                 {"text_config", "vocab_size", 1 << 24, &c->vocabulary},
	                                 {"text_config", "max_position_embeddings", 1 << 12, &c->positions},
	                                 {"vision_config", "hidden_size", 1 << 16, &c->image.width},
	                                 {"vision_config", "num_hidden_layers", CLIP_LAYERS_MAX, &c->image.layers},
	                                 {"vision_config", "num_attention_heads", 1 << 10, &c->image.heads},
	                                 {"vision_config", "intermediate_size", 1 << 18, &image_inner},
	                                 {"vision_config", "image_size", 1 << 12, &c->side},
	                                 {"vision_config", "patch_size", 1 << 12, &c->patch},
	                                 {NULL, "projection_dim", 1 << 16, &c->projection}};
	enum status st = ST_OK;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers) && st == ST_OK; i++)
		st = read_number(root, path, &numbers[i]);
	if (st == ST_OK)
		st = check_tower(root, path, "text_config", &c->text, text_inner ? text_inner : 4 * c->text.width);
	if (st == ST_OK)
		st = check_tower(root, path, "vision_config", &c->image, image_inner ? image_inner : 4 * c->image.width);
	return st;
}

enum status clip_config_read(struct clip_config *c, const char *path)
{
	json_t *root;
	*c = clip_vit_b32;
	enum status st = config_json_read(path, &root);
	if (st == ST_OK)
		st = read_config(c, root, path);
	json_decref(root);
	return st;
}
