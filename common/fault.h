/* Deaths on request, for the tests of resuming.
 *
 * COVERLINE_FAULT=POINT:N kills the process with SIGKILL when POINT is passed for the N-th time (N >= 1).
 * Points are named STAGE.EVENT ("crawl.item", "shard.commit") and stand where an interruption could hurt:
 * between two writes, before a rename, after a ledger row. Without the variable a point costs one load. */
#ifndef COVERLINE_COMMON_FAULT_H
#define COVERLINE_COMMON_FAULT_H

void fault_point(const char *name);

#endif
