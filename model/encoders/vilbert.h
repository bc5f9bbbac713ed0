/* ViLBERT: BERT over a title's words, a transformer over an image's regions, and co-attention between the two.
 *                                                                             (Lu et al. 2019; MM-Rec §3.2)
 * Parameters are named as in the published checkpoints (vilbert_beta) without their "bert.": embeddings.*, v_embeddings.{
 * image_embeddings, image_location_embeddings, LayerNorm}, encoder.layer.N.* and encoder.v_layer.N.* as BERT's layers, encoder.
 * c_layer.N.{biattention.{query,key,value}{1,2}, biOutput.{dense,LayerNorm}{1,2}, {v,t}_intermediate.dense, {v,t}_output.{dense,
 * LayerNorm}}; 1 is the image, 2 the text. Files are read with "bert.", "module.bert." or neither. Their poolers, heads and the
 * biOutput.q_dense that nothing uses are passed over.
 *
 * Words and regions are packed, so what other codes mask is not there: nothing looks at padding. */
#ifndef COVERLINE_MODEL_ENCODERS_VILBERT_H
#define COVERLINE_MODEL_ENCODERS_VILBERT_H

#include "model/encoders/bert.h"
#include "model/layers/co_attention.h"

#define VILBERT_LAYERS_MAX 24
#define VILBERT_LOCATION   5 /* (y1 / H, x1 / W, y2 / H, x2 / W, area / HW) of a region */

struct vilbert_stream_config {
	int64_t width, layers, heads, inner;
};

struct vilbert_config {
	struct vilbert_stream_config text, image;
	int64_t co_width, co_heads;             /* bi_hidden_size, bi_num_attention_heads */
	int64_t features;                       /* v_feature_size: of a region */
	int64_t vocabulary, positions, types;   /* of the text */
	int links;                              /* co-attention layers */
	int64_t text_link[VILBERT_LAYERS_MAX];  /* t_biattention_id: link i comes before this layer of the text */
	int64_t image_link[VILBERT_LAYERS_MAX]; /* v_biattention_id: and before this one of the image */
};

/* 8 text layers (768, 12 heads, 3072), 2 visual ones (1024, 8, 1024), links at 6, 7 and 0, 1: as MM-Rec's authors ran it. */
extern const struct vilbert_config vilbert_mm_rec;
/* 12 text layers, 6 visual ones, links at 6 … 11 and 0 … 5: bert_base_6layer_6conect, as published. */
extern const struct vilbert_config vilbert_published;
/* 2 text layers, 1 visual one and a link, 64 wide: can be taught from scratch by a few thousand clicks. */
extern const struct vilbert_config vilbert_small;

/* ST_MALFORMED names the key that is missing, out of range or does not fit: a published bert_base_6layer_6conect.json's
 * hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, the same of the image after "v_",
 * v_feature_size, bi_hidden_size, bi_num_attention_heads, t_biattention_id, v_biattention_id, vocab_size,
 * max_position_embeddings and type_vocab_size. */
MUST_CHECK enum status vilbert_config_read(struct vilbert_config *c, const char *path);

enum vilbert_links { VILBERT_LINKED, VILBERT_APART /* no co-attention: MM-Rec, figure 4 */ };
/* With one stream alone the other and the links are not there: MM-Rec, figure 3. */
enum vilbert_streams { VILBERT_BOTH, VILBERT_TEXT_ALONE, VILBERT_IMAGE_ALONE };
#define VILBERT_ALL_TUNED (-1)

/* tuned: the last so many text layers are trained, with every link and visual layer that comes after the first of them: 3 is
 * MM-Rec's paper's, 4 its authors' code's (text layers 4-7, all visual and co-attention layers). The rest and the embeddings
 * are not; with VILBERT_ALL_TUNED everything is. */
struct vilbert_options {
	int64_t tuned;
	enum vilbert_links links;
	enum vilbert_streams streams;
};

enum vilbert_step_kind { VILBERT_TEXT, VILBERT_IMAGE, VILBERT_LINK };
#define VILBERT_STEPS_MAX (3 * VILBERT_LAYERS_MAX)

struct vilbert {
	struct vilbert_config config;
	struct tensor *word, *position, *type;
	struct layer_norm text_norm, image_norm;
	struct linear region, location; /* [image.width, features], [image.width, 5] */
	struct transformer_block text[VILBERT_LAYERS_MAX], image[VILBERT_LAYERS_MAX];
	struct co_attention link[VILBERT_LAYERS_MAX]; /* stream 0 is the image, 1 the text */
	/* The layers in the order in which they run; the first `frozen` of them are not trained, -1: not even the embeddings. */
	struct {
		enum vilbert_step_kind kind;
		int64_t index;
	} step[VILBERT_STEPS_MAX];
	int64_t steps, frozen;
	enum vilbert_links links; /* APART with one stream alone */
	enum vilbert_streams streams;
	struct params *stores[2];
	char prefix[64];
};

/* As bert_init and bert_read. ST_USAGE if the links do not rise or lie beyond the layers. */
MUST_CHECK enum status vilbert_init(struct vilbert *v, const struct vilbert_config *c, const struct vilbert_options *o,
                                    const char *prefix, struct params *frozen, struct params *tuned);
MUST_CHECK enum status vilbert_read(struct vilbert *v, const struct weights *w);

/* What is read of each news; borrowed until the tape is reset. The segments are as many as news; one without regions or words
 * is empty. */
struct vilbert_input {
	const int32_t *id;              /* [words] */
	const real *region;             /* [regions, features] */
	const real *location;           /* [regions, 5] */
	struct segments words, regions; /* of a stream that the network lacks: not looked at */
};

/* Both streams on a tape: [words, text.width] and [regions, image.width]; NULL: the network has no such stream. */
struct vilbert_state {
	struct tensor *text, *image;
};

struct vilbert_state vilbert_embed(const struct vilbert *v, struct tape *t, const struct vilbert_input *in,
                                   struct transformer_dropout dropout);
/* The state after steps first … last - 1. */
struct vilbert_state vilbert_run(const struct vilbert *v, struct tape *t, struct vilbert_state x,
                                 const struct vilbert_input *in, int64_t first, int64_t last,
                                 struct transformer_dropout dropout);

/* Without a tape of the caller's: the states after `steps` steps into text [words, text.width] and image [regions,
 * image.width]. With steps = v->frozen, what a cache of the frozen trunk holds. ST_USAGE as vilbert_embed fails. */
MUST_CHECK enum status vilbert_infer(const struct vilbert *v, const struct vilbert_input *in, int64_t steps, real *text,
                                     real *image);

#endif
