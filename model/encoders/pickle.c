#include "model/encoders/pickle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN 80 /* characters of a module's or global's name */

/* After the first failure `st` stays, nothing more is run, and what the parts below give is `nothing` or zero: an operation
 * need not look until it would do harm. */
struct machine {
	struct pickle *p;
	const struct pickle_rules *rules;
	const unsigned char *bytes;
	size_t size, at, operation; /* operation: where the present one began */
	struct pickle_value **stack, **memo;
	size_t depth, stack_room, memo_room, memo_count;
	size_t *mark; /* depths */
	size_t marks;
	struct pickle_value nothing;
	bool stopped;
	enum status st;
};

/* The machine's parts ---------------------------------------------------------------------------------------------- */

static void fail(struct machine *m, const char *what)
{
	if (m->st == ST_OK)
		m->st = status_fail(ST_MALFORMED, "%s: byte %zu of a pickle: %s", m->rules->source, m->operation, what);
}

/* NULL on failure. */
static const unsigned char *take(struct machine *m, uint64_t n)
{
	const unsigned char *bytes = m->bytes + m->at;

	if (n > m->size - m->at)
		fail(m, "cut short");
	if (m->st != ST_OK)
		return NULL;
	m->at += (size_t)n;
	return bytes;
}

/* n <= 8 bytes, little-endian. */
static uint64_t take_number(struct machine *m, size_t n)
{
	const unsigned char *bytes = take(m, n);
	uint64_t number = 0;

	for (size_t i = 0; bytes && i < n; i++)
		number |= (uint64_t)bytes[i] << (8 * i);
	return number;
}

static void push(struct machine *m, struct pickle_value *v)
{
	if (m->depth == PICKLE_STACK_MAX)
		fail(m, "more values at once than expected");
	if (m->st != ST_OK)
		return;
	if (m->depth == m->stack_room) {
		m->stack_room = m->stack_room ? 2 * m->stack_room : 64;
		m->stack = xrealloc(m->stack, m->stack_room, sizeof(*m->stack));
	}
	m->stack[m->depth++] = v;
}

/* The top of the stack above the last mark, left there. */
static struct pickle_value *top(struct machine *m)
{
	if (m->depth == (m->marks ? m->mark[m->marks - 1] : 0))
		fail(m, "expected a value before it");
	return m->st == ST_OK ? m->stack[m->depth - 1] : &m->nothing;
}

static struct pickle_value *pop(struct machine *m)
{
	struct pickle_value *v = top(m);

	if (m->st == ST_OK)
		m->depth--;
	return v;
}

/* Takes the last mark away and all above it; *items stay readable until the next push. */
static size_t pop_to_mark(struct machine *m, struct pickle_value ***items)
{
	size_t n;

	*items = NULL;
	if (m->marks == 0)
		fail(m, "expected a mark before it");
	if (m->st != ST_OK)
		return 0;
	m->marks--;
	n = m->depth - m->mark[m->marks];
	m->depth -= n;
	if (n > 0)
		*items = m->stack + m->depth;
	return n;
}

static struct pickle_value *new_value(struct machine *m, enum pickle_kind kind)
{
	struct pickle_value *v;

	if (m->p->values++ >= PICKLE_VALUES_MAX)
		fail(m, "more values than expected");
	if (m->st != ST_OK)
		return &m->nothing;
	v = arena_calloc(&m->p->arena, 1, sizeof(*v));
	v->kind = kind;
	return v;
}

static struct pickle_value *push_new(struct machine *m, enum pickle_kind kind)
{
	struct pickle_value *v = new_value(m, kind);

	push(m, v);
	return v;
}

static void add_items(struct machine *m, struct pickle_value *to, struct pickle_value **items, size_t n)
{
	struct pickle_value **grown;
	size_t room = to->list.room ? to->list.room : n;

	m->p->items += n;
	if (m->p->items > PICKLE_ITEMS_MAX)
		fail(m, "more items than expected");
	if (m->st != ST_OK || n == 0)
		return;
	while (room < to->list.count + n)
		room *= 2;
	if (room > to->list.room) {
		grown = arena_calloc(&m->p->arena, room, sizeof(*grown));
		if (to->list.count > 0)
			memcpy(grown, to->list.item, to->list.count * sizeof(*grown));
		to->list.item = grown;
		to->list.room = room;
	}
	memcpy(to->list.item + to->list.count, items, n * sizeof(*items));
	to->list.count += n;
}

/* Operations: each reads what follows its code; its argument is what the table below gives it. --------------------- */

