/* DATA/crawl.sqlite: what became of each news, and how. Anyone may read it with sqlite3 while a crawl runs.
 *
 *   news       one row for each news that was finished; a news without one is still to do
 *     id               of the catalogue; primary key
 *     state            'done': its cover is there; 'failed': it is not, and cause says why
 *     source           where the cover came from, or whose failure this is: 'page', 'warc', 'archive', 'search', 'import'
 *     cover            what it is: 'original', 'archive' (an archive's copy of it), 'substitute' (another page's); '' when failed
 *     similarity       of the page's headline to the news', 0 to 1, where it was compared; else NULL
 *     memento          when the page was archived, UTC, as finished; '' if not archived or not told
 *     cause            '' when done, else a name of cause.h
 *     class            '' when done, 'passing' if a later attempt may go better by itself, else 'lasting'
 *     step             what failed: 'page', 'picture', 'robots' (robots.txt could not be had), 'search'; '' when done
 *     rule             how the page named the picture, a name of cover_rule.h; '' if it came to none
 *     rank             of the candidate, 1 best; 0: none
 *     page_url         the catalogue's
 *     page_final_url   after redirects; '' if never asked
 *     image_url        as the page names it; of the best candidate, if none could be had
 *     image_final_url  after redirects
 *     status           of the last HTTP response (the picture's when done); 0: none came
 *     type             its Content-Type
 *     bytes            of the picture as fetched
 *     sha256           of these bytes, hex
 *     file_sha256      of ID.jpg, hex
 *     width, height    of the picture as fetched, px
 *     dhash            64-bit difference hash of the cover (dhash.h), 16 hex digits; '' unless done
 *     attempts         HTTP requests made in the last try, retries included
 *     transferred      bytes on the wire of the bodies that came whole, in the last try
 *     tries            how often the news was worked on
 *     first, finished  when the first try began and the last one ended, UTC, '2024-05-06T07:08:09Z'
 *     next_try         when a passing failure is due again (--retry due): an hour after the first try, two after the
 *                      second, …, at most a week; '' for all others
 *   candidate  one row for each picture that the pages of the last try offered, refused ones included
 *     news, rank       primary key; 1 best; those that were refused unseen come after all others
 *     page             where it was named
 *     rule, url        how, and the address
 *     declared_width, declared_height  as the page says, px; 0: it does not
 *     score            by the table in cover_rule.c
 *     refused          why it was never asked for, a name of cover_rule.h; '' if it was not refused
 *     outcome          'cover'; 'default': given up, as too many news have the same picture; a name of cause.h; '' if
 *                      never asked for
 *     sha256, bytes, width, height, dhash  of the picture, as far as it came
 *   fetch      one row for each HTTP request, or look-up in what is replayed, of all tries, but for robots.txt
 *     news, seq        primary key; 1, 2, … in the order of their ends
 *     try              which of the news' tries it belonged to
 *     step             'page', 'picture'
 *     host             scheme, name and port
 *     url, final_url   asked for, and where a redirect pointed ('' if nowhere)
 *     attempt          1, 2, … of the same URL
 *     status, type, bytes, transferred, cause  as above, of this response; bytes after decompression
 *     started, seconds when it began, UTC, and what it took
 *     etag, modified   the validators sent with it, for --refresh; '' if none
 *   setting    name, value: how the images were made
 *
 * What states there are, and what leads from one to the next:
 *   no row    to do. A visit ends with ledger_put: 'done' or 'failed'.
 *   'failed'  stays so until --retry names its cause; then the row is replaced by the outcome of the new visit, with tries + 1.
 *   'done'    is made again if its cover was lost, and if its picture turns out to be the default of a section
 *             (defaults.h): then the visit passes that by, and ends 'done' with a later candidate or source, or 'failed'
 *             with the cause 'default'.
 *
 * A news' row, candidates and fetches are one commit, made after its image file is in place; WAL; one writer a process.
 * PRAGMA user_version is 4. Processes that crawl together each have a ledger of their own, DATA/crawl-IofN.sqlite,
 * whose setting 'share' is a name that no other has (ledger_merge.h). */
