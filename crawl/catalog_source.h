/* Where a catalogue comes from: folders and zip files as MIND publishes them, one for each split. */
#ifndef COVERLINE_CRAWL_CATALOG_SOURCE_H
#define COVERLINE_CRAWL_CATALOG_SOURCE_H

#include <stdbool.h>

#include "common/digest.h"
#include "common/status.h"

/* Vectors of entities, in MIND's folders and in DATA: lines of an id and numbers, tabs between. */
#define ENTITY_VECTORS "entity_embedding.vec"

enum split { SPLIT_TRAIN, SPLIT_DEV, SPLIT_TEST, SPLITS };

/* "train", "dev", "test" */
const char *split_name(enum split s);

/* One file of a source: where it is read, and the name that messages call it by. Both owned by the source. */
struct source_file {
	char *path;
	char *shown;
};

struct catalog_source {
	const char *operand; /* as given; borrowed */
	enum split split;
	bool zip;
	struct source_file news, behaviors; /* paths are NULL until a zip is unpacked */
	struct source_file entities;        /* vectors of entities; path is NULL if the source has none */
	char news_sha256[DIGEST_HEX];       /* of the zip itself if it is one; filled by source_digest */
	char behaviors_sha256[DIGEST_HEX];  /* "" for a zip */
	char entities_sha256[DIGEST_HEX];   /* "" for a zip, or if there are none */
};

/* Looks at a folder with news.tsv, behaviors.tsv and perhaps entity_embedding.vec, or a zip of them (at its top or one
 * folder deep). Its split is told by its name's last part: one of train, dev, test occurs in it. ST_USAGE if none or
 * several do, or if a file is missing. */
MUST_CHECK enum status source_open(struct catalog_source *s, const char *operand);
void source_release(struct catalog_source *s);

MUST_CHECK enum status source_digest(struct catalog_source *s);

/* Unpacks a zip's files into folder, as SPLIT-news.tsv and so on; nothing to do for a folder.
 * ST_MALFORMED if the zip is damaged or a file would pass 64 GiB. */
MUST_CHECK enum status source_unpack(struct catalog_source *s, const char *folder);
/* Removes what any run unpacked there, and the folder. */
void source_remove_unpacked(const char *folder);

#endif