static void op_protocol(struct machine *m, int argument)
{
	uint64_t protocol = take_number(m, 1);

	(void)argument;
	if (protocol < 2 || protocol > 5)
		fail(m, "expected protocol 2 to 5");
}

/* How much a reader might fetch at once; all is in memory here. */
static void op_frame(struct machine *m, int argument)
{
	(void)argument;
	take(m, 8);
}

static void op_stop(struct machine *m, int argument)
{
	(void)argument;
	m->stopped = true;
}

static void op_mark(struct machine *m, int argument)
{
	(void)argument;
	if (m->marks == PICKLE_MARKS_MAX)
		fail(m, "nested deeper than expected");
	else
		m->mark[m->marks++] = m->depth;
}

static void op_empty(struct machine *m, int kind)
{
	push_new(m, (enum pickle_kind)kind);
}

static void op_bool(struct machine *m, int value)
{
	push_new(m, PICKLE_BOOL)->integer = value;
}

static void op_unsigned(struct machine *m, int bytes)
{
	uint64_t number = take_number(m, (size_t)bytes);

	push_new(m, PICKLE_INT)->integer = (int64_t)number;
}

/* Two's complement in `size` bytes, or in as many as a first byte says. */
static void op_signed(struct machine *m, int size)
{
	uint64_t n = size ? (uint64_t)size : take_number(m, 1), number;

	if (n > 8)
		fail(m, "expected an integer of at most 8 bytes");
	number = take_number(m, (size_t)n);
	if (m->st == ST_OK && n > 0 && n < 8 && number >> (8 * n - 1))
		number |= UINT64_MAX << (8 * n);
	push_new(m, PICKLE_INT)->integer = (int64_t)number;
}

static void op_float(struct machine *m, int argument)
{
	(void)argument;
	take(m, 8);
	push_new(m, PICKLE_FLOAT);
}

/* Text and bytes alike, after their length. */
static void op_string(struct machine *m, int length_bytes)
{
	uint64_t length = take_number(m, (size_t)length_bytes);
	struct pickle_value *v = push_new(m, PICKLE_STRING);

	if (length > PICKLE_STRING_MAX)
		fail(m, "a string longer than expected");
	v->string.length = (size_t)length;
	v->string.bytes = (const char *)take(m, length);
}

static void op_tuple(struct machine *m, int argument)
{
	struct pickle_value **items;
	size_t n = pop_to_mark(m, &items);
	struct pickle_value *tuple = new_value(m, PICKLE_TUPLE);

	(void)argument;
	add_items(m, tuple, items, n);
	push(m, tuple);
}

/* Of the last one, two or three. */
static void op_short_tuple(struct machine *m, int n)
{
	struct pickle_value *items[3];

	for (int i = n; i > 0; i--)
		items[i - 1] = pop(m);
	add_items(m, push_new(m, PICKLE_TUPLE), items, (size_t)n);
}

static void add_to_top(struct machine *m, enum pickle_kind kind, struct pickle_value **items, size_t n)
{
	struct pickle_value *container = top(m);

	if (container->kind != kind)
		fail(m, kind == PICKLE_LIST ? "expected a list to add to" : "expected a dictionary to add to");
	if (kind == PICKLE_DICT && n % 2 != 0)
		fail(m, "a key without a value");
	add_items(m, container, items, n);
}

/* To a list or a dictionary, all down to the mark. */
static void op_add_marked(struct machine *m, int kind)
{
	struct pickle_value **items;
	size_t n = pop_to_mark(m, &items);

	add_to_top(m, (enum pickle_kind)kind, items, n);
}

/* One item to a list, a key and its value to a dictionary. */
static void op_add_one(struct machine *m, int kind)
{
	struct pickle_value *items[2];
	size_t n = kind == PICKLE_DICT ? 2 : 1;

	for (size_t i = n; i > 0; i--)
		items[i - 1] = pop(m);
	add_to_top(m, (enum pickle_kind)kind, items, n);
}

static void remember(struct machine *m, uint64_t place)
{
	struct pickle_value *v = top(m);
	size_t room = m->memo_room ? m->memo_room : 64;

	if (place >= PICKLE_VALUES_MAX)
		fail(m, "more memo places than expected");
	if (m->st != ST_OK)
		return;
	while (room <= place)
		room *= 2;
	if (room > m->memo_room) {
		m->memo = xrealloc(m->memo, room, sizeof(*m->memo));
		memset(m->memo + m->memo_room, 0, (room - m->memo_room) * sizeof(*m->memo));
		m->memo_room = room;
	}
	m->memo_count += !m->memo[place];
	m->memo[place] = v;
}

