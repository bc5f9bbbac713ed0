#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <jansson.h>

#include "common/catalog.h"
#include "common/cli.h"
#include "common/fault.h"
#include "common/log.h"
#include "crawl/amazon.h"

#define TIME_MAX       4102444800 /* the year 2100 */
#define LINES_PER_LOOK 4096       /* between looks at signals and progress */

/* A review as it is read; records of this go through a file. */
struct record {
	uint32_t user;
	struct review review;
};

enum status amazon_reject(struct amazon_rejects *r, const struct line_reader *line, enum status st)
{
	if (st != ST_MALFORMED)
		return st;
	if (!r->list.stream)
		return status_fail(ST_MALFORMED, "%s:%llu: %s", line->path, (unsigned long long)line->line, status_message());
	fprintf(r->list.stream, "%s\t%llu\t%s\n", line->path, (unsigned long long)line->line, status_message());
	r->count++;
	return ST_OK;
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

static enum status take_id(const json_t *review, const char *key, const char **id)
{
	*id = json_string_value(json_object_get(review, key));
	if (!*id || !news_id_valid(*id, strlen(*id)))
		return status_fail(ST_MALFORMED, "expected \"%s\" with 1 to %d letters, digits, \"_\" or \"-\"", key,
		                   NEWS_ID_MAX);
	return ST_OK;
}

static void count_one(struct amazon_reviews *r, uint32_t user)
{
	if (user >= r->seen_size) {
		const uint32_t size = r->seen_size ? r->seen_size * 2 : 1024;

		r->seen = xrealloc(r->seen, size, sizeof *r->seen);
		memset(r->seen + r->seen_size, 0, (size_t)(size - r->seen_size) * sizeof *r->seen);
		r->seen_size = size;
	}
	r->seen[user]++;
}

static enum status parse_review(struct amazon_reviews *r, const char *text, size_t n, struct record *out)
{
	json_error_t error;
	json_t *review = json_loadb(text, n, 0, &error);
	const char *user, *item;
	enum status st = ST_OK;

	if (!json_is_object(review)) {
		st = status_fail(ST_MALFORMED, "expected a review in JSON%s%s", review ? "" : ": ", review ? "" : error.text);
	} else {
		const json_t *when = json_object_get(review, "unixReviewTime");

		st = take_id(review, "reviewerID", &user);
		if (st == ST_OK)
			st = take_id(review, "asin", &item);
		if (st == ST_OK &&
		    (!json_is_integer(when) || json_integer_value(when) < 0 || json_integer_value(when) > TIME_MAX))
			st = status_fail(ST_MALFORMED, "expected \"unixReviewTime\" with seconds from 1970 to 2100");
		if (st == ST_OK) {
			*out = (struct record){.user = name_set_add(&r->users, user, strlen(user)),
			                       .review = {.item = name_set_add(&r->items, item, strlen(item)),
			                                  .time = (uint32_t)json_integer_value(when)}};
			count_one(r, out->user);
			r->count++;
		}
	}
	json_decref(review);
	return st;
}

static enum status read_lines(struct amazon_reviews *r, struct line_reader *in, FILE *records,
                              struct amazon_rejects *rejects)
{
	enum status st = ST_OK;
	bool more = true;
	const char *text;
	size_t n;

	while (st == ST_OK) {
		struct record record;

		st = line_reader_next(in, &text, &n, &more);
		if (st != ST_OK || !more)
			break;
		if (in->line % LINES_PER_LOOK == 0) {
			progress_set(line_reader_offset(in) >> 10);
			if (cli_interrupted())
				return cli_interrupted_status();
		}
		if (n == 0)
			continue;
		st = parse_review(r, text, n, &record);
		if (st == ST_OK)
			fwrite(&record, sizeof record, 1, records);
		else
			st = amazon_reject(rejects, in, st);
	}
	return st;
}

/* Sorting ---------------------------------------------------------------------------------------------------------- */

/* Puts the records of each user side by side, in the file's order. */
static enum status spread(struct amazon_reviews *r, FILE *records)
{
	struct record record;
	uint64_t *next;

	r->first = xcalloc((size_t)r->users.count + 1, sizeof *r->first);
	for (uint32_t u = 0; u < r->users.count; u++)
		r->first[u + 1] = r->first[u] + r->seen[u];
	next = xmalloc(((size_t)r->users.count + 1) * sizeof *next);
	memcpy(next, r->first, ((size_t)r->users.count + 1) * sizeof *next);
	rewind(records);
	for (uint64_t i = 0; i < r->count; i++) {
		if (fread(&record, sizeof record, 1, records) != 1) {
			free(next);
			return status_errno("reviews being sorted");
		}
		r->review[next[record.user]++] = record.review;
	}
	free(next);
	return ST_OK;
}

static int by_time(const void *a, const void *b, void *context)
{
	const struct review *review = context;
	const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	if (review[i].time != review[j].time)
		return review[i].time < review[j].time ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* Sorts each user's by time; equal times stay in order. */
static void sort_each(struct amazon_reviews *r)
{
	uint32_t most = 0, *order;
	struct review *copy;

	for (uint32_t u = 0; u < r->users.count; u++)
		most = r->seen[u] > most ? r->seen[u] : most;
	order = xmalloc(((size_t)most + 1) * sizeof *order);
	copy = xmalloc(((size_t)most + 1) * sizeof *copy);
	for (uint32_t u = 0; u < r->users.count; u++) {
		struct review *own = r->review + r->first[u];
		const uint32_t n = r->seen[u];

		for (uint32_t i = 0; i < n; i++)
			order[i] = i;
		memcpy(copy, own, n * sizeof *copy);
		qsort_r(order, n, sizeof *order, by_time, copy);
		for (uint32_t i = 0; i < n; i++)
			own[i] = copy[order[i]];
	}
	free(order);
	free(copy);
}

static enum status sort(struct amazon_reviews *r, FILE *records, const char *folder)
{
	void *sorted = NULL;
	enum status st = fflush(records) == 0 && !ferror(records)
	                     ? file_map_nameless(folder, (size_t)r->count * sizeof *r->review, &sorted)
	                     : status_errno("reviews being sorted");

	r->review = sorted;
	if (st == ST_OK)
		st = spread(r, records);
	if (st == ST_OK)
		sort_each(r);
	fault_point("catalog.reviews");
	return st;
}

enum status amazon_reviews_read(struct amazon_reviews *r, const char *path, const char *folder,
                                struct amazon_rejects *rejects)
{
	struct line_reader in = {0};
	FILE *records = NULL;
	enum status st = line_reader_open(&in, path);

	if (st == ST_OK)
		st = file_open_nameless(folder, &records);
	if (st == ST_OK) {
		progress_start("reviews", "KiB", in.bytes >> 10);
		st = read_lines(r, &in, records, rejects);
		progress_set(line_reader_offset(&in) >> 10);
		progress_end();
	}
	if (st == ST_OK && r->count == 0)
		st = status_fail(ST_MALFORMED, "%s: no review in it", path);
	if (st == ST_OK)
		st = sort(r, records, folder);
	if (records)
		fclose(records);
	line_reader_close(&in);
	return st;
}

void amazon_reviews_release(struct amazon_reviews *r)
{
	if (r->review)
		munmap(r->review, (size_t)r->count * sizeof *r->review);
	name_set_release(&r->users);
	name_set_release(&r->items);
	free(r->first);
	free(r->seen);
	*r = (struct amazon_reviews){0};
}
