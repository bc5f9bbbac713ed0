#include "common/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT   64
#define BLOCK_FIRST ((size_t)64 << 10)
#define BLOCK_LAST  ((size_t)8 << 20)

/* Blocks grow from BLOCK_FIRST to BLOCK_LAST; a larger request gets a block of its own. */
struct arena_block {
	struct arena_block *next;
	size_t size;                     /* bytes of data */
	_Alignas(ALIGNMENT) char data[]; /* [size] */
};

_Noreturn static void out_of_memory(size_t size)
{
	fprintf(stderr, "coverline: out of memory (%zu bytes asked for)\n", size);
	exit(1);
}

static size_t round_up(size_t size)
{
	if (size > SIZE_MAX / 2)
		out_of_memory(size);
	return size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
}

static struct arena_block *new_block(const struct arena *a, size_t need)
{
	size_t size = a->current ? a->current->size * 2 : BLOCK_FIRST;
	struct arena_block *b;

	if (size > BLOCK_LAST)
		size = BLOCK_LAST;
	if (!a->current && size < a->wanted)
		size = a->wanted;
	if (size < need)
		size = need;
	b = aligned_alloc(ALIGNMENT, sizeof *b + size);
	if (!b)
		out_of_memory(size);
	b->size = size;
	b->next = NULL;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need = round_up(size);
	struct arena_block *fresh;
	void *p;

	if (!a->current || a->current->size - a->used < need) {
		fresh = new_block(a, need);
		if (a->current)
			a->current->next = fresh;
		else
			a->first = fresh;
		a->current = fresh;
		a->used = 0;
	}
	p = a->current->data + a->used;
	a->used += need;
	a->total += need;
	return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory(SIZE_MAX);
	return memset(arena_alloc(a, total), 0, total);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

static void free_blocks(struct arena *a)
{
	struct arena_block *next;

	for (struct arena_block *b = a->first; b; b = next) {
		next = b->next;
		free(b);
	}
	a->first = NULL;
}

/* Rounds ask for other sizes in another order: blocks of a chain would fit worse from round to round, and grow. */
void arena_reset(struct arena *a)
{
	if (a->first && a->first->next) {
		a->wanted = round_up(a->total + a->total / 8);
		free_blocks(a);
	}
	a->current = a->first;
	a->used = a->total = 0;
}

void arena_release(struct arena *a)
{
	free_blocks(a);
	*a = (struct arena){0};
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		out_of_memory(size);
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		out_of_memory(count * size);
	return p;
}

void *xrealloc(void *p, size_t count, size_t size)
{
	size_t total;
	void *q;

	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory(SIZE_MAX);
	q = realloc(p, total ? total : 1);
	if (!q)
		out_of_memory(total);
	return q;
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xmalloc(n), s, n);
}
