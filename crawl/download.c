#include "crawl/download.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/digest.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/log.h"

#define ATTEMPTS     3 /* a mirror */
#define PAUSE_S      1 /* before the second; twice that before the third */
#define CONNECT_S    30L
#define DRIP_BYTES_S 1024L
#define DRIP_S       60L
#define REDIRECTS    10L

/* One attempt at one mirror. */
struct transfer {
	const struct download *d;
	CURL *easy;
	FILE *part;
	int64_t from; /* bytes that were there */
	int64_t at;   /* bytes that are there */
	bool begun;   /* the first bytes have come */
	bool write_failed, too_long, progress;
};

static int64_t size_of(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 ? (int64_t)s.st_size : 0;
}

enum status download_check(const struct download *d, const char *path)
{
	char hex[DIGEST_HEX];
	enum status st;

	if (!file_exists(path))
		return status_fail(ST_FAILED, "%s: not there", path);
	if (d->size != DOWNLOAD_SIZE_UNKNOWN && size_of(path) != d->size)
		return status_fail(ST_INTEGRITY, "%s: %lld bytes, expected %lld", path, (long long)size_of(path),
		                   (long long)d->size);
	if (!*d->sha256)
		return ST_OK;
	st = digest_file(path, hex);
	if (st == ST_OK && strncmp(hex, d->sha256, strlen(d->sha256)) != 0)
		st = status_fail(ST_INTEGRITY, "%s: sha256 %s, expected %s", path, hex, d->sha256);
	return st;
}

/* Transfer ----------------------------------------------------------------------------------------------------------------- */

/* A server that does not know ranges sends all of it. */
static bool begin_body(struct transfer *t)
{
	long status = 0;

	t->begun = true;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status == 206 || t->from == 0)
		return true;
	t->from = t->at = 0;
	return ftruncate(fileno(t->part), 0) == 0 && fseeko(t->part, 0, SEEK_SET) == 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	size_t n = size * count;

	if (!t->begun && !begin_body(t)) {
		t->write_failed = true;
		return 0;
	}
	if (t->d->size != DOWNLOAD_SIZE_UNKNOWN && (int64_t)n > t->d->size - t->at) {
		t->too_long = true;
		return 0;
	}
	t->write_failed = fwrite(bytes, 1, n, t->part) != n;
	t->at += (int64_t)n;
	fault_point("fetch.bytes");
	return t->write_failed ? 0 : n;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct transfer *t = context;

	(void)now, (void)up_total, (void)up_now;
	if (!t->progress && total > 0) {
		t->progress = true;
		progress_start(t->d->name, "bytes", t->from + total);
	}
	if (t->progress)
		progress_set(t->at);
	return cli_interrupted();
}

static void set_up(struct transfer *t, const char *url)
{
	CURL *e = t->easy;
	char range[32];

	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(e, CURLOPT_MAXREDIRS, REDIRECTS);
	curl_easy_setopt(e, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "Coverline/" COVERLINE_VERSION);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, DRIP_BYTES_S);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, DRIP_S);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(e, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	if (t->from) {
		snprintf(range, sizeof range, "%lld-", (long long)t->from);
		curl_easy_setopt(e, CURLOPT_RANGE, range);
	}
}

static enum status judge(const struct transfer *t, const char *url, CURLcode code)
{
	long status = 0;

	if (t->write_failed)
		return status_errno("%s.part: cannot write", t->d->path);
	if (t->too_long)
		return status_fail(ST_INTEGRITY, "%s: more than the %lld bytes expected", url, (long long)t->d->size);
	if (cli_interrupted())
		return cli_interrupted_status();
	if (code == CURLE_OK)
		return ST_OK;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	/* What is there is all there is, or more than there is: which, the check tells. */
	if (status == 416 && t->from)
		return ST_OK;
	if (status >= 400)
		return status_fail(ST_NETWORK, "%s: HTTP status %ld", url, status);
	return status_fail(ST_NETWORK, "%s: %s", url, curl_easy_strerror(code));
}

/* Goes on with the .part, or begins it. */
static enum status transfer(const struct download *d, const char *part, const char *url)
{
	struct transfer t = {.d = d, .from = size_of(part)};
	enum status st;

	if (d->size != DOWNLOAD_SIZE_UNKNOWN && t.from == d->size)
		return ST_OK;
	t.at = t.from;
	t.part = fopen(part, "abe");
	if (!t.part)
		return status_errno("%s: cannot write", part);
	t.easy = curl_easy_init();
	if (t.easy) {
		CURLcode code;

		set_up(&t, url);
		code = curl_easy_perform(t.easy);
		st = judge(&t, url, code);
	} else {
		st = status_fail(ST_FAILED, "libcurl cannot start");
	}
	if (t.progress)
		progress_end();
	curl_easy_cleanup(t.easy);
	if (fclose(t.part) != 0 && st == ST_OK)
		st = status_errno("%s: cannot write", part);
	if (st != ST_OK && size_of(part) == 0)
		unlink(part);
	return st;
}

/* Mirrors --------------------------------------------------------------------------------------------------------------------- */

static enum status try_mirror(const struct download *d, const char *part, const char *url)
{
	enum status st = ST_OK;

	for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
		bool resumed = size_of(part) > 0;

		st = transfer(d, part, url);
		if (st == ST_OK) {
			st = download_check(d, part);
			if (st == ST_OK)
				return ST_OK;
		}
		if (st == ST_INTEGRITY && unlink(part) != 0 && errno != ENOENT)
			return status_errno("%s: cannot remove", part);
		/* Bytes of two origins may not fit together; those of one will not get better. */
		if (st == ST_INTEGRITY && resumed)
			continue;
		if (st != ST_NETWORK || attempt == ATTEMPTS)
			break;
		log_warn("%s; trying again", status_message());
		sleep((unsigned)(PAUSE_S << (attempt - 1)));
	}
	return st;
}

enum status download_run(const struct download *d)
{
	char *part = path_printf("%s.part", d->path), *urls = xstrdup(d->urls), *rest = urls, *url;
	enum status st = status_fail(ST_NETWORK, "%s: the table names no URL", d->name);

	while ((url = strtok_r(rest, " ", &rest))) {
		st = try_mirror(d, part, url);
		if (st == ST_OK)
			st = file_publish(part, d->path);
		if (st != ST_NETWORK && st != ST_INTEGRITY)
			break;
		log_warn("%s", status_message());
	}
	free(urls);
	free(part);
	return st;
}
