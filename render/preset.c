#include "render/preset.h"

#include <string.h>

/* IM-MIND (Xun et al. 2021, section 4.1), as its paper and its authors' code state it together: a white card of 615 x 195;
 * the cover stretched to 200 x 165 at (15,15); the title from (227.725,15) on, in Segoe UI Semibold of 27 px, #2b2b2b, 10.5 px
 * between lines, at most 3 lines of at most 27 characters; the category at (227.725,142.5) in Segoe UI of 24 px, #666666.
 * The authors' code draws the same on a card of 610 x 195. By width, a line ends as far from the card's right edge as the
 * cover lies from its left one. */
#define IM_MIND(preset_name, card_width)                                                                               \
	{                                                                                                                  \
		.name = (preset_name), .width = (card_width), .height = 195, .image_x = 15, .image_y = 15, .image_width = 200, \
		.image_height = 165, .title = {.x = 227.725, .y = 15, .em = 27, .gap = 10.5, .rgb = 0x2b2b2b},                 \
		.category = {.x = 227.725, .y = 142.5, .em = 24, .rgb = 0x666666}, .line_characters = 27, .lines = 3,          \
		.title_width = (card_width)-15 - 227.725,                                                                      \
	}

static const struct card_preset presets[] = {
	IM_MIND("im-mind", 615),
	IM_MIND("im-mind-code", 610),
};

const struct card_preset *preset_find(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(*presets); i++) {
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	}
	return NULL;
}
