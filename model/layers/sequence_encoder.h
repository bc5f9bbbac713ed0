/* NRMS's encoder of a sequence: multi-head self-attention among its rows, then additive attention over them. The same
 * layer reads the words of a title and the clicks of a reader.      (Wu et al. 2019, eq. 1-6; IMRec eq. 3-6, 9-11) */
#ifndef COVERLINE_MODEL_LAYERS_SEQUENCE_ENCODER_H
#define COVERLINE_MODEL_LAYERS_SEQUENCE_ENCODER_H

#include "model/layers/attention_pool.h"

/* What the logits q . k are multiplied by: 1, as both papers print them, or 1 / sqrt(width of q). */
enum attention_scale { ATTENTION_UNSCALED, ATTENTION_SQRT };
#define ATTENTION_SCALES "none|sqrt"
double attention_scale_factor(enum attention_scale scale, int64_t width);

struct sequence_options {
	int64_t in;          /* width of a row */
	int64_t heads;       /* the result is heads * head_width wide */
	int64_t head_width;  /* of queries, keys and values alike */
	int64_t query_width; /* hidden width of the additive attention */
	int scale;           /* enum attention_scale */
	enum linear_bias value_bias;
};

/* Queries and keys have no bias: NRMS has none, and a key's would cancel in the softmax. */
struct sequence_encoder {
	struct linear q, k, v; /* [heads * head_width, in]; head h is rows h * head_width … */
	struct attention_pool pool;
	int heads;
	double scale;
};

/* Registers "<prefix>.attention.{q,k,v}.weight" ("….v.bias" with value_bias) and "<prefix>.pool.…". */
MUST_CHECK enum status sequence_encoder_init(struct sequence_encoder *l, struct params *ps, const char *prefix,
                                             const struct sequence_options *options);
/* x [n, in] -> [segments, heads * head_width]; an empty segment gives zeros. dropout acts on what the heads give. */
struct tensor *sequence_encoder_apply(const struct sequence_encoder *l, struct tape *t, struct tensor *x,
                                      const struct segments *s, double dropout);
/* The same with values [n, heads * head_width] given instead of v(x): attention weights still come from x. */
struct tensor *sequence_encoder_mix(const struct sequence_encoder *l, struct tape *t, struct tensor *x,
                                    struct tensor *values, const struct segments *s, double dropout);
/* What the heads give alone, [n, heads * head_width], before dropout and l->pool. */
struct tensor *sequence_encoder_attend(const struct sequence_encoder *l, struct tape *t, struct tensor *x,
                                       struct tensor *values, const struct segments *s);

#endif
