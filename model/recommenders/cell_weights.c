#include "model/recommenders/cell_weights.h"

#include <string.h>

const real **cell_weights_next(struct cell_weights *w, const struct recommender *r)
{
	return r->watch ? &w->weights[w->cells++] : NULL;
}

static int64_t block_size(const struct segments *rows, const struct segments *columns, int32_t s)
{
	return (int64_t)(columns->offset[s + 1] - columns->offset[s]) * (rows ? rows->offset[s + 1] - rows->offset[s] : 1);
}

/* Segment by segment the cells' blocks, of rows x columns (rows NULL: one), one after another. */
static const real *by_segment(const struct cell_weights *w, struct tape *t, const struct segments *rows,
                              const struct segments *columns)
{
	int64_t size = 0, at = 0;
	for (int32_t s = 0; s < columns->count; s++)
		size += w->cells * block_size(rows, columns, s);
	real *all = arena_alloc(&t->arena, (size_t)size * sizeof *all + 1);
	for (int32_t s = 0; s < columns->count; s++) {
		const int64_t n = block_size(rows, columns, s);
		for (int i = 0; n && i < w->cells; i++)
			memcpy(all + w->cells * at + i * n, w->weights[i] + at, (size_t)n * sizeof *all);
		at += n;
	}
	return all;
}

void cell_weights_of_words(const struct cell_weights *w, const struct recommender *r, struct tape *t,
                           enum watch_axis words, const struct segments *of_news)
{
	if (w->cells == 0 || tape_status(t) != ST_OK)
		return;
	recommender_watch(r, &(struct watched){.name = "cell-word",
	                                       .unit = WATCH_NEWS,
	                                       .row = WATCH_NUMBERS,
	                                       .column = words,
	                                       .heads = 1,
	                                       .rows = tape_segments(t, of_news->count, w->cells),
	                                       .columns = of_news,
	                                       .weights = by_segment(w, t, NULL, of_news)});
}

void cell_weights_of_clicks(const struct cell_weights *w, const struct recommender *r, struct tape *t,
                            const struct impressions *m)
{
	if (w->cells == 0 || tape_status(t) != ST_OK)
		return;
	watch_candidate_clicks(r, m, w->cells, by_segment(w, t, &m->candidates, &m->clicks));
}
