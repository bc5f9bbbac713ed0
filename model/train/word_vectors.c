#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "model/train/vocabulary.h"

#define LINE_BYTES_MAX (1 << 20)

/* Numbers of one line into row; the line must hold exactly width of them. */
static enum status parse_numbers(const char *path, int64_t number, char *text, int32_t width, float *row)
{
	for (int32_t j = 0; j < width; j++) {
		char *end;
		row[j] = strtof(text, &end);
		if (end == text || !isfinite(row[j]))
			return status_fail(ST_MALFORMED, "%s:%lld: expected %d numbers after the word, found %d", path,
			                   (long long)number, (int)width, (int)j);
		text = end;
	}
	text += strspn(text, " \t\r\n");
	if (*text)
		return status_fail(ST_MALFORMED, "%s:%lld: more than %d numbers after the word (is data.word_width right?)",
		                   path, (long long)number, (int)width);
	return ST_OK;
}

static enum status read_lines(gzFile file, const struct vocabulary *v, const char *path, int32_t width, float *vectors,
                              int32_t *found)
{
	enum status st = ST_OK;
	char *line = xmalloc(LINE_BYTES_MAX);
	for (int64_t number = 1; st == ST_OK && gzgets(file, line, LINE_BYTES_MAX); number++) {
		char *space = strchr(line, ' ');
		if (!space) {
			st = status_fail(ST_MALFORMED, "%s:%lld: expected a word, a space and numbers", path, (long long)number);
			break;
		}
		*space = '\0';
		int32_t i = vocabulary_find(v, line);
		if (i == WORD_UNKNOWN || !isnan(vectors[(int64_t)i * width]))
			continue;
		st = parse_numbers(path, number, space + 1, width, vectors + (int64_t)i * width);
		++*found;
	}
	free(line);
	int code;
	const char *message = gzerror(file, &code);
	if (st == ST_OK && code != Z_OK && code != Z_STREAM_END)
		st = status_fail(ST_MALFORMED, "%s: %s", path, message);
	return st;
}

enum status word_vectors_read(const struct vocabulary *v, const char *path, int32_t width, float **vectors,
                              int32_t *found)
{
	*vectors = NULL;
	*found = 0;
	gzFile file = gzopen(path, "rb");
	if (!file)
		return status_errno("%s", path);
	const size_t size = (size_t)v->count * (size_t)width;
	float *out = xmalloc(size * sizeof *out);
	for (size_t i = 0; i < size; i++)
		out[i] = NAN;
	enum status st = read_lines(file, v, path, width, out, found);
	gzclose(file);
	if (st != ST_OK) {
		free(out);
		return st;
	}
	*vectors = out;
	return ST_OK;
}
