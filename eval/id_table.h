/* Ids, or other short texts, numbered from 0 in the order of their first appearance. */
#ifndef COVERLINE_EVAL_ID_TABLE_H
#define COVERLINE_EVAL_ID_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define ID_NONE UINT32_MAX

/* Zero-initialise before first use. */
struct id_table {
	uint32_t *slots; /* [slot_count] number + 1 by hash, 0 where empty; a power of two, at most half full */
	size_t slot_count;
	size_t *offsets; /* [count] where each text begins */
	size_t offset_size;
	char *text; /* every text once, each NUL-terminated */
	size_t text_length, text_size;
	uint32_t count;
};

/* The number of id, which is added if it is new. id has no NUL. */
uint32_t id_table_add(struct id_table *t, const char *id, size_t length);
/* The number of id, or ID_NONE. */
uint32_t id_table_find(const struct id_table *t, const char *id, size_t length);
/* Valid until the next id_table_add. */
const char *id_table_text(const struct id_table *t, uint32_t number);
void id_table_release(struct id_table *t);

#endif
