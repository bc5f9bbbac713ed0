/* One HTTP exchange after another, many at a time, in one thread: libcurl's multi interface.
 *
 * Politeness is kept here: so many connections to a host (scheme, name and port), a pause between its requests, waiting
 * as long as Retry-After says, backing off with jitter, and what pace.h learns of each host. So is safety: where a
 * connection leads is judged by its address, and bodies, headers and time are capped. Redirects are not followed here
 * (follow.h). */
#ifndef COVERLINE_CRAWL_FETCHER_H
#define COVERLINE_CRAWL_FETCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "common/strbuf.h"
#include "crawl/cause.h"

#define FETCH_PAGE_MAX   ((size_t)16 << 20) /* bytes, after decompression */
#define FETCH_IMAGE_MAX  ((size_t)32 << 20)
#define FETCH_HEADER_MAX ((size_t)64 << 10)
#define FETCH_DELAY_AUTO (-1) /* none on this machine, else 250 ms */

struct fetcher_options {
	const char *contact;           /* mail address or URL for the User-Agent; NULL: this machine only */
	const char *const *connect_to; /* HOST:PORT:ADDRESS:PORT as curl's option; HOST and PORT may be empty: any.
	                                * A HOST given may be at any address */
	size_t connect_to_count;
	bool allow_private;
	int per_host;
	int delay_ms; /* or FETCH_DELAY_AUTO */
	double timeout_s;
	int retries;
	int host_failures;   /* in a row, before the host rests (pace.h) */
	double host_rest_s;  /* the first rest */
	const char *ca_file; /* certificates to trust instead of the system's; NULL: the system's */
	uint64_t seed;
	int connections; /* at a time, all hosts together */
	/* How many processes may be asking a host; NULL: this one alone. */
	int (*askers)(void *context, const char *authority);
	void *askers_context;
};

/* A response as it came, a retried one's too; borrowed for the call. */
struct warc_exchange;
typedef void fetch_record_fn(void *context, const struct warc_exchange *exchange);

enum fetch_overlong { FETCH_REFUSE_OVERLONG, FETCH_CUT_OVERLONG };

/* Borrowed for the time of the callback, but for what it takes. */
struct fetch_result {
	enum cause cause;     /* CAUSE_NONE: a response came, whatever its status */
	int status;           /* 0: none came */
	struct strbuf *body;  /* the callback may move it out, leaving an initialised one */
	const char *type;     /* Content-Type, "" if none */
	const char *location; /* Location as sent, "" if none */
	const char *memento;  /* Memento-Datetime as sent (RFC 7089), "" if none */
	const char *sha256;   /* of the body, where it was told to a record; NULL or "": not known */
	bool opt_out;         /* an X-Robots-Tag header asks not to be used (opt_out.h) */
	int attempts;
	uint64_t transferred; /* bytes on the wire of the bodies that came whole */
};
typedef void fetch_done_fn(void *context, struct fetch_result *result);

/* One request as it went; borrowed for the call. */
struct fetch_log {
	const char *authority, *url;
	const char *location; /* Location as sent, "" if none */
	int attempt;          /* of this URL, from 1 */
	enum cause cause;     /* of this attempt, by its status too */
	int status;
	const char *type, *etag, *modified; /* ETag and Last-Modified as sent; "" or NULL if none */
	int64_t bytes;                      /* of the body, after decompression */
	uint64_t transferred;
	int64_t started; /* seconds since 1970 */
	double seconds;
};
typedef void fetch_log_fn(void *context, const struct fetch_log *log);

struct fetch_request {
	const char *url;    /* one that url_resolve gave; copied */
	const char *accept; /* static */
	size_t body_max;
	enum fetch_overlong overlong;
	uint64_t stream;             /* of the backoff's random numbers */
	const char *etag, *modified; /* for If-None-Match, If-Modified-Since; NULL or "": without; copied */
	fetch_done_fn *done;
	void *context;
	fetch_log_fn *log; /* told of each attempt that ended, before done; NULL: nobody */
	void *log_context;
};

struct fetcher;

MUST_CHECK enum status fetcher_open(struct fetcher **f, const struct fetcher_options *options);
/* From now on record is told of every response. */
void fetcher_record(struct fetcher *f, fetch_record_fn *record, void *context);
/* Ends what waits or is under way, and what is submitted meanwhile: each calls back with CAUSE_STOPPED. */
void fetcher_stop(struct fetcher *f);
/* Stops and frees. Accepts NULL. */
void fetcher_close(struct fetcher *f);
/* Done is called once, from within fetcher_step or fetcher_stop. May be called from a callback. */
void fetcher_submit(struct fetcher *f, const struct fetch_request *request);
/* Moves everything on; waits at most timeout_ms for something to happen. ST_FAILED if curl itself is broken. */
MUST_CHECK enum status fetcher_step(struct fetcher *f, int timeout_ms);
/* Ends a fetcher_step's wait, from any thread. */
void fetcher_wake(struct fetcher *f);
/* The Crawl-delay of an authority's robots.txt; 0: none. */
void fetcher_set_crawl_delay(struct fetcher *f, const char *authority, double seconds);
/* What requests say of who asks. */
const char *fetcher_user_agent(const struct fetcher *f);
/* Exchanges begun so far. */
uint64_t fetcher_requests(const struct fetcher *f);

#endif
