/* The news catalogue: DATA/catalog.tsv, and MIND's news.tsv, which has the same eight columns.
 *
 *   id  category  subcategory  title  abstract  url  title_entities  abstract_entities
 *
 * Tab-separated, no header, no quoting (a '"' is a plain character), UTF-8, lines end in LF or CRLF.
 * An id matches [A-Za-z0-9_-]{1,31}. Row order is THE row order of every shard of every kind. */
#ifndef COVERLINE_COMMON_CATALOG_H
#define COVERLINE_COMMON_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/status.h"

#define NEWS_ID_MAX  31
#define NEWS_COLUMNS 8
#define NEWS_NONE    UINT32_MAX /* no such row */

struct news {
	const char *id;
	const char *category;
	const char *subcategory;
	const char *title;
	const char *abstract;
	const char *url;
	const char *title_entities;    /* JSON, "[]" or "" */
	const char *abstract_entities; /* JSON, "[]" or "" */
};

struct catalog {
	struct news *news; /* [count], in row order */
	uint32_t count;
	struct catalog_slot *index; /* [index_size], open-addressing hash of ids -> rows */
	uint32_t index_size;
	char (*ids)[NEWS_ID_MAX + 1]; /* [count], the ids once more: close together, so that a search stays in cache */
	struct arena text;            /* owns every string */
	struct catalog_brief *brief;  /* NULL: all columns are kept */
};

/* Reads DATA/catalog.tsv (data is the folder). ST_MALFORMED names file, line and column. */
MUST_CHECK enum status catalog_open(struct catalog *c, const char *data);
/* The same without abstracts and entities, which are "": a million news take some 250 MB. All columns are checked. */
MUST_CHECK enum status catalog_open_brief(struct catalog *c, const char *data);
/* Frees everything; accepts a zeroed catalogue. */
void catalog_close(struct catalog *c);
/* The row of id, or NEWS_NONE. Constant time. */
uint32_t catalog_find(const struct catalog *c, const char *id, size_t id_length);

/* A stretch of a text. */
struct text_span {
	const char *s;
	size_t n;
};
/* The rows of many ids at once, which is several times faster where the catalogue is larger than the processor's caches. */
void catalog_find_all(const struct catalog *c, const struct text_span *id, size_t count, uint32_t *row);

bool news_id_valid(const char *id, size_t length);

/* Rows that did not parse are listed here in lenient reading; see catalog_add_file. */
typedef void catalog_reject_fn(void *context, const char *message);

/* Appends a news.tsv to c (zeroed before the first). A row whose id is there already is passed over:
 * first appearance wins. With reject NULL a bad row is ST_MALFORMED; otherwise it is left out and told. */
MUST_CHECK enum status catalog_add_file(struct catalog *c, const char *path, catalog_reject_fn *reject, void *context);

#endif
