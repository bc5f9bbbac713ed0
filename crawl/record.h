/* What one visit did, kept for the ledger: the pictures that its pages offered, and the requests that it made. */
#ifndef COVERLINE_CRAWL_RECORD_H
#define COVERLINE_CRAWL_RECORD_H

#include <stddef.h>

#include "crawl/cover.h"
#include "crawl/fetcher.h"
#include "crawl/ledger.h"
#include "crawl/page.h"

#define RECORD_CANDIDATES_MAX 128 /* later ones are not kept */
#define RECORD_FETCHES_MAX    256

#define RECORD_NONE SIZE_MAX /* no candidate */

/* Zero before use; owns its strings. */
struct record {
	struct ledger_candidate *candidates;
	size_t candidate_count;
	struct ledger_fetch *fetches;
	size_t fetch_count;
};

/* Adds what a page offers; the first one's place, for record_outcome, or RECORD_NONE. */
size_t record_page(struct record *r, const char *page_url, const struct page *page);
/* Adds a picture that no page named: rule is the source's name. */
size_t record_picture(struct record *r, const char *rule, const char *url);
/* outcome: "cover", "default", or a cause's name; static. cover: the picture as far as it came, or NULL. at may be RECORD_NONE. */
void record_outcome(struct record *r, size_t at, const char *outcome, const struct cover *cover);
void record_fetch(struct record *r, enum ledger_step step, const struct fetch_log *log);
/* Moves candidates that were refused unseen behind the others. The rank, from 1, of the one at that place before; 0 for
 * RECORD_NONE. */
int record_rank(struct record *r, size_t at);
void record_release(struct record *r);

#endif
