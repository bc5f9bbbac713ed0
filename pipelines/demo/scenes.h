/* What a cover picture can show. Scenes differ in subject, palette and composition; within one, light, colours and
 * places vary. The same picture for the same seed from one compiler: draws among one call's arguments have no set order,
 * and another compiler may paint another, equally good one. Text and clicks are the same everywhere. */
#ifndef COVERLINE_PIPELINES_DEMO_SCENES_H
#define COVERLINE_PIPELINES_DEMO_SCENES_H

#include "pipelines/demo/paint.h"

struct scene {
	const char *name;
	void (*paint)(struct canvas *c);
};

#define SCENE_COUNT 8
extern const struct scene scenes[SCENE_COUNT];

void scene_mountain_lake(struct canvas *c);
void scene_sea_sunset(struct canvas *c);
void scene_city_night(struct canvas *c);
void scene_forest(struct canvas *c);
void scene_portrait(struct canvas *c);
void scene_stadium(struct canvas *c);
void scene_plate(struct canvas *c);
void scene_desert_road(struct canvas *c);

/* Paints scene number index at width x height; ST_FAILED if Cairo says no. out->data is malloc'd. */
MUST_CHECK enum status scene_picture(int index, int width, int height, struct rng *r, struct image *out);

#endif
