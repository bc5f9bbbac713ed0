/* A cover as the published networks saw theirs in training: the slot of kinds that put one picture through one network. */
#ifndef COVERLINE_EXTRACT_COVER_INPUT_H
#define COVERLINE_EXTRACT_COVER_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/image.h"
#include "extract/resize.h"
#include "model/encoders/picture.h"

#define COVER_SIDE 224

enum cover_view {
	COVER_CROP,   /* shorter side to 8/7 side (256 for 224), the middle side x side: torchvision's, the usual choice */
	COVER_SQUASH, /* the whole cover to side x side */
	COVER_CLIP_CROP, /* shorter side to side, the middle side x side: CLIP's, bicubic */
};

/* How a cover becomes the network's input. */
struct cover_frame {
	enum cover_view view;
	int side; /* px, COVER_SIDE as published; positive */
};

/* Zero-initialise. */
struct cover_input {
	bool have;
	uint8_t *rgb;  /* [side, side, 3] */
	float *planes; /* [3, side, side], where they were asked for */
};

/* "crop" or "squash"; NULL is crop. ST_USAGE for any other. */
MUST_CHECK enum status cover_view_parse(const char *name, enum cover_view *view);
/* The size, the cut and the filter: for the shard. The caller frees. */
char *cover_frame_describe(const struct cover_frame *f);
struct resize cover_resize(const struct cover_frame *f, int width, int height);
/* cover NULL: have is false. input NULL: rgb alone is made. out is only ever used with one side. Thread-safe for different out. */
void cover_input_make(struct cover_input *out, const struct image *cover, const struct cover_frame *f,
                      const struct picture_input *input);
void cover_input_release(struct cover_input *c);

#endif
