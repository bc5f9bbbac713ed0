/* Training, as a walk through states that a checkpoint holds:
 *
 *   step      trainer.c: train_step, then step + 1
 *   validate  trainer.c: judge, once a step that is due (is_due); best.h5 if the AUC is the highest so far
 *
 * Everything that a step does is a function of (parameters, moments, step, seed), so a run that was killed and started
 * again ends with the bytes of one that was not: best.h5, checkpoint.h5 and log.jsonl, which holds no wall time and is
 * cut back to the checkpoint it goes on from. */
#ifndef COVERLINE_MODEL_TRAIN_TRAINER_H
#define COVERLINE_MODEL_TRAIN_TRAINER_H

#include "common/status.h"
#include "model/train/ranks.h"
#include "model/train/settings.h"

/* Trains r on DATA into RUN (made if need be), or goes on with what RUN holds; does nothing if that is finished.
 * ST_USAGE if RUN holds a run of another configuration, ST_FAILED if the loss is not finite, ST_INTERRUPTED after a signal,
 * with a checkpoint made.
 *
 * With several ranks (NULL: one that is alone) all call this with the same arguments. train.batch is the step's, of
 * which each has a share; rank 0 validates and writes. A run may go on with another number of ranks: its steps are the
 * same but for rounding, and for dropout unless train.slices is a multiple of both numbers. */
MUST_CHECK enum status train_run(const char *data, const char *run, const struct settings *s, struct recommender *r,
                                 struct ranks *ranks);

/* A file of the settings: itself if it is absolute, else in data. The caller frees. */
char *data_path(const char *data, const char *path);
/* sha256 of DATA/catalog.tsv. */
MUST_CHECK enum status catalogue_digest(const char *data, char hex[65]);

#endif
