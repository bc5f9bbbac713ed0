/* Which news a crawl works on: what the ledger says of each, and what the options ask for. */
#ifndef COVERLINE_CRAWL_SELECTION_H
#define COVERLINE_CRAWL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/cli.h"
#include "common/status.h"
#include "crawl/ledger.h"
#include "crawl/share.h"

/* What is known of a news. */
struct outcome {
	bool known; /* has a row in the ledger */
	bool due;   /* failed for a cause that passes, and is to be tried again by now */
	bool selected;
	bool packed;   /* its cover is in a shard (image_shards.h) */
	uint8_t cause; /* enum cause; CAUSE_NONE: done */
	uint8_t step;  /* enum ledger_step */
	uint8_t state; /* enum feature_state of its cover; FEATURE_MISSING: it has none */
};

/* Fills outcomes[catalogue rows] from the ledger; leaves selected alone. */
MUST_CHECK enum status selection_read(struct outcome *outcomes, const struct catalog *news, struct ledger *ledger);

/* Selects by --only (ids, commas allowed within an item; none: all) and --shard. ST_USAGE names an id that is not there. */
MUST_CHECK enum status selection_mark(struct outcome *outcomes, const struct catalog *news, const struct cli_list *only,
                                      const struct share *share);

/* The selected rows to do now, at most limit (0: all): unknown ones, done ones whose file is missing (with refresh: all
 * done ones but those in shards), and failed ones whose cause retry names (causes with commas between, "due", or "all";
 * NULL: none). ST_USAGE if a cause has no such name. *rows is for the caller to free. */
MUST_CHECK enum status selection_todo(const struct outcome *outcomes, const struct catalog *news, const char *data,
                                      const char *retry, bool refresh, uint32_t limit, uint32_t **rows,
                                      uint32_t *row_count);

#endif
