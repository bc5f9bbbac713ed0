/* The processes that train one model together: MPI's ranks where the program was built with it (make MPI=1) and started by a
 * launcher, else one that is alone. Nothing else knows of MPI.
 *
 * All ranks make the same calls in the same order. A rank that fails on its own tells the others at the next ranks_agree, and
 * all of them end with its message, which rank 0 prints. A rank that dies or whose host is cut off says nothing: the launcher
 * ends the job, or whoever waits for it longer than the timeout does. Ranks that wait let others have the processor. */
#ifndef COVERLINE_MODEL_TRAIN_RANKS_H
#define COVERLINE_MODEL_TRAIN_RANKS_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "model/tensor/tensor.h"

struct ranks;

#define RANKS_TIMEOUT_S 1800 /* usual */

/* After cli_parse. Ranks other than 0 log nothing from here on. ST_USAGE if a launcher started several processes of a program
 * that knows no MPI: each would train alone, into the same folder. timeout_s: 0 for none. */
MUST_CHECK enum status ranks_start(struct ranks **r, double timeout_s);
/* st is what the ranks have agreed on; returns what this process ends with. Of a failure that is rank 0 alone: a launcher kills the
 * rest at the first exit code that is not 0, and rank 0 has yet to tell. Ends the other ranks too if this one can no longer meet
 * them. Accepts NULL. */
MUST_CHECK enum status ranks_stop(struct ranks *r, enum status st);

int ranks_index(const struct ranks *r); /* NULL is one that is alone */
int ranks_count(const struct ranks *r);

/* ST_OK if st is on all ranks; else the status of the lowest rank that failed, and its message, on all. */
MUST_CHECK enum status ranks_agree(struct ranks *r, enum status st);
/* n bytes of rank 0's to all. */
MUST_CHECK enum status ranks_share(struct ranks *r, void *bytes, size_t n);
/* x[i] becomes its sum over ranks: the same bits on all. */
MUST_CHECK enum status ranks_add(struct ranks *r, double *x, int n);
/* all [count of ranks] gets each rank's x. */
MUST_CHECK enum status ranks_collect(struct ranks *r, int64_t x, int64_t *all);
/* Each rank's elements, one rank's behind the other's: counts [ranks] as ranks_collect gave them. */
MUST_CHECK enum status ranks_collect_rows(struct ranks *r, const int32_t *mine, const int64_t *counts, int32_t *all);
MUST_CHECK enum status ranks_collect_reals(struct ranks *r, const real *mine, const int64_t *counts, real *all);

/* Starts adding up x over ranks, in place; x is the sum after ranks_finish, the same bits on all. For a number of
 * ranks, the order of additions is always the same. */
void ranks_add_begin(struct ranks *r, real *x, int64_t n);
/* Moves on with what was begun; cheap. */
void ranks_poll(struct ranks *r);
/* Waits for all that was begun. */
MUST_CHECK enum status ranks_finish(struct ranks *r);
/* Seconds that this rank has waited for others. */
double ranks_waited_s(const struct ranks *r);

#endif
