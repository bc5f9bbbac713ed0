/* A tower of fully connected layers: a_{l+1} = ReLU(W_l a_l + b_l), with dropout on each layer's output. */
#ifndef COVERLINE_MODEL_LAYERS_TOWER_H
#define COVERLINE_MODEL_LAYERS_TOWER_H

#include "model/layers/linear.h"

enum { TOWER_LAYERS = 16, TOWER_WIDTH = 1 << 16 };

struct tower {
	struct linear layer[TOWER_LAYERS];
	int count;
	int64_t width; /* of the last layer */
};

/* Registers "<prefix>.0.weight" (Glorot & Bengio), ".0.bias" (zeros), … for layers of the widths that the text lists:
 * "1024-512-256". ST_USAGE, naming the key that it is from, if it is no list of 1 to 16 widths from 1 to 65536. */
MUST_CHECK enum status tower_init(struct tower *l, struct params *ps, const char *prefix, int64_t in,
                                  const char *widths, const char *key);
/* The same of count widths, 1 to TOWER_LAYERS. */
MUST_CHECK enum status tower_init_widths(struct tower *l, struct params *ps, const char *prefix, int64_t in,
                                         const int64_t *width, int count);
/* [n, in] -> [n, width] */
struct tensor *tower_apply(const struct tower *l, struct tape *t, struct tensor *x, double dropout);

#endif
