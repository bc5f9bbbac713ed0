#include "model/train/vocabulary.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/hash.h"
#include "common/strbuf.h"

#define VOCABULARY_BYTES_MAX (1u << 30)

void word_reader_init(struct word_reader *r, const char *title)
{
	r->next = r->begin = (const unsigned char *)title;
	r->word[0] = '\0';
}

static int is_word(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);
	return c == '_' || (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
	       (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

int word_reader_next(struct word_reader *r)
{
	size_t length = 0;
	while (*r->next && length < WORD_BYTES_MAX) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(r->next, -1, &c);
		int in_word = n > 0 && is_word(c);
		if (length && !in_word)
			break;
		if (n < 1)
			n = 1;
		if (!length)
			r->begin = r->next;
		if (in_word)
			length += (size_t)utf8proc_encode_char(utf8proc_tolower(c), (utf8proc_uint8_t *)r->word + length);
		else if (*r->next < 128 && strchr(".,!?;|", *r->next))
			r->word[length++] = (char)*r->next;
		r->next += n;
		if (length && !in_word)
			break;
	}
	r->word[length] = '\0';
	return length > 0;
}

/* The place of word in the index: where it is, or the free one where it belongs. */
static uint32_t index_place(const struct vocabulary *v, const char *word)
{
	uint32_t i = hash_folded(word, strlen(word)) & (v->index_size - 1);
	while (v->index[i] >= 0 && strcmp(v->word[v->index[i]], word) != 0)
		i = (i + 1) & (v->index_size - 1);
	return i;
}

static void index_build(struct vocabulary *v, uint32_t size)
{
	free(v->index);
	v->index_size = size;
	v->index = xmalloc(size * sizeof *v->index);
	memset(v->index, 0xff, size * sizeof *v->index);
	for (int32_t i = 0; i < v->count; i++)
		v->index[index_place(v, v->word[i])] = i;
}

/* Appends a word that is not there yet. */
static int32_t add_word(struct vocabulary *v, const char *word)
{
	if (((uint32_t)v->count + 1) * 2 > v->index_size)
		index_build(v, v->index_size ? v->index_size * 2 : 1024);
	if ((v->count & (v->count - 1)) == 0)
		v->word = xrealloc(v->word, v->count ? (size_t)v->count * 2 : 1, sizeof *v->word);
	v->word[v->count] = arena_strdup(&v->text, word);
	v->index[index_place(v, word)] = v->count;
	return v->count++;
}

int32_t vocabulary_find(const struct vocabulary *v, const char *word)
{
	int32_t i = v->index[index_place(v, word)];
	return i < 0 ? WORD_UNKNOWN : i;
}

struct counted {
	const char *word;
	int64_t count;
};

static int by_count(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->word, y->word);
}

static void count_text(struct vocabulary *seen, struct counted **list, size_t *size, const char *text, int64_t most)
{
	struct word_reader r;
	word_reader_init(&r, text);
	for (int64_t n = 0; n < most && word_reader_next(&r); n++) {
		int32_t i = vocabulary_find(seen, r.word);
		if (i == WORD_UNKNOWN) {
			i = add_word(seen, r.word);
			if ((size_t)i >= *size) {
				*size = (size_t)i * 2;
				*list = xrealloc(*list, *size, sizeof **list);
			}
			(*list)[i] = (struct counted){seen->word[i], 0};
		}
		(*list)[i].count++;
	}
}

void vocabulary_build(struct vocabulary *v, const struct catalog *news, const uint8_t *in_training,
                      const struct vocabulary_options *o)
{
	struct vocabulary seen = {0};
	size_t size = 1024;
	struct counted *list = xcalloc(size, sizeof *list);
	add_word(&seen, "<unk>");
	for (uint32_t row = 0; row < news->count; row++) {
		if (!in_training[row])
			continue;
		count_text(&seen, &list, &size, news->news[row].title, o->max_title_words);
		count_text(&seen, &list, &size, news->news[row].abstract, o->max_abstract_words);
	}
	qsort(list + 1, (size_t)seen.count - 1, sizeof *list, by_count);
	add_word(v, "<unk>");
	for (int32_t i = 1; i < seen.count && list[i].count >= o->min_count; i++)
		add_word(v, list[i].word);
	free(list);
	vocabulary_release(&seen);
}

void vocabulary_release(struct vocabulary *v)
{
	free(v->word);
	free(v->index);
	arena_release(&v->text);
	*v = (struct vocabulary){0};
}

enum status vocabulary_write(const struct vocabulary *v, struct h5_file *f)
{
	struct strbuf text;
	strbuf_init(&text, VOCABULARY_BYTES_MAX);
	for (int32_t i = 0; i < v->count; i++)
		strbuf_printf(&text, "%s\n", v->word[i]);
	const struct h5_shape shape = {.type = H5_U8, .ndim = 1, .dim = {text.len}};
	enum status st = strbuf_check(&text, "the vocabulary");
	if (st == ST_OK)
		st = h5_write(f, "vocabulary", &shape, text.data);
	strbuf_release(&text);
	return st;
}

static enum status add_lines(struct vocabulary *v, char *text, size_t size)
{
	for (char *line = text, *end; line < text + size; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + size - line));
		if (!end)
			return status_fail(ST_MALFORMED, "vocabulary: no line feed after the last word");
		*end = '\0';
		if (v->count == INT32_MAX / 4)
			return status_fail(ST_MALFORMED, "vocabulary: too many words");
		if (v->count && v->index[index_place(v, line)] >= 0)
			return status_fail(ST_MALFORMED, "vocabulary: \"%s\" appears twice", line);
		add_word(v, line);
	}
	return v->count ? ST_OK : status_fail(ST_MALFORMED, "vocabulary: no words");
}

enum status vocabulary_read(struct vocabulary *v, struct h5_file *f)
{
	struct h5_shape shape;
	enum status st = h5_describe(f, "vocabulary", &shape);
	if (st != ST_OK)
		return st;
	if (shape.type != H5_U8 || shape.ndim != 1 || shape.dim[0] > VOCABULARY_BYTES_MAX)
		return status_fail(ST_MALFORMED, "vocabulary: expected at most %u bytes", VOCABULARY_BYTES_MAX);
	char *text = xmalloc(shape.dim[0] + 1);
	st = h5_read(f, "vocabulary", 0, shape.dim[0], H5_U8, text);
	if (st == ST_OK)
		st = add_lines(v, text, shape.dim[0]);
	free(text);
	return st;
}
