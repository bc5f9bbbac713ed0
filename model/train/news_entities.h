/* Entities that titles and abstracts name, and their vectors.
 *
 * Vectors are published values that stay as they are: MIND's entity_embedding.vec (TransE on Wikidata), which the catalog stage
 * keeps in DATA; lines "id x1 … xN". An entity that the file lacks counts as none. Without a file every entity has a
 * random vector of its own, drawn from its id. A context vector is the mean of an entity's neighbours' vectors in the
 * graph (DKN §4.2); MIND publishes no edges, so they come from a second file of the same form, or there are none. */
#ifndef COVERLINE_MODEL_TRAIN_NEWS_ENTITIES_H
#define COVERLINE_MODEL_TRAIN_NEWS_ENTITIES_H

#include <stdint.h>

#include "common/catalog.h"
#include "common/status.h"
#include "model/train/name_table.h"
#include "model/train/news_items.h"

struct news_entities {
	struct news_items word;     /* which entity covers each word of news_data.title, 0: none; as many as words */
	struct news_items title;    /* the distinct entities of each title, in order of mention */
	struct news_items abstract; /* of each abstract; empty unless abstracts are asked for */
	struct name_table names;    /* of entities: "Q80976"; their numbers go from 1 */
	struct name_table types;    /* "P", "G", …, as training has them; kept in the checkpoint */
	int32_t *type;              /* [names.count + 1] number in types, 0: none */
	int32_t width;
	float *vector;  /* [names.count + 1, width]; row 0 is 0 */
	float *context; /* the same of contexts, 0 for an entity without; NULL: none were given */
	char *source;   /* the files and their SHA-256, as text; NULL: not asked for */
};

struct news_entities_options {
	const char *vectors; /* a file, relative to DATA; "": random ones */
	const char *context; /* a file, relative to DATA; "": none */
	int32_t width;
	int64_t max_title_words;
	bool abstracts; /* name theirs too */
};

/* Reads the catalogue's entity columns, data's files and, where in_training is given, the types that the training split's news
 * have; with NULL e->types is what is there. e is zeroed but for types, and released by the caller even after a failure.
 * ST_MALFORMED names file, line and column. */
MUST_CHECK enum status news_entities_open(struct news_entities *e, const char *data, const struct catalog *news,
                                          const struct news_entities_options *o, const uint8_t *in_training);
void news_entities_release(struct news_entities *e);
/* News read as if they named none: bits of enum news_part. */
void news_entities_hide(struct news_entities *e, unsigned parts);

#endif
