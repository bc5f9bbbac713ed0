/* coverline extract: features of a kind for every news, as shards. */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/file.h"
#include "common/image.h"
#include "common/part.h"
#include "extract/parts.h"
#include "model/tensor/kernels.h"

/* The options of the command itself. */
struct typed {
	const char *kind, *as, *dtype, *images;
};

static const struct extract_options usual = {.batch = 8,
                                             .part_rows = SHARD_PART_ROWS,
                                             .max_words = 30,
                                             .max_tokens = 32,
                                             .rois = 30,
                                             .layer = -1,
                                             .side = 224,
                                             .detector_side = 800,
                                             .score = 0.7,
                                             .overlap = 0.3};

/* An option that a kind has no use for was meant for another. */
static enum status check_use(const struct typed *t, const struct extract_options *o)
{
	const struct {
		const char *name, *kinds;
		bool given;
	} used[] = {{"view", "impression, cover, vgg", o->view},
	            {"images", "cover, vgg, clip, roi", t->images},
	            {"words", "impression", o->words},
	            {"max-words", "impression", o->max_words != usual.max_words},
	            {"vocab", "clip, bert", o->vocab},
	            {"network-config", "clip, bert", o->network_config},
	            {"max-tokens", "bert", o->max_tokens != usual.max_tokens},
	            {"layer", "clip, bert", o->layer != usual.layer},
	            {"cased", "bert", o->cased},
	            {"normalise", "clip", o->normalise},
	            {"boxes", "roi", o->boxes},
	            {"side", "cover, roi", o->side != usual.side},
	            {"detector", "roi", o->detector},
	            {"rois", "roi", o->rois != usual.rois},
	            {"score", "roi", o->score != usual.score},
	            {"as", "synthetic", t->as},
	            {"overlap", "roi", o->overlap != usual.overlap},
	            {"detector-side", "roi", o->detector_side != usual.detector_side}};

	for (size_t i = 0; i < sizeof(used) / sizeof(*used); i++) {
		if (used[i].given && !strstr(used[i].kinds, t->kind))
			return status_fail(ST_USAGE, "--%s is for %s", used[i].name, used[i].kinds);
	}
	return ST_OK;
}

static enum status check_options(const struct typed *t, struct extract_options *o, const struct kind **kind)
{
	*kind = t->kind ? kind_find(t->kind) : NULL;
	if (!*kind)
		return status_fail(ST_USAGE, "--kind %s: expected " KINDS, t->kind ? t->kind : "missing");
	if (o->import && (strcmp(t->kind, "vgg") != 0 || o->weights_source || o->network))
		return status_fail(ST_USAGE, "--import is for --kind vgg, in place of --weights and --network");
	if (o->import) {
		*kind = &kind_import;
		o->weights_source = o->import;
	}
	if (t->as && *kind == &kind_synthetic) {
		*kind = kind_find_synthetic(t->as);
		if (!*kind)
			return status_fail(ST_USAGE, "--as %s: expected " SYNTHETIC_KINDS, t->as);
	}
	if (!o->weights_source)
		return status_fail(ST_USAGE, "--weights is missing: expected a .safetensors or PyTorch file, or random:SEED");
	if (strcmp(t->dtype, "f16") != 0 && strcmp(t->dtype, "f32") != 0)
		return status_fail(ST_USAGE, "--dtype %s: expected f16|f32", t->dtype);
	o->type = strcmp(t->dtype, "f32") == 0 ? H5_F32 : H5_F16;
	if (!o->network)
		o->network = (*kind)->network;
	return check_use(t, o);
}

static enum status open_folder(struct pictures **p, const char *data, const char *name)
{
	char *folder = path_join(data, name);
	enum status st = pictures_open(p, folder);

	free(folder);
	return st;
}

static enum status open_covers(struct pictures **p, const char *data, const char *images)
{
	if (!images)
		return open_folder(p, data, "images");
	if (strcmp(images, "originals") == 0)
		return pictures_open_originals(p, data);
	if (!file_exists(images))
		return status_fail(ST_USAGE, "--images %s: no such folder or tar", images);
	return pictures_open(p, images);
}

