/* WARC 1.1 files of what was fetched (ISO 28500:2017), in DATA/warc/NAME-NNNNN.warc.gz.
 *
 *   files      begin with a warcinfo record; end once they have reached the size asked for, or with the crawl. A file
 *              has ".part" at its end until it is closed, and belongs to one process. What a killed process left is cut
 *              after its last whole record and closed by the next one, so nothing that the ledger calls finished is lost
 *              (records are handed to the system before a news' row is), and a news that was not finished is fetched,
 *              and recorded, again.
 *   records    a gzip member each (annex D). A response is followed by its request (WARC-Concurrent-To).
 *              WARC-Payload-Digest is the sha256 (in hex) that the ledger has too. A payload that one of the latest
 *              65,536 had is not written again: a revisit record refers to it (profile identical-payload-digest). An
 *              answer 304 is a revisit record too (server-not-modified).
 *   bodies     are written as they were decoded. Where that is not what came over the wire, the headers say so: Content-Encoding,
 *              Transfer-Encoding and a Content-Length that does not fit any more are renamed X-Archive-Orig-…, and a right
 *              Content-Length is added. All other header bytes are as received and sent; HTTP/2's are in HTTP/1.1's form,
 *              with WARC-Protocol: h2.
 *   withheld   the body of a response whose X-Robots-Tag asks not to be used so: headers alone, WARC-Truncated: unspecified. */
#ifndef COVERLINE_CRAWL_WARC_WRITE_H
#define COVERLINE_CRAWL_WARC_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

struct warc_writer_options {
	const char *folder;     /* made if it is not there */
	const char *name;       /* what files' names begin with */
	uint64_t size_max;      /* bytes of a file; the record that reaches it is the last */
	const char *user_agent; /* of the requests */
	const char *contact;    /* NULL: none */
};

enum warc_cut { WARC_WHOLE, WARC_CUT_LENGTH, WARC_WITHHELD };

/* One request and its response. Borrowed. */
struct warc_exchange {
	const char *url;
	const char *ip;                 /* of the server; "" if not known */
	int64_t started_ms;             /* since 1970 */
	const char *request, *response; /* header bytes with the empty line */
	size_t request_n, response_n;
	int status;
	const char *type; /* Content-Type */
	const void *body;
	size_t body_n;
	const char *sha256; /* of the body, as digest.h writes it */
	enum warc_cut cut;
};

struct warc_writer;

/* Closes what a killed process left. ST_FAILED if another one is at work on files of that name. options' strings are borrowed
 * for as long as the writer lives. */
MUST_CHECK enum status warc_writer_open(struct warc_writer **w, const struct warc_writer_options *options);
/* Makes the file at hand whole, and frees w, even on failure. Accepts NULL. */
MUST_CHECK enum status warc_writer_close(struct warc_writer *w);
MUST_CHECK enum status warc_put(struct warc_writer *w, const struct warc_exchange *x);

/* The length of path's whole gzip members: what remains of a file that was cut anywhere. */
MUST_CHECK enum status warc_whole(const char *path, uint64_t *length);

#endif
