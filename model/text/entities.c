#include "model/text/entities.h"

#include <stdbool.h>
#include <string.h>

#include <jansson.h>

/* Text --------------------------------------------------------------------------------------------------------------- */

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool in_word(char c)
{
	return (unsigned char)c >= 0x80 || (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* Whether form stands at the beginning of text, case of ASCII letters aside; n are the text's bytes. */
static bool stands(const char *text, size_t n, const char *form, size_t length)
{
	if (length > n)
		return false;
	for (size_t i = 0; i < length; i++)
		if (lower(text[i]) != lower(form[i]))
			return false;
	return true;
}

/* The byte where character `offset` begins; n if the text has fewer. */
static size_t byte_of(const char *text, size_t n, json_int_t offset)
{
	size_t at = 0;
	for (json_int_t left = offset; at < n && left > 0; left--)
		for (at++; at < n && ((unsigned char)text[at] & 0xc0) == 0x80;)
			at++;
	return at;
}

/* The first byte where form stands as whole words; n if it does nowhere. */
static size_t find_words(const char *text, size_t n, const char *form, size_t length)
{
	for (size_t at = 0; at + length <= n; at++) {
		if (stands(text + at, n - at, form, length) && !(at > 0 && in_word(text[at - 1]) && in_word(form[0])) &&
		    !(at + length < n && in_word(text[at + length]) && in_word(form[length - 1])))
			return at;
	}
	return n;
}

/* List --------------------------------------------------------------------------------------------------------------- */

struct parsing {
	const char *text;
	size_t length;
	struct entity_mention *mention;
	int32_t count;
};

/* A string of an entity, or NULL; *good is false if it is something else than a string or null. */
static const char *string_of(const json_t *entity, const char *key, bool *good)
{
	const json_t *value = json_object_get(entity, key);
	*good &= !value || json_is_string(value) || json_is_null(value);
	return json_string_value(value);
}

/* The longest form at the offset, or the first that is found anywhere. */
static void place(const struct parsing *p, const json_t *forms, json_int_t offset, struct entity_mention *m)
{
	const size_t at = byte_of(p->text, p->length, offset), listed = json_array_size(forms);
	const size_t count = listed < ENTITY_FORMS_MAX ? listed : ENTITY_FORMS_MAX;
	size_t longest = 0;
	for (size_t i = 0; i < count; i++) {
		const json_t *form = json_array_get(forms, i);
		const size_t length = json_string_length(form);
		if (length > longest && stands(p->text + at, p->length - at, json_string_value(form), length))
			longest = length;
	}
	m->begin = longest ? (uint32_t)at : 0;
	m->end = m->begin + (uint32_t)longest;
	for (size_t i = 0; i < count && m->end == 0; i++) {
		const json_t *form = json_array_get(forms, i);
		const size_t length = json_string_length(form);
		const size_t found = length ? find_words(p->text, p->length, json_string_value(form), length) : p->length;
		if (found < p->length) {
			m->begin = (uint32_t)found;
			m->end = (uint32_t)(found + length);
		}
	}
}

static bool all_are(const json_t *list, bool (*is)(const json_t *))
{
	if (list && !json_is_array(list))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!is(json_array_get(list, i)))
			return false;
	return true;
}

static bool is_offset(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool is_form(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) <= ENTITY_TEXT_MAX;
}

static bool id_valid(const char *id)
{
	for (const char *c = id; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	return strlen(id) <= ENTITY_ID_MAX;
}

static enum status add_entity(struct parsing *p, const json_t *entity)
{
	bool good = json_is_object(entity);
	const char *id = string_of(entity, "WikidataId", &good), *type = string_of(entity, "Type", &good);
	const json_t *offsets = json_object_get(entity, "OccurrenceOffsets"),
				 *forms = json_object_get(entity, "SurfaceForms");
	if (!good || !all_are(offsets, is_offset) || !all_are(forms, is_form))
		return status_fail(ST_MALFORMED, "expected entities with WikidataId, Type, OccurrenceOffsets and SurfaceForms");
	if (!id || !*id)
		return ST_OK;
	if (!id_valid(id))
		return status_fail(ST_MALFORMED, "a WikidataId that is longer than %d characters, or has others than ASCII's",
		                   ENTITY_ID_MAX);
	struct entity_mention m = {0};
	memcpy(m.id, id, strlen(id) + 1);
	if (type && strlen(type) <= ENTITY_TYPE_MAX && !strchr(type, '\n'))
		memcpy(m.type, type, strlen(type) + 1);
	const size_t count = json_array_size(offsets);
	for (size_t i = 0; i < count + !count && p->count < ENTITY_MENTIONS_MAX; i++) {
		if (count)
			place(p, forms, json_integer_value(json_array_get(offsets, i)), &m);
		p->mention[p->count++] = m;
	}
	return ST_OK;
}

/* Mentions that the list can have, as far as they are kept. */
static size_t most_mentions(const json_t *list)
{
	size_t n = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const size_t own = json_array_size(json_object_get(json_array_get(list, i), "OccurrenceOffsets"));
		n += own ? own : 1;
	}
	return n < ENTITY_MENTIONS_MAX ? n : ENTITY_MENTIONS_MAX;
}

enum status entities_parse(const char *json, const char *text, struct arena *a, struct entity_mention **mentions,
                           int32_t *count)
{
	json_error_t error;
	const size_t length = strlen(text);
	enum status st = ST_OK;
	*mentions = NULL;
	*count = 0;
	if (!*json || strcmp(json, "[]") == 0)
		return ST_OK;
	json_t *list = json_loads(json, 0, &error);
	if (!json_is_array(list)) {
		json_decref(list);
		return status_fail(ST_MALFORMED, "expected a JSON list of entities%s%s", list ? "" : ": ",
		                   list ? "" : error.text);
	}
	struct parsing p = {.text = text, .length = length < ENTITY_TEXT_MAX ? length : ENTITY_TEXT_MAX};
	p.mention = arena_alloc(a, most_mentions(list) * sizeof *p.mention + 1);
	for (size_t i = 0; i < json_array_size(list) && st == ST_OK; i++)
		st = add_entity(&p, json_array_get(list, i));
	json_decref(list);
	*mentions = p.mention;
	*count = p.count;
	return st;
}
