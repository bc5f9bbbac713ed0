#include "model/encoders/config_json.h"

#include "common/file.h"

#define CONFIG_BYTES_MAX (1u << 20)

enum status config_json_read(const char *path, json_t **root)
{
	struct strbuf text;
	json_error_t error;
	*root = NULL;
	strbuf_init(&text, CONFIG_BYTES_MAX);
	enum status st = file_read(path, &text);
	if (st == ST_OK)
		st = strbuf_check(&text, path);
	if (st == ST_OK) {
		*root = json_loadb(text.data, text.len, 0, &error);
		if (!json_is_object(*root)) {
			st = status_fail(ST_MALFORMED, "%s: expected a JSON object: %s", path, error.text);
			json_decref(*root);
			*root = NULL;
		}
	}
	strbuf_release(&text);
	return st;
}