static enum status open_pictures(const struct typed *t, const struct kind *kind, const char *data,
                                 struct pictures **cards, struct pictures **covers)
{
	enum status st = kind->reads & READS_CARDS ? open_folder(cards, data, "cards") : ST_OK;

	return st == ST_OK && kind->reads & READS_COVERS ? open_covers(covers, data, t->images) : st;
}

static enum status run(struct cli *c, const struct typed *t, struct extract_options *o)
{
	const struct kind *kind;
	struct catalog news = {0};
	struct weights *w = NULL;
	struct pictures *cards = NULL, *covers = NULL;
	enum status st = check_options(t, o, &kind);

	if (st == ST_OK)
		st = image_start(c->name);
	if (st != ST_OK)
		return st;
	kernels_set_threads(o->jobs);
	st = o->import ? ST_OK : weights_open(&w, o->weights_source);
	o->weights = w;
	if (st == ST_OK)
		st = catalog_open(&news, o->data);
	if (st == ST_OK && news.count == 0)
		st = status_fail(ST_MALFORMED, "%s/catalog.tsv: no news", o->data);
	if (st == ST_OK)
		st = open_pictures(t, kind, o->data, &cards, &covers);
	o->cards = cards;
	o->covers = covers;
	if (st == ST_OK)
		st = parts_make(kind, o, &news);
	pictures_close(cards);
	pictures_close(covers);
	catalog_close(&news);
	weights_close(w);
	image_stop();
	return st;
}

