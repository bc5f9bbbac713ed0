#include "model/tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t tensor_size(const struct tensor *x)
{
	int64_t size = 1;
	for (int i = 0; i < x->ndim; i++)
		size *= x->dim[i];
	return size;
}

int64_t tensor_rows(const struct tensor *x)
{
	int64_t rows = 1;
	for (int i = 0; i < x->ndim - 1; i++)
		rows *= x->dim[i];
	return rows;
}

int64_t tensor_cols(const struct tensor *x)
{
	return x->ndim ? x->dim[x->ndim - 1] : 1;
}

void touched_rows_add(struct touched_rows *r, const int32_t *row, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		if (!r->seen[row[i]]) {
			r->seen[row[i]] = 1;
			r->row[r->count++] = row[i];
		}
}

void touched_rows_clear(struct touched_rows *r)
{
	for (int32_t i = 0; i < r->count; i++)
		r->seen[r->row[i]] = 0;
	r->count = 0;
	r->all = false;
}

void tape_init(struct tape *t, bool recording)
{
	tape_reset(t);
	t->recording = recording;
	t->share = 1;
}

void tape_reset(struct tape *t)
{
	arena_reset(&t->arena);
	t->last = NULL;
	t->status = ST_OK;
	t->dropout_calls = 0;
	t->passed = NULL;
}

void tape_release(struct tape *t)
{
	arena_release(&t->arena);
	t->last = NULL;
}

enum status tape_status(const struct tape *t)
{
	return t->status;
}

static struct tensor *new_tensor(struct tape *t, int ndim, const int64_t *dim)
{
	if (ndim < 0 || ndim > TENSOR_DIMS)
		BUG("a tensor of %d dimensions; at most %d are possible", ndim, TENSOR_DIMS);
	struct tensor *x = arena_calloc(&t->arena, 1, sizeof *x);
	x->ndim = ndim;
	int64_t size = 1;
	for (int i = 0; i < ndim; i++) {
		if (dim[i] < 0 || __builtin_mul_overflow(size, dim[i], &size))
			BUG("dimension %d of a tensor is %lld", i, (long long)dim[i]);
		x->dim[i] = dim[i];
	}
	return x;
}

struct tensor *tape_tensor(struct tape *t, int ndim, const int64_t *dim, bool wants_grad)
{
	struct tensor *x = new_tensor(t, ndim, dim);
	const size_t size = (size_t)tensor_size(x);
	x->data = arena_alloc(&t->arena, size * sizeof *x->data);
	if (wants_grad && t->recording)
		x->grad = arena_calloc(&t->arena, size, sizeof *x->grad);
	return x;
}

struct tensor *tape_borrow(struct tape *t, int ndim, const int64_t *dim, const real *data)
{
	struct tensor *x = new_tensor(t, ndim, dim);
	/* Without a grad nothing ever writes to a tensor. */
	x->data = (real *)data;
	return x;
}

struct tensor *tape_constant(struct tape *t, int ndim, const int64_t *dim, real value)
{
	struct tensor *x = tape_tensor(t, ndim, dim, false);
	const int64_t n = tensor_size(x);
	for (int64_t i = 0; i < n; i++)
		x->data[i] = value;
	return x;
}

const struct segments *tape_segments(struct tape *t, int32_t count, int32_t each)
{
	struct segments *s = arena_alloc(&t->arena, sizeof *s);
	int32_t *offset = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *offset);
	for (int32_t i = 0; i <= count; i++)
		offset[i] = i * each;
	*s = (struct segments){offset, count};
	return s;
}

bool tape_wants_grad(const struct tape *t, struct tensor *const *in, int n)
{
	if (!t->recording)
		return false;
	for (int i = 0; i < n; i++)
		if (in[i] && in[i]->grad)
			return true;
	return false;
}

struct node *tape_record(struct tape *t, const char *op, void (*backward)(struct tape *, struct node *),
                         struct tensor *out, struct tensor *const *in, int n)
{
	struct node *node = arena_calloc(&t->arena, 1, sizeof *node);
	if (n > NODE_INPUTS || !out->grad)
		BUG("a node with %d inputs, or without a gradient to send back", n);
	node->op = op;
	node->backward = backward;
	node->out = out;
	memcpy(node->in, in, (size_t)n * sizeof *in);
	node->previous = t->last;
	t->last = node;
	return node;
}

struct tensor *tape_fail(struct tape *t, const char *fmt, ...)
{
	if (t->status != ST_OK)
		return NULL;
	char message[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	t->status = status_fail(ST_USAGE, "%s", message);
	return NULL;
}

static void touch_whole_inputs(const struct node *n)
{
	for (int i = 0; i < NODE_INPUTS; i++)
		if (n->in[i] && n->in[i]->touched)
			n->in[i]->touched->all = true;
}

enum status tape_backward_from(struct tape *t, struct tensor *y, const real *upstream)
{
	if (t->status != ST_OK)
		return t->status;
	if (!y || !y->grad)
		return status_fail(ST_USAGE, "backward: the tensor has no gradient to start from");
	if (upstream && tensor_size(y))
		memcpy(y->grad, upstream, (size_t)tensor_size(y) * sizeof *upstream);
	for (struct node *n = t->last; n; n = n->previous) {
		if (!n->by_rows)
			touch_whole_inputs(n);
		n->backward(t, n);
		if (t->passed)
			t->passed(t->passed_context, n);
	}
	return t->status;
}

enum status tape_backward(struct tape *t, struct tensor *loss)
{
	const real one = 1;
	if (t->status == ST_OK && loss && tensor_size(loss) != 1)
		return status_fail(ST_USAGE, "backward: a loss has one element, not %lld", (long long)tensor_size(loss));
	return tape_backward_from(t, loss, &one);
}

static bool all_finite(const real *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

static void tell(char *text, size_t size, const struct node *n, const char *what, const struct tensor *x)
{
	char shape[TENSOR_DIMS * 24] = "";
	size_t used = 0;
	for (int i = 0; i < x->ndim; i++)
		used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%lld", i ? ", " : "", (long long)x->dim[i]);
	snprintf(text, size, "%s's %s [%s]", n->op, what, shape);
}

void tape_find_not_finite(const struct tape *t, char *text, size_t size)
{
	*text = '\0';
	for (const struct node *n = t->last; n; n = n->previous)
		if (!all_finite(n->out->data, tensor_size(n->out)))
			tell(text, size, n, "value", n->out);
	for (const struct node *n = t->last; n && !*text; n = n->previous)
		for (int i = 0; i < NODE_INPUTS && !*text; i++)
			if (n->in[i] && n->in[i]->grad && !all_finite(n->in[i]->grad, tensor_size(n->in[i])))
				tell(text, size, n, "gradient, sent back to", n->in[i]);
}
