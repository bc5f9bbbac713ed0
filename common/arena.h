/* Memory that is given back all at once: a batch, a page, a catalogue. */
#ifndef COVERLINE_COMMON_ARENA_H
#define COVERLINE_COMMON_ARENA_H

#include <stddef.h>

struct arena_block;

/* Zero-initialise before first use. Not for use by two threads at once. */
struct arena {
	struct arena_block *first;   /* all blocks, in order of allocation */
	struct arena_block *current; /* the block that allocations come from */
	size_t used;                 /* bytes taken from current */
	size_t total;                /* bytes taken since the last reset */
	size_t wanted;               /* size of the first block, if there is none yet */
};

/* size bytes, uninitialised, aligned to 64. Never NULL: a program that cannot have a batch's memory
 * stops with a message (exit code 1), as there is nothing smaller that it could do instead. */
void *arena_alloc(struct arena *a, size_t size);
/* count elements of size bytes, zeroed; stops the program when count * size overflows. */
void *arena_calloc(struct arena *a, size_t count, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
/* Makes all memory available again for the next round. Keeps it where one block was enough; where it was not, the next
 * round gets one block for all that this one took. */
void arena_reset(struct arena *a);
/* Gives every block back to the system. */
void arena_release(struct arena *a);

/* malloc and realloc that stop the program with a message instead of returning NULL. For sizes that
 * the program itself chose; a size that outside bytes decide is checked against a cap first. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t count, size_t size);
char *xstrdup(const char *s);

#endif
