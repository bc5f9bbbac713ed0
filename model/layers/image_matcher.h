/* What a reader's clicks and a candidate have in common, found in images of words against words.
 *
 *     image[l, k, i, j] = d_k^l[i] . c^l[j] / sqrt(width of level l)        k-th click, latest first; i, j its words and
 *                                                                           the candidate's
 *     two layers of convolution (3 x 3 x 3, zeros around), ELU and maxima over 3 x 3 x 3; what is left is the
 *     candidate's features
 *                                                    (FIM, Wang et al. 2020, §3.2; Zhou et al. 2018, whose matching it takes)
 *
 * Images lie in a grid of clicks x words x words; beyond the clicks and words there are, it is zeros. Only what is there is
 * worked on (op_convolution_pool), yet the result is that of the whole grid. */
#ifndef COVERLINE_MODEL_LAYERS_IMAGE_MATCHER_H
#define COVERLINE_MODEL_LAYERS_IMAGE_MATCHER_H

#include "model/layers/linear.h"

struct image_matcher_options {
	int64_t levels;        /* channels of an image, at most MATCH_LEVELS */
	int64_t clicks, words; /* of the grid, each 9 or more */
	int64_t filters[2];
};

struct image_matcher {
	struct tensor *weight[2], *bias[2]; /* [filters, in, 3, 3, 3], [filters] */
	int64_t filters[2], grid[2][3];     /* before each layer */
	int64_t features;                   /* of a candidate: filters[1] * (clicks / 9) * (words / 9)^2 */
};

/* Registers "<prefix>.N.weight" and "<prefix>.N.bias", N = 1, 2. ST_USAGE if the grid is too small to leave anything. */
MUST_CHECK enum status image_matcher_init(struct image_matcher *l, struct params *ps, const char *prefix,
                                          const struct image_matcher_options *o);
/* Features [candidates, features]. clicks and candidates as op_match takes them, no volume beyond the grid. */
struct tensor *image_matcher_apply(const struct image_matcher *l, struct tape *t, struct tensor *clicks,
                                   struct tensor *candidates, const struct matching *m);

#endif
