/* BERT of any size.                                         (Devlin et al. 2019)
 *
 * Parameters are named as in Hugging Face's state dict without its "bert.":
 * embeddings.{word,position,token_type}_embeddings.weight, embeddings.LayerNorm,
 * encoder.layer.N.attention.self.{query,key,value}, .attention.output.{dense,LayerNorm}, .intermediate.dense,
 * .output.{dense,LayerNorm}, pooler.dense. Files are read with and without "bert.", and with the older
 * LayerNorm.{gamma,beta}. Titles are packed: one of 12 tokens costs 12 tokens. */
#ifndef COVERLINE_MODEL_ENCODERS_BERT_H
#define COVERLINE_MODEL_ENCODERS_BERT_H

#include "model/encoders/weights.h"
#include "model/layers/transformer_block.h"

#define BERT_LAYERS_MAX 64

/* config.json's numbers. */
struct bert_config {
	int64_t width;              /* hidden_size */
	int64_t layers;             /* num_hidden_layers */
	int64_t heads;              /* num_attention_heads */
	int64_t inner;              /* intermediate_size */
	int64_t vocabulary;         /* vocab_size */
	int64_t positions;          /* max_position_embeddings: tokens that a title may have */
	int64_t types;              /* type_vocab_size */
	enum activation activation; /* hidden_act: gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu */
	double epsilon;             /* layer_norm_eps */
	double deviation;           /* of values that start at random; 0: 0.02, initializer_range of those published */
};

/* bert-base-uncased's numbers. */
extern const struct bert_config bert_base;
/* Two layers, 64 wide, to be taught from scratch: starts with what keeps a row's size in so narrow a layer. */
extern const struct bert_config bert_small;

/* ST_MALFORMED names the key that is missing, out of range or not supported. */
MUST_CHECK enum status bert_config_read(struct bert_config *c, const char *path);

enum bert_pooler { BERT_NO_POOLER, BERT_POOLER };
#define BERT_ALL_TUNED (-1)

/* What is made of a network. */
struct bert_options {
	int64_t layers; /* the first so many are kept; 0: all */
	int64_t frozen; /* the embeddings and the first so many layers are not trained; BERT_ALL_TUNED: everything is */
	enum bert_pooler pooler;
};

struct bert {
	struct bert_config config; /* layers: of those kept */
	int64_t frozen;            /* -1 … layers */
	struct tensor *word, *position, *type;
	struct layer_norm norm;
	struct transformer_block layer[BERT_LAYERS_MAX];
	struct linear pooler; /* weight NULL: none */
	struct params *stores[2];
	char prefix[64];
};

/* Titles to read: tokens of all of them, one after another, each with its [CLS] and [SEP]. Borrowed until the tape is reset. */
struct bert_input {
	const int32_t *id;   /* [tokens] */
	const int32_t *type; /* [tokens]; NULL: all 0 */
	struct segments titles;
};

/* Registers "<prefix>.NAME" in frozen or in tuned, as options say; seal both before bert_read, frozen with
 * params_seal_frozen. The stores are borrowed while b is in use. ST_USAGE if the configuration cannot be. */
MUST_CHECK enum status bert_init(struct bert *b, const struct bert_config *c, const struct bert_options *o,
                                 const char *prefix, struct params *frozen, struct params *tuned);
/* Fills the parameters. Heads of other tasks and layers that are not kept are passed over. */
MUST_CHECK enum status bert_read(struct bert *b, const struct weights *w);

/* On a tape: [tokens, width] each. A token, type or position that the tables lack fails. */
struct tensor *bert_embed(const struct bert *b, struct tape *t, const struct bert_input *in,
                          struct transformer_dropout dropout);
/* x after layers first … last - 1. */
struct tensor *bert_layers(const struct bert *b, struct tape *t, struct tensor *x, const struct segments *titles,
                           int64_t first, int64_t last, struct transformer_dropout dropout);
/* The first row of each title, [titles, width]; no title may be empty. */
struct tensor *bert_first(struct tape *t, struct tensor *x, const struct segments *titles);
/* tanh of the pooler's map of bert_first. */
struct tensor *bert_pool(const struct bert *b, struct tape *t, struct tensor *first);

/* Without a tape of the caller's: the token states after `layers` layers, [tokens, width], into out. A layer's memory is used
 * again by the next. With layers = b->frozen this is what a cache of the frozen trunk holds; go on from there with
 * tape_borrow and bert_layers(first = b->frozen). ST_USAGE as bert_embed fails. */
MUST_CHECK enum status bert_infer(const struct bert *b, const struct bert_input *in, int64_t layers, real *out);

#endif
