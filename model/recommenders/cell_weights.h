/* What RMBERT's cells weigh words and clicks by, put together for who watches. */
#ifndef COVERLINE_MODEL_RECOMMENDERS_CELL_WEIGHTS_H
#define COVERLINE_MODEL_RECOMMENDERS_CELL_WEIGHTS_H

#include "model/recommenders/recommender.h"

enum { CELLS_MAX = 8 };

/* A cell's weights: for each segment, a news or an impression, a block. Zero-initialise. */
struct cell_weights {
	const real *weights[CELLS_MAX];
	int cells;
};

/* Where the next cell's weights go; NULL if nobody watches r. */
const real **cell_weights_next(struct cell_weights *w, const struct recommender *r);
/* Offers "cell-word", for each news a row a cell; words: what the columns are labelled by. Nothing if nobody watches. */
void cell_weights_of_words(const struct cell_weights *w, const struct recommender *r, struct tape *t,
                           enum watch_axis words, const struct segments *of_news);
/* Offers "candidate-click", a head a cell. Nothing if nobody watches, or there are no cells. */
void cell_weights_of_clicks(const struct cell_weights *w, const struct recommender *r, struct tape *t,
                            const struct impressions *m);

#endif
