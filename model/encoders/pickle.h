/* A restricted pickle reader: a pickle is a program for a stack machine, and this machine only builds inert values.
 *
 * It knows the operations that numbers, strings, tuples, lists, dictionaries, persistent ids and calls take (protocol 2, and
 * what 3 and 4 do to strings and globals). A global is refused by name unless the caller listed it, and calling one calls
 * nothing: the value says what would be called, with what. No value is ever walked here, so cycles and depth are harmless. */
#ifndef COVERLINE_MODEL_ENCODERS_PICKLE_H
#define COVERLINE_MODEL_ENCODERS_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/status.h"

#define PICKLE_SIZE_MAX   ((size_t)16 << 20) /* bytes of one pickle */
#define PICKLE_VALUES_MAX ((size_t)1 << 20)  /* values built, and memo places */
#define PICKLE_ITEMS_MAX  ((size_t)4 << 20)  /* items of all tuples, lists and dictionaries together */
#define PICKLE_STACK_MAX  ((size_t)1 << 16)
#define PICKLE_MARKS_MAX  ((size_t)1 << 10)
#define PICKLE_STRING_MAX ((size_t)1 << 16)

/* What becomes of a global that is called. */
enum pickle_use {
	PICKLE_NOT_CALLED, /* refused: it is only named */
	PICKLE_KEPT,       /* a PICKLE_CALL */
	PICKLE_TO_DICT,    /* an ordinary PICKLE_DICT, from nothing or a list of pairs */
};

struct pickle_global {
	const char *module, *name;
	enum pickle_use use;
	int tag; /* the caller's */
};

enum pickle_kind {
	PICKLE_NONE,
	PICKLE_BOOL,
	PICKLE_INT,
	PICKLE_FLOAT, /* whose value nobody needs */
	PICKLE_STRING,
	PICKLE_TUPLE,
	PICKLE_LIST,
	PICKLE_DICT,
	PICKLE_GLOBAL,
	PICKLE_CALL,
	PICKLE_PERSISTENT,
};

struct pickle_value {
	enum pickle_kind kind;
	union {
		int64_t integer; /* and bool */
		struct {
			const char *bytes; /* in the pickle; no NUL at its end */
			size_t length;
		} string;
		struct {
			struct pickle_value **item; /* of a dictionary: key, value, key, value, … as they came, repeats too */
			size_t count, room;
		} list;                             /* tuple, list, dict */
		const struct pickle_global *global; /* the caller's */
		struct {
			const struct pickle_global *global;
			const struct pickle_value *arguments; /* a tuple */
			const struct pickle_value *state;     /* what it was told to take as its state, or NULL */
		} call;
		struct {
			const struct pickle_value *id;
			size_t number; /* in pickle.persistent */
		} persistent;
	};
};

/* What may occur, and who reads it. */
struct pickle_rules {
	const char *source; /* for messages */
	const char *what;   /* for messages: "a state dict" */
	const struct pickle_global *globals;
	size_t global_count;
};

/* Owns all values of the pickles read into it. Zero-initialise before first use. */
struct pickle {
	struct arena arena;
	struct pickle_value **persistent; /* in the order of the pickle */
	size_t persistent_count, persistent_room;
	size_t values, items;
};

/* Reads one pickle at the start of bytes, which are borrowed as long as p. *used: how many it took. ST_MALFORMED names the
 * source, the byte and what was expected there. */
MUST_CHECK enum status pickle_read(struct pickle *p, const struct pickle_rules *rules, const void *bytes, size_t size,
                                   size_t *used, const struct pickle_value **root);
void pickle_release(struct pickle *p);

#endif
