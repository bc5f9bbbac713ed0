#include "pipelines/demo/scenes.h"

const struct scene scenes[SCENE_COUNT] = {
	{"mountain-lake", scene_mountain_lake},
	{"sea-sunset", scene_sea_sunset},
	{"city-night", scene_city_night},
	{"forest", scene_forest},
	{"portrait", scene_portrait},
	{"stadium", scene_stadium},
	{"plate", scene_plate},
	{"desert-road", scene_desert_road},
};

enum status scene_picture(int index, int width, int height, struct rng *r, struct image *out)
{
	enum status st = ST_OK;
	struct canvas c = {.w = width, .h = height, .rng = r};
	c.surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
	c.cr = cairo_create(c.surface);
	scenes[index].paint(&c);
	if (cairo_status(c.cr) != CAIRO_STATUS_SUCCESS)
		st = status_fail(ST_FAILED, "%s: %s", scenes[index].name, cairo_status_to_string(cairo_status(c.cr)));
	else
		photo_finish(&c, out);
	cairo_destroy(c.cr);
	cairo_surface_destroy(c.surface);
	return st;
}
