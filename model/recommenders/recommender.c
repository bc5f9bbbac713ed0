#include "model/recommenders/recommender.h"

#include <stdlib.h>
#include <string.h>

/* X(name): NAME.c defines name_type. */
/* clang-format off */
#define RECOMMENDERS(X) \
	X(dan) \
	X(dcn) \
	X(deepfm) \
	X(din) \
	X(dkn) \
	X(dssm) \
	X(ebnr) \
	X(fim) \
	X(fim_im) \
	X(fm) \
	X(gmmf) \
	X(lmf) \
	X(lr) \
	X(lstur) \
	X(lstur_img) \
	X(marn) \
	X(mm_rec) \
	X(mtfn) \
	X(naml) \
	X(naml_views) \
	X(npa) \
	X(nrms) \
	X(nrms_im) \
	X(nrms_img) \
	X(rmbert) \
	X(vlsnr) \
	X(wide_deep) \
	X(youtubenet)
/* clang-format on */

#define DECLARE(name) extern const struct recommender_type name##_type;
#define LIST(name)    &name##_type,
RECOMMENDERS(DECLARE)

const struct recommender_type *const recommender_types[] = {RECOMMENDERS(LIST) NULL};

enum status recommender_load(struct recommender *r, struct news_data *data, enum load_what what)
{
	char *network = NULL;
	enum status st = r->type->load ? r->type->load(r, what, &network) : ST_OK;
	free(data->network);
	data->network = network;
	return st;
}

const struct recommender_type *recommender_find(const char *name)
{
	for (const struct recommender_type *const *type = recommender_types; *type; type++)
		if (strcmp((*type)->name, name) == 0)
			return *type;
	return NULL;
}

bool encode_no_news(struct recommender *r, struct tape *t, const struct news_data *data, const uint32_t *rows,
                    int32_t count, struct encoded_news *out)
{
	(void)r;
	(void)t;
	(void)data;
	(void)rows;
	(void)count;
	(void)out;
	return true;
}

struct tensor *gather_clicks(struct tape *t, struct tensor *vectors, const struct impressions *m)
{
	return op_gather_rows(t, vectors, m->click, m->clicks.offset[m->count]);
}

struct tensor *gather_candidates(struct tape *t, struct tensor *vectors, const struct impressions *m)
{
	return op_gather_rows(t, vectors, m->candidate, m->candidates.offset[m->count]);
}

struct tensor *score_by_dot(struct tape *t, struct tensor *users, struct tensor *candidates,
                            const struct segments *segments)
{
	return op_segment_dot(t, candidates, users, segments);
}

const int32_t *candidate_impressions(struct tape *t, const struct impressions *m)
{
	int32_t *impression = arena_alloc(&t->arena, ((size_t)m->candidates.offset[m->count] + 1) * sizeof *impression);
	for (int32_t i = 0; i < m->count; i++)
		for (int32_t c = m->candidates.offset[i]; c < m->candidates.offset[i + 1]; c++)
			impression[c] = i;
	return impression;
}

void recommender_watch(const struct recommender *r, const struct watched *w)
{
	if (r->watch)
		r->watch->take(r->watch->context, w);
}

void watch_candidate_clicks(const struct recommender *r, const struct impressions *m, int heads, const real *weights)
{
	recommender_watch(r, &(struct watched){.name = "candidate-click",
	                                       .unit = WATCH_IMPRESSIONS,
	                                       .row = WATCH_CANDIDATES,
	                                       .column = WATCH_CLICKS,
	                                       .heads = heads,
	                                       .rows = &m->candidates,
	                                       .columns = &m->clicks,
	                                       .weights = weights});
}

struct tensor *sum_rows(struct tape *t, struct tensor *x, const struct segments *segments)
{
	const int64_t n = segments->offset[segments->count];
	return op_segment_sum(t, x, tape_constant(t, 1, &n, 1), segments);
}

struct tensor *mean_rows(struct tape *t, struct tensor *x, const struct segments *segments)
{
	const int64_t n = segments->offset[segments->count];
	struct tensor *share = tape_tensor(t, 1, &n, false);
	for (int32_t s = 0; s < segments->count; s++)
		for (int32_t i = segments->offset[s]; i < segments->offset[s + 1]; i++)
			share->data[i] = 1 / (real)(segments->offset[s + 1] - segments->offset[s]);
	return op_segment_sum(t, x, share, segments);
}

/* Fewer rows than the most repeat their first; none are a row of zeros. */
struct tensor *largest_rows(struct tape *t, struct tensor *x, const int32_t *first, const int32_t *end, int32_t count)
{
	int32_t most = 1;
	if (!x)
		return NULL;
	for (int32_t i = 0; i < count; i++)
		if (end[i] - first[i] > most)
			most = end[i] - first[i];
	const int32_t none = (int32_t)x->dim[0];
	int32_t *row = arena_alloc(&t->arena, (size_t)count * (size_t)most * sizeof *row + 1), n = 0;
	for (int32_t i = 0; i < count; i++)
		for (int32_t j = 0; j < most; j++)
			row[n++] = first[i] + j < end[i] ? first[i] + j : first[i] < end[i] ? first[i] : none;
	struct tensor *zeros = tape_constant(t, 2, (int64_t[]){1, x->dim[1]}, 0);
	const int64_t dim[] = {count, most, x->dim[1]};
	x = op_gather_rows(t, op_concat(t, (struct tensor *const[]){x, zeros}, 2, 0), row, n);
	return op_max(t, op_reshape(t, x, 3, dim), AXIS_1);
}

struct tensor *click_bce(struct tape *t, struct tensor *scores, const struct impressions *m)
{
	if (!scores)
		return NULL;
	struct tensor *clicked = tape_constant(t, 1, scores->dim, 0);
	for (int32_t i = 0; i < m->count; i++)
		clicked->data[m->candidates.offset[i]] = 1;
	return op_bce(t, scores, clicked);
}

struct tensor *times(struct tape *t, struct tensor *x, double by)
{
	return op_mul(t, x, tape_constant(t, 1, (int64_t[]){1}, (real)by));
}
