/* Word vectors, as GloVe publishes them: a text file (plain or gzip) of lines "word x1 … xN", with spaces or, as MIND's entity
 * vectors, tabs between; and the same as a binary table, which opens at once.
 *
 * The table of FILE is FILE.coverline, made beside it where that folder can be written, from files of WORD_TABLE_WORTH bytes
 * and more. It is used only while FILE has the size and the time of change that it had then. Layout, little-endian:
 *     struct word_table_head; uint64 end[count], where word i's bytes end; the words' bytes; zeros to a multiple of 64 bytes;
 *     float value[count][width]. */
#ifndef COVERLINE_MODEL_TEXT_WORD_TABLE_H
#define COVERLINE_MODEL_TEXT_WORD_TABLE_H

#include <stdint.h>

#include "common/digest.h"
#include "common/file.h"
#include "common/status.h"

#define WORD_TABLE_SUFFIX ".coverline"
#define WORD_TABLE_MAGIC  "coverline words"
#define WORD_TABLE_WORTH  (1 << 20)

struct word_table_head {
	char magic[16];
	uint32_t version, width;
	uint64_t count, text; /* words; bytes of all of them */
	uint64_t source_size;
	int64_t source_time_ns;
	char digest[DIGEST_HEX]; /* SHA-256 of all that follows the head */
	char zeros[7];
};

struct word_table {
	int64_t count;
	int32_t width;
	const uint64_t *end; /* [count] */
	const char *text;
	const float *value;  /* [count, width] */
	struct file_map map; /* of a binary table */
	void *own[3];        /* of one read from text */
};

/* Reads text. Every line must have a word and width finite numbers, rounded as strtof does; a word may have spaces in it
 * if what follows its first is no number. ST_MALFORMED names the line. */
MUST_CHECK enum status word_table_read_text(struct word_table *t, const char *path, int32_t width);
/* Maps path's binary table. ST_FAILED if there is none of this file, ST_MALFORMED if it is damaged or has another width. */
MUST_CHECK enum status word_table_open_binary(struct word_table *t, const char *path, int32_t width);
/* Writes t, read from path, as path's binary table. */
MUST_CHECK enum status word_table_write_binary(const struct word_table *t, const char *path);
/* The binary table if it is good; else the text, and the table is made if it is worth it and can be. */
MUST_CHECK enum status word_table_open(struct word_table *t, const char *path, int32_t width);
void word_table_close(struct word_table *t); /* accepts a zeroed one */

/* The number at *text, before end: as strtof in the C locale, but for hexadecimal ones. Moves *text behind it. 0 if there is
 * none. */
int read_float(const char **text, const char *end, float *out);

#endif
