#include "model/recommenders/modalities.h"

#include <math.h>
#include <string.h>

#include "common/arena.h"
#include "model/layers/linear.h"
#include "model/recommenders/id_table.h"

struct feature_want visual_want(int choice)
{
	static const struct feature_want wants[] = {{0},
	                                            {.kind = "vgg", .column = "fc7"},
	                                            {.kind = "cover", .column = "pooled"},
	                                            {.kind = "clip", .column = "image"}};
	return wants[choice];
}

struct feature_want text_want(int choice)
{
	static const struct feature_want wants[] = {
		{0}, {.kind = "bert", .column = "cls"}, {.kind = "clip", .column = "title"}};
	return wants[choice];
}

enum status categories_init(struct tensor **table, struct params *ps, const struct news_data *data, int64_t width)
{
	return layer_param(ps, "category", "weight", 2, (int64_t[]){data->categories.count + 1, width},
	                   (struct init){INIT_NORMAL, 1 / sqrt((double)width)}, table);
}

struct tensor *categories_of(struct tape *t, struct tensor *table, const struct news_data *data, const uint32_t *rows,
                             int32_t count)
{
	int32_t *category = arena_alloc(&t->arena, ((size_t)count + 1) * sizeof *category);
	for (int32_t i = 0; i < count; i++)
		category[i] = data->category[rows[i]];
	return op_embedding(t, table, category, count);
}

struct tensor *those_present(struct tape *t, struct tensor *x, const struct tensor *present, int64_t *count)
{
	const int64_t rows = tensor_rows(present);
	int32_t *row = arena_alloc(&t->arena, ((size_t)rows + 1) * sizeof *row);
	*count = 0;
	for (int64_t i = 0; i < rows; i++)
		if (present->data[i] > 0)
			row[(*count)++] = (int32_t)i;
	return op_gather_rows(t, x, row, *count);
}
