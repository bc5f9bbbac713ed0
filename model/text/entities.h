/* Entities that a catalogue's text names, as MIND's entity columns tell them: a JSON list of
 *   {"Label": …, "Type": "P", "WikidataId": "Q80976", "Confidence": 1.0, "OccurrenceOffsets": [48],
 *    "SurfaceForms": ["Prince Philip"]} */
#ifndef COVERLINE_MODEL_TEXT_ENTITIES_H
#define COVERLINE_MODEL_TEXT_ENTITIES_H

#include <stdint.h>

#include "common/arena.h"
#include "common/status.h"

#define ENTITY_ID_MAX       31
#define ENTITY_TYPE_MAX     15
#define ENTITY_MENTIONS_MAX 1024  /* of a text; the rest is passed over */
#define ENTITY_FORMS_MAX    64    /* surface forms of an entity, likewise */
#define ENTITY_FORM_MAX     256   /* bytes of a surface form; longer ones are passed over */
#define ENTITY_TEXT_MAX     16384 /* bytes of a text that mentions are looked for in */

/* One occurrence of an entity. */
struct entity_mention {
	char id[ENTITY_ID_MAX + 1];
	char type[ENTITY_TYPE_MAX + 1]; /* "" if none is told, or a longer one */
	uint32_t begin, end;            /* bytes of the text; both 0 if it is not found there */
};

/* The mentions in json ("" and "[]": none) of text, in the order of the list and its offsets; an entity with none is one mention
 * of nowhere. An occurrence is the longest surface form that stands, case of letters aside, at an offset, counted in
 * characters; where none does, at the form's first place as whole words. Entities without an id are passed over. Memory is a's.
 * ST_MALFORMED if json is not such a list; the message has neither file nor line. */
MUST_CHECK enum status entities_parse(const char *json, const char *text, struct arena *a,
                                      struct entity_mention **mentions, int32_t *count);

#endif
