/* What a score is made of: how much it falls without one click, or without one part of the candidate. Of any recommender, as
 * nothing but its scores is looked at. */
#ifndef COVERLINE_MODEL_TRAIN_EXPLAIN_H
#define COVERLINE_MODEL_TRAIN_EXPLAIN_H

#include "common/status.h"
#include "model/train/scorer.h"

/* fall[i] is the score of the candidate less its score without click i. Clicks, all of which are read, and candidate
 * are encoded in s. */
MUST_CHECK enum status explain_clicks(struct scorer *s, const struct reader *who, uint32_t candidate, real *fall);
/* fall[p], for each bit p of enum news_part, is the score less the score of the candidate without that part; its clicks
 * keep theirs. data is the one that s reads. */
MUST_CHECK enum status explain_parts(struct scorer *s, struct news_data *data, const struct reader *who,
                                     uint32_t candidate, real fall[NEWS_PARTS]);

#endif
