#include "model/recommenders/recommender.h"

#include <string.h>

extern const struct recommender_type nrms_type;
extern const struct recommender_type nrms_im_type;

const struct recommender_type *const recommender_types[] = {
	&nrms_type,
	&nrms_im_type,
	NULL,
};

const struct recommender_type *recommender_find(const char *name)
{
	for (const struct recommender_type *const *type = recommender_types; *type; type++)
		if (strcmp((*type)->name, name) == 0)
			return *type;
	return NULL;
}
