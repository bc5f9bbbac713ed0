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

/* Whether what stands at `at` is not a part of longer words. */
static bool whole_words(const char *text, size_t n, size_t at, size_t length)
{
	const size_t end = at + length;
	return !(at > 0 && in_word(text[at - 1]) && in_word(text[at])) &&
	       !(end < n && in_word(text[end]) && in_word(text[end - 1]));
}

/* The first byte where form, of 1 to ENTITY_FORM_MAX bytes, stands as whole words; n if it does nowhere. However either
 * repeats itself, it takes about 2 (n + length) comparisons.        (Knuth, Morris & Pratt 1977) */
static size_t find_words(const char *text, size_t n, const char *form, size_t length)
{
	uint16_t
		back[ENTITY_FORM_MAX]; /* [i] the bytes that form begins with and its first i + 1 end with, fewer than those */
	back[0] = 0;
	for (size_t i = 1, k = 0; i < length; i++) {
		while (k && lower(form[i]) != lower(form[k]))
			k = back[k - 1];
		k += lower(form[i]) == lower(form[k]);
		back[i] = (uint16_t)k;
	}
	for (size_t i = 0, k = 0; i < n; i++) {
		while (k && lower(text[i]) != lower(form[k]))
			k = back[k - 1];
		k += lower(text[i]) == lower(form[k]);
		if (k < length)
			continue;
		if (whole_words(text, n, i + 1 - length, length))
			return i + 1 - length;
		k = back[k - 1];
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

struct span {
	size_t begin, end; /* bytes of the text; both 0: none */
};

/* Form number i, or NULL if it is empty or too long. */
static const char *form_of(const json_t *forms, size_t i, size_t *length)
{
	const json_t *form = json_array_get(forms, i);
	*length = json_string_length(form);
	return *length && *length <= ENTITY_FORM_MAX ? json_string_value(form) : NULL;
}

static size_t forms_of(const json_t *forms)
{
	const size_t listed = json_array_size(forms);
	return listed < ENTITY_FORMS_MAX ? listed : ENTITY_FORMS_MAX;
}

/* The longest form at the offset. */
static struct span stand_at(const struct parsing *p, const json_t *forms, json_int_t offset)
{
	const size_t at = byte_of(p->text, p->length, offset);
	size_t longest = 0, length;
	for (size_t i = 0; i < forms_of(forms); i++) {
		const char *form = form_of(forms, i, &length);
		if (form && length > longest && stands(p->text + at, p->length - at, form, length))
			longest = length;
	}
	return longest ? (struct span){at, at + longest} : (struct span){0};
}

/* The first form that is found anywhere. */
static struct span stand_anywhere(const struct parsing *p, const json_t *forms)
{
	size_t length;
	for (size_t i = 0; i < forms_of(forms); i++) {
		const char *form = form_of(forms, i, &length);
		const size_t at = form ? find_words(p->text, p->length, form, length) : p->length;
		if (at < p->length)
			return (struct span){at, at + length};
	}
	return (struct span){0};
}

/* A mention for each offset. The text is searched once, when a first one has no form. */
static void place(struct parsing *p, const json_t *forms, const json_t *offsets, struct entity_mention *m)
{
	const size_t count = json_array_size(offsets);
	struct span anywhere = {0};
	bool searched = false;
	for (size_t i = 0; i < count && p->count < ENTITY_MENTIONS_MAX; i++) {
		struct span at = stand_at(p, forms, json_integer_value(json_array_get(offsets, i)));
		if (!at.end && !searched) {
			anywhere = stand_anywhere(p, forms);
			searched = true;
		}
		at = at.end ? at : anywhere;
		m->begin = (uint32_t)at.begin;
		m->end = (uint32_t)at.end;
		p->mention[p->count++] = *m;
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
	return json_is_string(value);
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
	if (json_array_size(offsets))
		place(p, forms, offsets, &m);
	else if (p->count < ENTITY_MENTIONS_MAX)
		p->mention[p->count++] = m;
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
