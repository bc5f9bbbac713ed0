/* Covers in shards: DATA/images/part-NNNNN.tar, each for so many rows of the catalogue, as WebDataset reads them. A cover that is
 * there is ID.jpg and then ID.json (id, title, category, subcategory, url, and of the ledger: cover, source, similarity, rule,
 * page_url, image_url, sha256, bytes, width, height, dhash), in catalogue order. The bytes follow from these alone.
 *
 * A crawl makes files, DATA/images/ID.jpg, and packs them when it ends. A file goes before what a shard holds, and is
 * removed once it is in one: whenever it is killed, the same command comes to the same shards. */
#ifndef COVERLINE_CRAWL_IMAGE_SHARDS_H
#define COVERLINE_CRAWL_IMAGE_SHARDS_H

#include <stdint.h>

#include "common/catalog.h"
#include "common/status.h"
#include "crawl/ledger.h"
#include "crawl/selection.h"

#define IMAGE_SHARD_ROWS 4096 /* default of --tar-rows */

/* Sets packed of the outcomes whose cover is in a shard. ST_MALFORMED names a shard that is broken. */
MUST_CHECK enum status image_shards_read(const char *data, const struct catalog *news, struct outcome *outcomes);
/* Writes the shards that are not what they should be, then removes the files that are in them. */
MUST_CHECK enum status image_shards_pack(const char *data, const struct catalog *news, const struct outcome *outcomes,
                                         struct ledger *ledger, uint32_t part_rows);

#endif
