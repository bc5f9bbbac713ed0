/* Names and their numbers: readers, categories. Numbers go from 1 in the order that names were added; 0 is a name that is not
 * there. 24 to 40 bytes a name and its own. */
#ifndef COVERLINE_MODEL_TRAIN_NAME_TABLE_H
#define COVERLINE_MODEL_TRAIN_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/h5.h"
#include "common/status.h"

/* Zero-initialise. */
struct name_table {
	int32_t count;    /* the largest number */
	char *text;       /* names one after another */
	uint64_t *offset; /* [count + 1] name i is text[offset[i - 1] … offset[i] - 1] */
	size_t text_size, offset_size;
	int32_t *index; /* open-addressing hash of names -> numbers; 0: free */
	uint32_t index_size;
};

/* The name's number, a new one if it is not there. Names hold no line feed. ST_MEMORY beyond 2^29 names. */
MUST_CHECK enum status name_table_add(struct name_table *t, const char *name, size_t length, int32_t *number);
/* Into an empty table, the names "0" … count - 1: for who needs a table's size alone. */
MUST_CHECK enum status name_table_fill(struct name_table *t, int32_t count);
/* The name's number, or 0. */
int32_t name_table_find(const struct name_table *t, const char *name, size_t length);
void name_table_release(struct name_table *t);

/* Dataset `name`: the names, a line feed after each, as bytes. */
MUST_CHECK enum status name_table_write(const struct name_table *t, struct h5_file *f, const char *name);
/* Into an empty table. ST_MALFORMED if a name appears twice; `name` is what messages call the bytes. */
MUST_CHECK enum status name_table_parse(struct name_table *t, const char *name, const char *text, size_t size);
MUST_CHECK enum status name_table_read(struct name_table *t, struct h5_file *f, const char *name);

#endif