int main(int argc, char **argv)
{
	struct typed t = {.dtype = "f16"};
	struct extract_options o = usual;
	const struct cli_option options[] = {
		{"kind", CLI_STRING, &t.kind, "KIND",
	     "What to extract: impression (the cues of a card), cover (a pooled ResNet on the cover), roi (the same on "
	     "regions of it), vgg (its fc7 of VGG-16), clip (CLIP of cover, title and categories), bert (the title), "
	     "synthetic (random vectors, for measuring).",
	     0, 0},
		{"weights", CLI_STRING, &o.weights_source, "FILE|random:SEED",
	     "The network's weights as they are published: .safetensors, or PyTorch's .pth, .pt or .bin; or seeded random "
	     "ones.",
	     0, 0},
		{"network", CLI_STRING, &o.network, "NAME",
	     "impression, cover, roi: resnet50|resnet101|resnet152|resnet50-caffe (resnet101 unless given, roi: resnet50); "
	     "vgg: "
	     "vgg16|vgg16-caffe (BGR minus mean); clip: clip-vit-b32; bert: bert.",
	     0, 0},
		{"import", CLI_STRING, &o.import, "FILE",
	     "vgg: takes the features out of a file, such as Amazon's image_features_*.b: records of an id of 10 bytes and "
	     "4096 "
	     "floats.",
	     0, 0},
		{"as", CLI_STRING, &t.as, SYNTHETIC_KINDS,
	     "synthetic: write them as features of this kind, with its columns, for recommenders to read.", 0, 0},
		{"dtype", CLI_STRING, &t.dtype, "f16|f32", "Of the features; f16 unless given.", 0, 0},
		{"part-rows", CLI_INT, &o.part_rows, "N", "News a part.", 1, (double)PART_ROWS_MAX},
		{"batch", CLI_INT, &o.batch, "N", "Pictures that the network takes at once.", 1, 256},
		{"force", CLI_FLAG, &o.force, NULL,
	     "Makes parts anew that were made by another network, from other weights or with other options; without it, "
	     "they "
	     "are refused.",
	     0, 0},
		{"", CLI_HELP, NULL, NULL, "Pictures:", 0, 0},
		{"images", CLI_STRING, &t.images, "WHERE",
	     "Where covers are: a folder, a tar, or originals, what crawl --keep-originals kept. By default DATA/images.",
	     0, 0},
		{"view", CLI_STRING, &o.view, "squash|crop|native",
	     "How a picture becomes the network's input: whole to 224 x 224 (squash, impression's usual), shorter side to "
	     "256 "
	     "and the middle 224 x 224 (crop, as torchvision's weights were trained; the others' usual), or unchanged "
	     "(native, impression only).",
	     0, 0},
		{"side", CLI_INT, &o.side, "PX",
	     "cover, roi: sides of the network's input, for 224 x 224 above. Half of it takes a quarter of the time, and "
	     "is "
	     "not what published weights were trained on.",
	     32, 1024},
		{"words", CLI_STRING, &o.words, "boxes|grid",
	     "impression: a word's region: the box where it is drawn (boxes, the default), or lines, then shares by length "
	     "(grid).",
	     0, 0},
		{"max-words", CLI_INT, &o.max_words, "N", "impression: words of a title that get a cue.", 1, 256},
		{"", CLI_HELP, NULL, NULL, "Regions (roi):", 0, 0},
		{"boxes", CLI_STRING, &o.boxes, "detect|grid",
	     "What regions are: detections of Mask R-CNN (detect, the default), or "
	     "cells of a regular grid, which needs no detector.",
	     0, 0},
		{"detector", CLI_STRING, &o.detector, "FILE|random:SEED",
	     "The weights of Mask R-CNN on ResNet-50 and FPN, as torchvision publishes them. --weights are the ResNet's "
	     "that makes "
	     "the features.",
	     0, 0},
		{"rois", CLI_INT, &o.rois, "N", "Regions besides the whole cover: the largest.", 1, 100},
		{"score", CLI_REAL, &o.score, "P", "What a detection's score must exceed.", 0, 1},
		{"overlap", CLI_REAL, &o.overlap, "P", "Of two detections of a class that overlap by more, the better stays.",
	     0, 1},
		{"detector-side", CLI_INT, &o.detector_side, "PX", "A cover's shorter side for the detector.", 64, 4096},
		{"", CLI_HELP, NULL, NULL, "Texts (clip, bert):", 0, 0},
		{"vocab", CLI_STRING, &o.vocab, "FILE",
	     "BERT's vocab.txt, or CLIP's merges.txt or bpe_simple_vocab_16e6.txt.gz. Unless given, such a file beside the "
	     "weights.",
	     0, 0},
		{"network-config", CLI_STRING, &o.network_config, "FILE",
	     "The network's config.json. Unless given, the one beside the weights; without one, BERT base or CLIP "
	     "ViT-B/32.",
	     0, 0},
		{"max-tokens", CLI_INT, &o.max_tokens, "N", "bert: tokens of a title, [CLS] and [SEP] among them.", 3, 512},
		{"layer", CLI_INT, &o.layer, "N",
	     "bert: the layer whose states are taken; 0: the embeddings; -1: the last. clip: a layer of the image tower "
	     "whose "
	     "states are kept beside, in a column patch.",
	     -1, 64},
		{"cased", CLI_FLAG, &o.cased, NULL, "bert: the vocabulary tells capital letters from small ones.", 0, 0},
		{"normalise", CLI_FLAG, &o.normalise, NULL, "clip: vectors of length 1.", 0, 0},
		{NULL, CLI_FLAG, NULL, NULL, NULL, 0, 0},
	};
	struct cli c = {
		.name = "extract",
		.synopsis = "DATA --kind KIND --weights FILE|random:SEED [options]",
		.summary = "Runs a network over cards, covers or titles and writes features to DATA/features. Makes only the "
				   "parts that are missing or whose inputs changed.",
		.options = options,
		.operands_min = 1,
		.operands_max = 1};

	cli_parse(&c, argc, argv);
	o.data = c.operands[0];
	o.jobs = c.jobs;
	o.shard_index = c.shard_index;
	o.shard_count = c.shard_count;
	o.arguments = c.arguments->data;
	c.records_in = o.data;
	return cli_finish(&c, run(&c, &t, &o));
}
