/* A process' share of a crawl that several do together. Where pages are asked for, each host of the web is one process'
 * alone, so that its connections, pauses and rests hold as if one process crawled; otherwise rows are dealt out. Hosts
 * that are not of this process' pages, picture servers and archives that all may ask, are asked one at a time, with
 * pauses as many times as long as there are processes.
 *
 * Each process keeps a ledger of its own, DATA/crawl-IofN.sqlite (ledger_merge.h). */
#ifndef COVERLINE_CRAWL_SHARE_H
#define COVERLINE_CRAWL_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/catalog.h"
#include "crawl/name_set.h"
#include "crawl/source.h"

/* Zero-initialise before first use. */
struct share {
	int index, count;
	bool by_host;
	struct name_set hosts; /* of this process' pages */
};

/* news outlives s. */
void share_open(struct share *s, int index, int count, const struct source_plan *sources, const struct catalog *news);
void share_release(struct share *s);
/* Whether a row is this process'. */
bool share_has(const struct share *s, const struct catalog *news, uint32_t row);
/* How many processes may be asking a host, as url_authority names it; 1: this one alone. */
int share_askers(const struct share *s, const char *authority);

#endif
