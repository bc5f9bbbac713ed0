/* Any bytes as a picture, made into a cover and at its own size. */
#include "common/image.h"
#include "tests/support/fuzz_input.h"

enum { SIDE = 32 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	if (image_start((*argv)[0]) != ST_OK)
		BUG("%s", status_message());
	return 0;
}

/* Reads every pixel, so that the sanitizers see one that lies outside. */
static void look(const struct image *img)
{
	static volatile unsigned seen;

	for (size_t i = 0; i < (size_t)img->width * (size_t)img->height * 3; i++)
		seen = seen + img->data[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct image cover = {0}, whole = {0};
	int width = 0, height = 0;

	if (image_decode(&cover, bytes, n, SIDE, SIDE, IMAGE_COVER, &width, &height) == ST_OK) {
		if (cover.width != SIDE || cover.height != SIDE)
			BUG("the cover is %d x %d", cover.width, cover.height);
		look(&cover);
	}
	if (image_decode_full(&whole, bytes, n) == ST_OK) {
		if (width && (whole.width != width || whole.height != height))
			BUG("%d x %d, and then %d x %d", width, height, whole.width, whole.height);
		look(&whole);
	}
	image_release(&cover);
	image_release(&whole);
	return 0;
}
