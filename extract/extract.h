/* The extract stage: cards and their boxes, covers, titles in; DATA/features/KIND/part-*.h5 and DATA/features/KIND.h5 out.
 *
 * Work is done a part at a time, and a part is current or made whole again. Workers decode, resize and normalise in order;
 * the calling thread runs the network on full batches, with all threads of the one OpenMP pool, and writes the rows. What a
 * part holds follows from its inputs, not from the batch or other parts; the number of threads of the OpenMP pool may change
 * the last bit of what a network computes (model/tensor/onednn.h), of which half precision shows little.
 *
 * To add a kind: a file kind_NAME.c with a struct kind (kind.h), and a line in kinds.c. */
#ifndef COVERLINE_EXTRACT_EXTRACT_H
#define COVERLINE_EXTRACT_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/catalog.h"
#include "common/h5.h"
#include "common/pictures.h"
#include "common/status.h"
#include "model/encoders/weights.h"

/* The options of all kinds. Strings are as given, NULL where they were not: a kind has its own usual choice. Everything
 * borrowed. */
struct extract_options {
	const char *data; /* the folder */
	const struct pictures *cards, *covers;
	const char *network;
	const struct weights *weights;
	const char *weights_source;         /* as given */
	const char *view, *words;           /* of pictures */
	const char *network_config, *vocab; /* of text networks */
	const char *boxes, *detector;       /* of regions */
	const char *import;                 /* a file of features, in place of weights */
	enum h5_type type;                  /* of float columns: H5_F16 or H5_F32 */
	int64_t batch, part_rows;
	int64_t max_words, max_tokens, rois;
	int64_t layer;         /* -1: the last */
	int64_t side;          /* px of a picture at the network's input */
	int64_t detector_side; /* px of a picture's shorter side for the detector */
	double score, overlap; /* of detections */
	bool normalise, cased, force;
	int jobs;
	int shard_index, shard_count; /* parts p with p % shard_count == shard_index are this process' */
	const char *arguments;
};

/* Rows of a part. */
uint32_t extract_part_length(const struct extract_options *o, const struct catalog *news, uint32_t part);

#endif
