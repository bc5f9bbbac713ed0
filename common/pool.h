/* A pool of worker threads that gives results back in order.
 *
 * Items 0 … count-1 are worked on by several threads and handed to one consumer (the calling thread) in
 * item order, with at most `window` items in flight: bounded memory whatever the count. */
#ifndef COVERLINE_COMMON_POOL_H
#define COVERLINE_COMMON_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

struct pool_job {
	/* Runs in a worker. slot is one of `window` numbers, unique among the items in flight: an index into
	 * the caller's per-item scratch. worker is 0 … workers-1. A failure ends the job. */
	enum status (*work)(void *context, int64_t item, int slot, int worker);
	/* Runs in the calling thread, in item order; may be NULL. */
	enum status (*consume)(void *context, int64_t item, int slot);
	void *context;
	int64_t count;
	int workers;
	int window; /* >= workers */
};

/* Returns the first failure in item order, with its message; later items may have been worked on but are
 * not consumed. Stops early with ST_INTERRUPTED once cli_interrupted(). */
MUST_CHECK enum status pool_run(const struct pool_job *job);

#endif
