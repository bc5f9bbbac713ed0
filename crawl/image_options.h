/* What the command line says of the images: a preset, and what is chosen beside it. */
#ifndef COVERLINE_CRAWL_IMAGE_OPTIONS_H
#define COVERLINE_CRAWL_IMAGE_OPTIONS_H

#include <stdint.h>

#include "common/status.h"
#include "crawl/cover.h"

#define IMAGE_QUALITY_PRESET 0 /* as the preset says */

struct image_options {
	/* "v-mind": 224x224, filled, quality 90 (VLSNR, section 4); "im-mind": 200x165, stretched (IMRec, 4.1). */
	const char *preset;
	const char *size, *fit; /* "WxH"; "cover", "stretch", "contain"; NULL: as the preset says */
	int64_t quality;
};

/* Sets width, height, fit and quality. ST_USAGE names the option that is wrong. */
MUST_CHECK enum status image_options_read(const struct image_options *o, struct cover_options *out);
/* "size 224x224 fit cover quality 90", for the ledger; the caller frees. */
char *image_options_text(const struct cover_options *o);

#endif
