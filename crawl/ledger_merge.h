/* The ledgers of a crawl that several processes did, DATA/crawl-IofN.sqlite, put into DATA/crawl.sqlite. */
#ifndef COVERLINE_CRAWL_LEDGER_MERGE_H
#define COVERLINE_CRAWL_LEDGER_MERGE_H

#include "common/status.h"
#include "crawl/ledger.h"

/* Puts the rows of each ledger of a share into l, DATA's, in one commit each, and removes it. A news that l has
 * already, failed and tried again in a share, gets the share's outcome, with the tries and requests of both. Killed
 * anywhere, the same call goes on. ST_USAGE if images were made differently. *count is how many there were. */
MUST_CHECK enum status ledger_merge(struct ledger *l, const char *data, int *count);

/* ST_USAGE if DATA has ledgers of shares of other than `count` processes: they are to be merged first. */
MUST_CHECK enum status ledger_check_shares(const char *data, int count);

#endif