static void op_put(struct machine *m, int bytes)
{
	remember(m, take_number(m, (size_t)bytes));
}

static void op_memoize(struct machine *m, int argument)
{
	(void)argument;
	remember(m, m->memo_count);
}

static void op_get(struct machine *m, int bytes)
{
	uint64_t place = take_number(m, (size_t)bytes);

	if (place >= m->memo_room || !m->memo[place])
		fail(m, "nothing is at this memo place");
	else
		push(m, m->memo[place]);
}

/* For a message, which must not steer a terminal. */
static void printable(char out[NAME_SHOWN + 1], const char *name, size_t length)
{
	size_t n = length < NAME_SHOWN ? length : NAME_SHOWN;

	for (size_t i = 0; i < n; i++)
		out[i] = (char)(name[i] >= ' ' && name[i] <= '~' ? name[i] : '?');
	out[n] = '\0';
}

static bool is(const char *s, const char *bytes, size_t length)
{
	return strlen(s) == length && memcmp(s, bytes, length) == 0;
}

static void push_global(struct machine *m, const char *module, size_t module_length, const char *name,
                        size_t name_length)
{
	const struct pickle_rules *r = m->rules;
	char shown_module[NAME_SHOWN + 1], shown_name[NAME_SHOWN + 1];

	for (size_t i = 0; i < r->global_count; i++) {
		if (is(r->globals[i].module, module, module_length) && is(r->globals[i].name, name, name_length)) {
			push_new(m, PICKLE_GLOBAL)->global = &r->globals[i];
			return;
		}
	}
	printable(shown_module, module, module_length);
	printable(shown_name, name, name_length);
	m->st = status_fail(ST_MALFORMED, "%s: %s may not contain %s.%s", r->source, r->what, shown_module, shown_name);
}

/* NULL on failure. */
static const char *take_line(struct machine *m, size_t *length)
{
	const unsigned char *start = m->bytes + m->at;
	const unsigned char *end = m->at < m->size ? memchr(start, '\n', m->size - m->at) : NULL;

	if (!end)
		fail(m, "cut short");
	*length = end ? (size_t)(end - start) : 0;
	m->at += end ? *length + 1 : 0;
	return end ? (const char *)start : NULL;
}

static void op_global(struct machine *m, int argument)
{
	size_t module_length, name_length;
	const char *module = take_line(m, &module_length), *name = take_line(m, &name_length);

	(void)argument;
	if (module && name)
		push_global(m, module, module_length, name, name_length);
}

static void op_stack_global(struct machine *m, int argument)
{
	const struct pickle_value *name = pop(m), *module = pop(m);

	(void)argument;
	if (module->kind != PICKLE_STRING || name->kind != PICKLE_STRING)
		fail(m, "expected two strings before it");
	else
		push_global(m, module->string.bytes, module->string.length, name->string.bytes, name->string.length);
}

/* OrderedDict() and, as Python 2 writes it, OrderedDict([[key, value], …]). */
static void push_dict(struct machine *m, const struct pickle_value *arguments)
{
	struct pickle_value *dict = push_new(m, PICKLE_DICT);
	const struct pickle_value *pairs;

	if (arguments->list.count == 0)
		return;
	pairs = arguments->list.item[0];
	if (arguments->list.count > 1 || pairs->kind != PICKLE_LIST) {
		fail(m, "expected a dictionary of a list of pairs");
		return;
	}
	for (size_t i = 0; i < pairs->list.count && m->st == ST_OK; i++) {
		const struct pickle_value *pair = pairs->list.item[i];

		if ((pair->kind != PICKLE_LIST && pair->kind != PICKLE_TUPLE) || pair->list.count != 2)
			fail(m, "expected a dictionary of a list of pairs");
		else
			add_items(m, dict, pair->list.item, 2);
	}
}

static void op_call(struct machine *m, int argument)
{
	const struct pickle_value *arguments = pop(m), *callee = pop(m);
	struct pickle_value *v;

	(void)argument;
	if (callee->kind != PICKLE_GLOBAL || arguments->kind != PICKLE_TUPLE) {
		fail(m, "expected a global and a tuple before it");
	} else if (callee->global->use == PICKLE_NOT_CALLED) {
		m->st = status_fail(ST_MALFORMED, "%s: %s may not call %s.%s", m->rules->source, m->rules->what,
		                    callee->global->module, callee->global->name);
	} else if (callee->global->use == PICKLE_TO_DICT) {
		push_dict(m, arguments);
	} else {
		v = push_new(m, PICKLE_CALL);
		v->call.global = callee->global;
		v->call.arguments = arguments;
	}
}