#ifndef COVERLINE_CRAWL_LEDGER_H
#define COVERLINE_CRAWL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/shard.h"
#include "common/status.h"
#include "crawl/cause.h"

enum ledger_step { STEP_NONE, STEP_PAGE, STEP_PICTURE, STEP_ROBOTS, STEP_SEARCH, STEPS };

/* Strings of the three are borrowed; NULL is "". */
struct ledger_candidate {
	const char *page, *rule, *url;
	int declared_width, declared_height;
	int score;
	const char *refused, *outcome;
	const char *sha256;
	int64_t bytes;
	int width, height;
	const char *dhash;
};

struct ledger_fetch {
	enum ledger_step step;
	const char *host, *url, *final_url;
	int attempt;
	enum cause cause;
	int status;
	const char *type, *etag, *modified;
	int64_t bytes;
	uint64_t transferred;
	int64_t started; /* seconds since 1970 */
	double seconds;
};

struct ledger_row {
	const char *id;
	const char *source;
	enum feature_state state; /* FEATURE_MISSING when failed */
	double similarity;        /* negative: not compared */
	const char *memento;
	enum cause cause; /* CAUSE_NONE: done */
	enum ledger_step step;
	const char *rule;
	int rank;
	const char *page_url, *page_final_url, *image_url, *image_final_url;
	int status;
	const char *type;
	int64_t bytes;
	const char *sha256, *file_sha256;
	int width, height;
	const char *dhash;
	int attempts;
	uint64_t transferred;
	int64_t started; /* of this visit, seconds since 1970; 0: now */
	bool continues;  /* the last try goes on: attempts and transferred are added to what is there */

	const struct ledger_candidate *candidates; /* best first: rank is the place, from 1 */
	size_t candidate_count;
	const struct ledger_fetch *fetches; /* of this visit */
	size_t fetch_count;
};

struct ledger;

/* "page"; "" for STEP_NONE. */
const char *ledger_step_name(enum ledger_step step);

/* Opens DATA/crawl.sqlite, making it if it is not there. settings says how images are made: ST_USAGE if the ledger holds rows
 * of other settings, ST_INTEGRITY if the file is no ledger or damaged. */
MUST_CHECK enum status ledger_open(struct ledger **l, const char *data, const char *settings);
/* The same for share index of count processes: DATA/crawl-IofN.sqlite. */
MUST_CHECK enum status ledger_open_share(struct ledger **l, const char *data, const char *settings, int index,
                                         int count);
/* To read alone: writes nothing. Where there is no ledger it is as an empty one. */
MUST_CHECK enum status ledger_open_read(struct ledger **l, const char *data);
/* Commits and closes, leaving one file. Frees l even on failure. Accepts NULL. */
MUST_CHECK enum status ledger_close(struct ledger *l);

/* What later runs have to know of a row. */
struct ledger_entry {
	const char *id;
	enum cause cause;
	enum ledger_step step;
	enum feature_state state;
	bool due; /* next_try has come */
};
typedef void ledger_row_fn(void *context, const struct ledger_entry *entry);
/* All committed and uncommitted rows, by id. */
MUST_CHECK enum status ledger_each(struct ledger *l, ledger_row_fn *row, void *context);

/* A row of an answer: its columns as text, "" for NULL; borrowed for the call. */
typedef void ledger_values_fn(void *context, const char *const *values);
/* A question in SQL, with at most LEDGER_COLUMNS_MAX columns; ?1 is text, where that is not NULL. */
#define LEDGER_COLUMNS_MAX 40
MUST_CHECK enum status ledger_query(struct ledger *l, const char *sql, const char *text, ledger_values_fn *row,
                                    void *context);

/* Adds or replaces a news with its candidates, and adds its fetches, in a batch that is committed once it is large or old. */
MUST_CHECK enum status ledger_put(struct ledger *l, const struct ledger_row *row);
/* Commits an old batch; cheap. */
MUST_CHECK enum status ledger_tick(struct ledger *l);
MUST_CHECK enum status ledger_commit(struct ledger *l);

/* Sums over the last tries of all rows. */
MUST_CHECK enum status ledger_totals(struct ledger *l, int64_t *attempts, int64_t *transferred);

#endif
