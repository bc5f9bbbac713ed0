/* Kind "vgg" out of a file of ready-made features: --import, Amazon's image_features_*.b (McAuley et al. 2015), which hold the
 * 4096 values that a network has after its second fully connected layer.
 * Columns: fc7 [4096].
 *
 * The file is records of 10 bytes, an item's id, and 4096 floats in little-endian order, in any order; of equal ids the first
 * counts, and items that the catalogue does not have are passed over. Memory is 8 bytes a news: rows are read where they lie. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/file.h"
#include "common/log.h"
#include "extract/rows.h"

enum { ID_BYTES = 10, VALUES = 4096, RECORD_BYTES = ID_BYTES + 4 * VALUES };

struct import {
	const char *path;
	int file;
	const struct catalog *news;
	uint64_t *record; /* [catalogue] 1 + the number of a news' record; 0: none */
	char sha256[DIGEST_HEX];
	struct network_time time;
};

static enum status read_at(const struct import *k, uint64_t offset, void *out, size_t n)
{
	size_t done = 0;

	while (done < n) {
		const ssize_t got = pread(k->file, (char *)out + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno != EINTR)
			return status_errno("%s", k->path);
		if (got == 0)
			return status_fail(ST_INTEGRITY, "%s changed while it was being read", k->path);
		done += got > 0 ? (size_t)got : 0;
	}
	return ST_OK;
}

static enum status prepare(void *context, const struct news *n, struct image *cover, void *slot)
{
	(void)context;
	(void)n;
	(void)cover;
	(void)slot;
	return ST_OK;
}

static enum status add(void *context, const struct news *n, void *slot, const struct row *row)
{
	struct import *k = context;
	const uint64_t record = k->record[n - k->news->news];
	float *out = row->column[0];
	enum status st;

	(void)slot;
	if (!record)
		return ST_OK;
	st = read_at(k, (record - 1) * RECORD_BYTES + ID_BYTES, out, (size_t)4 * VALUES);
	for (int i = 0; i < VALUES; i++) {
		uint32_t bits;

		memcpy(&bits, out + i, sizeof bits);
		bits = le32toh(bits);
		memcpy(out + i, &bits, sizeof bits);
	}
	*row->state = FEATURE_ORIGINAL;
	k->time.items++;
	return st;
}

static void close_kind(void *context)
{
	struct import *k = context;

	if (k->file >= 0)
		close(k->file);
	free(k->record);
	free(k);
}

static const struct row_kind row_kind = {.method = "import 1",
                                         .unit = "rows",
                                         .reads = READS_TEXT,
                                         .slot_size = 1,
                                         .prepare = prepare,
                                         .add = add,
                                         .close = close_kind};

/* Finds where each news' record is. */
static enum status index_records(struct import *k)
{
	struct stat info;
	char id[ID_BYTES];
	uint64_t count, found = 0;

	if (fstat(k->file, &info) != 0)
		return status_errno("%s", k->path);
	count = (uint64_t)info.st_size / RECORD_BYTES;
	if (info.st_size == 0 || (uint64_t)info.st_size % RECORD_BYTES)
		return status_fail(ST_MALFORMED, "%s: %lld bytes: expected records of %d bytes, an id of %d and %d floats",
		                   k->path, (long long)info.st_size, RECORD_BYTES, ID_BYTES, VALUES);
	for (uint64_t i = 0; i < count; i++) {
		enum status st = cli_interrupted() ? cli_interrupted_status() : read_at(k, i * RECORD_BYTES, id, sizeof id);
		uint32_t row;

		if (st != ST_OK)
			return st;
		row = catalog_find(k->news, id, strnlen(id, sizeof id));
		if (row == NEWS_NONE || k->record[row])
			continue;
		k->record[row] = i + 1;
		found++;
	}
	log_info("%s: %llu rows, of %llu of the catalogue's %u news", k->path, (unsigned long long)count,
	         (unsigned long long)found, k->news->count);
	return ST_OK;
}

static enum status open_import(struct import **out, const struct extract_options *o, const struct catalog *news)
{
	struct import *k = xcalloc(1, sizeof(*k));
	enum status st = ST_OK;

	*out = k;
	*k = (struct import){.path = o->import, .news = news};
	k->record = xcalloc((size_t)news->count + 1, sizeof(*k->record));
	k->file = open(k->path, O_RDONLY | O_CLOEXEC);
	if (k->file < 0)
		st = status_errno("%s", k->path);
	if (st == ST_OK)
		st = index_records(k);
	return st == ST_OK ? digest_file(k->path, k->sha256) : st;
}

static enum status open_kind(void **run, const struct extract_options *o, const struct catalog *news)
{
	struct import *k;
	struct shard_column column = kind_column("fc7", o->type, VALUES, 0);
	enum status st = open_import(&k, o, news);

	if (st != ST_OK) {
		close_kind(k);
		return st;
	}
	*run = rows_open(&(struct row_setup){.kind = &row_kind,
	                                     .context = k,
	                                     .columns = &column,
	                                     .column_count = 1,
	                                     .name = "vgg",
	                                     .network = "imported",
	                                     .weights_sha256 = k->sha256,
	                                     .preprocessing = xstrdup("features as given; the digest is the file's"),
	                                     .time = &k->time},
	                 o, news);
	return ST_OK;
}

const struct kind kind_import = {
	.name = "vgg", .network = "imported", .reads = READS_TEXT, .open = open_kind, ROW_KIND_FUNCTIONS};
