/* MTFN as GMMF's table 2 uses it: rank-based tensor fusion of each two of an item's id, picture and text.
 * (Wang, Xu, Yang, Hanjalic, Shen, Song: Matching Images and Text with Multi-modal Tensor Fusion and Re-ranking, MM 2019)
 *
 *     v_ab = sum_r (A^r tanh(U_a z_a)) * (B^r tanh(U_b z_b))      element-wise product; its fusion branch, of rank R
 *
 * MTFN matches an image and a sentence by one score. Here v is the three v_ab side by side, and the score that of fusion.h:
 * the two layers take the place of its fully connected layer and sigmoid. */
#include <stdlib.h>

#include "common/file.h"
#include "model/recommenders/fusion.h"

enum { PAIRS = 3 };

static const int pair_of[PAIRS][2] = {
	{FUSION_ID, FUSION_VISUAL}, {FUSION_ID, FUSION_TEXT}, {FUSION_VISUAL, FUSION_TEXT}};
static const char *const modality_names[] = {"id", "visual", "text"};

struct mtfn {
	struct fusion base;
	int64_t rank;
	struct linear project[FUSION_MODALITIES]; /* U_m */
	struct linear factor[PAIRS][2];           /* [rank * width, width] */
};

static bool has(const struct fusion *f, int modality)
{
	return modality == FUSION_ID || (modality == FUSION_VISUAL ? f->visual : f->text);
}

static enum status create_pair(struct mtfn *m, struct params *ps, int pair)
{
	enum status st = ST_OK;
	for (int side = 0; side < 2 && st == ST_OK; side++) {
		char *name = path_printf("fuse.%s-%s.%s", modality_names[pair_of[pair][0]], modality_names[pair_of[pair][1]],
		                         side ? "second" : "first");
		st = linear_init(&m->factor[pair][side], ps, name, m->base.width, m->rank * m->base.width, LINEAR_PLAIN);
		free(name);
	}
	return st;
}

static enum status mtfn_create(struct fusion *f, struct params *ps, int64_t *out)
{
	struct mtfn *m = (struct mtfn *)f;
	enum status st = ST_OK;
	for (int i = 0; i < FUSION_MODALITIES && st == ST_OK; i++) {
		char *name = path_printf("project.%s", modality_names[i]);
		if (has(f, i))
			st = linear_init(&m->project[i], ps, name, f->width, f->width, LINEAR_BIAS);
		free(name);
	}
	for (int p = 0; p < PAIRS && st == ST_OK; p++) {
		if (!has(f, pair_of[p][0]) || !has(f, pair_of[p][1]))
			continue;
		*out += f->width;
		st = create_pair(m, ps, p);
	}
	if (st == ST_OK && !*out)
		st = status_fail(ST_USAGE, "mtfn.visual and mtfn.text are both none: there is nothing to fuse");
	return st;
}

static struct tensor *fuse_pair(const struct mtfn *m, struct tape *t, struct tensor *const *z, int pair, int64_t count)
{
	struct tensor *product =
		op_mul(t, linear_apply(&m->factor[pair][0], t, z[0]), linear_apply(&m->factor[pair][1], t, z[1]));
	return op_sum(t, op_reshape(t, product, 3, (int64_t[]){count, m->rank, m->base.width}), AXIS_1);
}

static struct tensor *mtfn_fuse(struct fusion *f, struct tape *t, const struct fusion_items *items)
{
	struct mtfn *m = (struct mtfn *)f;
	struct tensor *z[FUSION_MODALITIES], *fused[PAIRS];
	int n = 0;
	for (int i = 0; i < FUSION_MODALITIES; i++)
		z[i] = items->z[i] ? op_tanh(t, linear_apply(&m->project[i], t, items->z[i])) : NULL;
	for (int p = 0; p < PAIRS; p++)
		if (has(f, pair_of[p][0]) && has(f, pair_of[p][1]))
			fused[n++] = fuse_pair(m, t, (struct tensor *[]){z[pair_of[p][0]], z[pair_of[p][1]]}, p, items->count);
	return op_concat(t, fused, n, 1);
}

static const struct fusion_way way = {.name = "mtfn", .create = mtfn_create, .fuse = mtfn_fuse};

static struct recommender *mtfn_open(void)
{
	struct mtfn *m = (struct mtfn *)fusion_open(sizeof *m, &way);
	fusion_add_int(&m->base, "rank", &m->rank, "4", 256, "Rank of each fusion tensor.");
	return &m->base.base;
}

extern const struct recommender_type mtfn_type;
const struct recommender_type mtfn_type = {
	.name = "mtfn",
	.paper = "Wang et al., Matching Images and Text with Multi-modal Tensor Fusion and Re-ranking, MM 2019",
	.tiny = "mtfn.width=8 mtfn.hidden=16 mtfn.rank=2",
	.open = mtfn_open,
	FUSION_FUNCTIONS,
};
