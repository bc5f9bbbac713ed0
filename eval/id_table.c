#include "eval/id_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/hash.h"

enum { SLOTS_FIRST = 1024, TEXT_FIRST = 1 << 14, OFFSETS_FIRST = 256 };

/* The slot that id is in, or would go into. */
static size_t slot_of(const struct id_table *t, const char *id, size_t length)
{
	size_t slot = hash_folded(id, length) & (t->slot_count - 1);
	while (t->slots[slot]) {
		const char *text = id_table_text(t, t->slots[slot] - 1);
		if (strncmp(text, id, length) == 0 && text[length] == 0)
			break;
		slot = (slot + 1) & (t->slot_count - 1);
	}
	return slot;
}

static void grow_slots(struct id_table *t)
{
	free(t->slots);
	t->slot_count = t->slot_count ? t->slot_count * 2 : SLOTS_FIRST;
	t->slots = xcalloc(t->slot_count, sizeof *t->slots);
	for (uint32_t i = 0; i < t->count; i++) {
		const char *text = id_table_text(t, i);
		t->slots[slot_of(t, text, strlen(text))] = i + 1;
	}
}

static void keep_text(struct id_table *t, const char *id, size_t length)
{
	if (t->count == t->offset_size) {
		t->offset_size = t->offset_size ? t->offset_size * 2 : OFFSETS_FIRST;
		t->offsets = xrealloc(t->offsets, t->offset_size, sizeof *t->offsets);
	}
	if (t->text_size - t->text_length <= length) {
		t->text_size = (t->text_size ? t->text_size * 2 : TEXT_FIRST) + length;
		t->text = xrealloc(t->text, t->text_size, 1);
	}
	t->offsets[t->count] = t->text_length;
	memcpy(t->text + t->text_length, id, length);
	t->text[t->text_length + length] = 0;
	t->text_length += length + 1;
}

uint32_t id_table_add(struct id_table *t, const char *id, size_t length)
{
	if ((size_t)t->count * 2 >= t->slot_count)
		grow_slots(t);
	const size_t slot = slot_of(t, id, length);
	if (t->slots[slot])
		return t->slots[slot] - 1;
	keep_text(t, id, length);
	t->slots[slot] = ++t->count;
	return t->count - 1;
}

uint32_t id_table_find(const struct id_table *t, const char *id, size_t length)
{
	if (t->slot_count == 0)
		return ID_NONE;
	const uint32_t found = t->slots[slot_of(t, id, length)];
	return found ? found - 1 : ID_NONE;
}

const char *id_table_text(const struct id_table *t, uint32_t number)
{
	return t->text + t->offsets[number];
}

void id_table_release(struct id_table *t)
{
	free(t->slots);
	free(t->offsets);
	free(t->text);
	*t = (struct id_table){0};
}