/* Attributes. A dictionary's (the _metadata of Module.state_dict()) say nothing that is needed. */
static void op_build(struct machine *m, int argument)
{
	const struct pickle_value *state = pop(m);
	struct pickle_value *object = top(m);

	(void)argument;
	if (object->kind == PICKLE_CALL)
		object->call.state = state;
	else if (object->kind != PICKLE_DICT)
		fail(m, "expected an object that has attributes before it");
}

static void op_persistent(struct machine *m, int argument)
{
	struct pickle *p = m->p;
	const struct pickle_value *id = pop(m);
	struct pickle_value *v = push_new(m, PICKLE_PERSISTENT);

	(void)argument;
	if (m->st != ST_OK)
		return;
	if (p->persistent_count == p->persistent_room) {
		p->persistent_room = p->persistent_room ? 2 * p->persistent_room : 64;
		p->persistent = xrealloc(p->persistent, p->persistent_room, sizeof(struct pickle_value *));
	}
	v->persistent.id = id;
	v->persistent.number = p->persistent_count;
	p->persistent[p->persistent_count++] = v;
}

/* Codes as in Python's pickletools; those left out are refused. */
static const struct {
	void (*run)(struct machine *m, int argument);
	int argument;
} operations[256] = {
	[0x80] = {op_protocol, 0},
	[0x95] = {op_frame, 0},
	['.'] = {op_stop, 0},
	['('] = {op_mark, 0},
	['N'] = {op_empty, PICKLE_NONE},
	[0x88] = {op_bool, 1},
	[0x89] = {op_bool, 0},
	['K'] = {op_unsigned, 1},
	['M'] = {op_unsigned, 2},
	['J'] = {op_signed, 4},
	[0x8a] = {op_signed, 0},
	['G'] = {op_float, 0},
	['X'] = {op_string, 4},
	[0x8c] = {op_string, 1},
	['T'] = {op_string, 4},
	['U'] = {op_string, 1},
	['B'] = {op_string, 4},
	['C'] = {op_string, 1},
	[')'] = {op_empty, PICKLE_TUPLE},
	[']'] = {op_empty, PICKLE_LIST},
	['}'] = {op_empty, PICKLE_DICT},
	['t'] = {op_tuple, 0},
	[0x85] = {op_short_tuple, 1},
	[0x86] = {op_short_tuple, 2},
	[0x87] = {op_short_tuple, 3},
	['a'] = {op_add_one, PICKLE_LIST},
	['e'] = {op_add_marked, PICKLE_LIST},
	['s'] = {op_add_one, PICKLE_DICT},
	['u'] = {op_add_marked, PICKLE_DICT},
	['q'] = {op_put, 1},
	['r'] = {op_put, 4},
	[0x94] = {op_memoize, 0},
	['h'] = {op_get, 1},
	['j'] = {op_get, 4},
	['c'] = {op_global, 0},
	[0x93] = {op_stack_global, 0},
	['R'] = {op_call, 0},
	[0x81] = {op_call, 0},
	['b'] = {op_build, 0},
	['Q'] = {op_persistent, 0},
};

static void step(struct machine *m)
{
	const unsigned char *code;

	m->operation = m->at;
	code = take(m, 1);
	if (!code)
		return;
	if (operations[*code].run)
		operations[*code].run(m, operations[*code].argument);
	else
		m->st = status_fail(ST_MALFORMED, "%s: byte %zu of a pickle: %s may not contain operation 0x%02x",
		                    m->rules->source, m->operation, m->rules->what, *code);
}

enum status pickle_read(struct pickle *p, const struct pickle_rules *rules, const void *bytes, size_t size,
                        size_t *used, const struct pickle_value **root)
{
	struct machine m = {.p = p, .rules = rules, .bytes = bytes, .size = size};

	*root = NULL;
	if (m.size > PICKLE_SIZE_MAX)
		m.size = PICKLE_SIZE_MAX;
	m.mark = xcalloc(PICKLE_MARKS_MAX, sizeof(*m.mark));
	while (m.st == ST_OK && !m.stopped)
		step(&m);
	*root = pop(&m);
	*used = m.at;
	if (m.st != ST_OK)
		*root = NULL;
	free(m.stack);
	free(m.memo);
	free(m.mark);
	return m.st;
}

void pickle_release(struct pickle *p)
{
	arena_release(&p->arena);
	free(p->persistent);
	*p = (struct pickle){0};
}
