/* The words of titles and abstracts, and their numbers. */
#ifndef COVERLINE_MODEL_TRAIN_VOCABULARY_H
#define COVERLINE_MODEL_TRAIN_VOCABULARY_H

#include <stdint.h>

#include "common/arena.h"
#include "common/catalog.h"
#include "common/h5.h"
#include "common/status.h"

#define WORD_UNKNOWN   0  /* a word that the vocabulary lacks */
#define WORD_BYTES_MAX 64 /* a longer run of letters is several words */

/* A title's words are the matches of [\w]+|[.,!?;|] in its lower case, where \w is a letter, a number (Unicode categories
 * L and N) or '_', and case is folded a code point at a time. Everything else, bytes that are no UTF-8 included, only
 * separates words. */
struct word_reader {
	const unsigned char *next;
	const unsigned char *begin;    /* where the latest word begins; it ends before next */
	char word[WORD_BYTES_MAX + 8]; /* the latest word, NUL-terminated */
};

void word_reader_init(struct word_reader *r, const char *title);
/* False at the end of the title. */
int word_reader_next(struct word_reader *r);

/* Most frequent first, equally frequent ones in byte order; word[0] is "<unk>". Zero-initialise. */
struct vocabulary {
	char **word; /* [count] */
	int32_t count;
	int32_t *index; /* open-addressing hash of words -> numbers; -1: free */
	uint32_t index_size;
	struct arena text;
};

struct vocabulary_options {
	int64_t max_title_words, max_abstract_words; /* read of each text */
	int64_t min_count;                           /* a word seen less often is left out */
};

/* Counts the first words of the titles and abstracts of news with in_training[row] != 0. */
void vocabulary_build(struct vocabulary *v, const struct catalog *news, const uint8_t *in_training,
                      const struct vocabulary_options *o);
/* The word's number, or WORD_UNKNOWN. */
int32_t vocabulary_find(const struct vocabulary *v, const char *word);
void vocabulary_release(struct vocabulary *v);

/* "/vocabulary": the words, a line feed after each, as bytes. */
MUST_CHECK enum status vocabulary_write(const struct vocabulary *v, struct h5_file *f);
MUST_CHECK enum status vocabulary_read(struct vocabulary *v, struct h5_file *f);

/* Word vectors of the vocabulary's words from a text file (plain or gzip) of lines "word x1 … xN", as GloVe's are, or from its
 * binary table (model/text/word_table.h): [count, width], a row of NaN for a word that the file lacks; the caller frees. *found
 * counts the words it has. ST_MALFORMED names the first line whose width is another. */
MUST_CHECK enum status word_vectors_read(const struct vocabulary *v, const char *path, int32_t width, float **vectors,
                                         int32_t *found);

#endif
