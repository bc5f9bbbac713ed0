/* ranks.h over MPI. Every exchange is begun and then tested until it is done, so that a wait can give up, and sleeps. */
#ifdef COVERLINE_MPI

#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/log.h"
#include "model/train/ranks.h"

#define SPINS       200       /* tests of a wait before it sleeps between them */
#define NAP_NS      50000     /* as MPI moves only while it is called */
#define MESSAGE_MAX 2048      /* bytes of a failure that all ranks are told */
#define PART_MAX    (1 << 28) /* elements of one sum: MPI counts in int */
#define LATER_S     2.0       /* rank i gives up so much later than rank i - 1, so that one rank tells */

#ifdef COVERLINE_DOUBLE
#define MPI_REAL_TYPE MPI_DOUBLE
#else
#define MPI_REAL_TYPE MPI_FLOAT
#endif

struct ranks {
	MPI_Comm comm;
	int index, count;
	double timeout_s, waited_s;
	bool broken; /* can no longer meet the others */
	MPI_Request *begun;
	int begun_count, begun_size;
	enum status begun_st; /* of what could not be begun */
};

/* A launcher says so in the environment: without one, MPI_Init would start a daemon for a program that is alone. */
static bool launched(void)
{
	return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
}

static enum status mpi_fail(struct ranks *r, int code, const char *what)
{
	char text[MPI_MAX_ERROR_STRING] = "";
	int n = 0;
	r->broken = true;
	MPI_Error_string(code, text, &n);
	return status_fail(ST_FAILED, "rank %d of %d: %s: %.*s", r->index, r->count, what, n, text);
}

enum status ranks_start(struct ranks **out, double timeout_s)
{
	int given;
	*out = NULL;
	if (!launched())
		return ST_OK;
	struct ranks *r = xcalloc(1, sizeof *r);
	if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS ||
	    MPI_Comm_dup(MPI_COMM_WORLD, &r->comm) != MPI_SUCCESS) {
		free(r);
		return status_fail(ST_FAILED, "MPI did not start");
	}
	MPI_Comm_set_errhandler(r->comm, MPI_ERRORS_RETURN);
	MPI_Comm_rank(r->comm, &r->index);
	MPI_Comm_size(r->comm, &r->count);
	r->timeout_s = timeout_s;
	log_quiet(r->index > 0);
	*out = r;
	return given < MPI_THREAD_FUNNELED ? status_fail(ST_FAILED, "this MPI cannot be used beside threads") : ST_OK;
}

enum status ranks_stop(struct ranks *r, enum status st)
{
	if (!r)
		return st;
	const int index = r->index;
	free(r->begun);
	if (r->broken) {
		log_quiet(false);
		log_error("%s", status_message());
		MPI_Abort(r->comm, status_exit_code(st));
	}
	MPI_Comm_free(&r->comm);
	MPI_Finalize();
	free(r);
	return index == 0 ? st : ST_OK;
}

int ranks_index(const struct ranks *r)
{
	return r ? r->index : 0;
}

int ranks_count(const struct ranks *r)
{
	return r ? r->count : 1;
}

double ranks_waited_s(const struct ranks *r)
{
	return r ? r->waited_s : 0;
}

/* Waiting ------------------------------------------------------------------------------------------------------------- */

static enum status give_up(struct ranks *r, double seconds)
{
	r->broken = true;
	return status_fail(ST_FAILED,
	                   "rank %d of %d has waited %.0f s for the others: a process or its host is gone, or slower than "
	                   "--rank-timeout allows; the same command goes on from the last checkpoint",
	                   r->index, r->count, seconds);
}

static enum status wait_all(struct ranks *r, int n, MPI_Request *requests)
{
	const double start = now_s(), limit = r->timeout_s + LATER_S * r->index;
	for (int64_t i = 0;; i++) {
		int done = 0;
		const int code = MPI_Testall(n, requests, &done, MPI_STATUSES_IGNORE);
		const double waited = now_s() - start;
		if (code != MPI_SUCCESS)
			return mpi_fail(r, code, "lost the other ranks");
		if (done) {
			r->waited_s += waited;
			return ST_OK;
		}
		if (r->timeout_s > 0 && waited > limit)
			return give_up(r, waited);
		if (i < SPINS)
			sched_yield();
		else
			nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
	}
}

/* code is what beginning one exchange returned. */
static enum status meet(struct ranks *r, int code, MPI_Request *request)
{
	if (r->broken)
		return ST_FAILED;
	if (code != MPI_SUCCESS)
		return mpi_fail(r, code, "cannot reach the other ranks");
	return wait_all(r, 1, request);
}

/* Small things -------------------------------------------------------------------------------------------------------- */

enum status ranks_share(struct ranks *r, void *bytes, size_t n)
{
	MPI_Request request;
	if (!r || r->count == 1)
		return ST_OK;
	return meet(r, MPI_Ibcast(bytes, (int)n, MPI_BYTE, 0, r->comm, &request), &request);
}

enum status ranks_add(struct ranks *r, double *x, int n)
{
	MPI_Request request;
	if (!r || r->count == 1)
		return ST_OK;
	return meet(r, MPI_Iallreduce(MPI_IN_PLACE, x, n, MPI_DOUBLE, MPI_SUM, r->comm, &request), &request);
}

enum status ranks_collect(struct ranks *r, int64_t x, int64_t *all)
{
	MPI_Request request;
	all[0] = x;
	if (!r || r->count == 1)
		return ST_OK;
	return meet(r, MPI_Iallgather(&x, 1, MPI_INT64_T, all, 1, MPI_INT64_T, r->comm, &request), &request);
}

/* What a rank that failed tells the others: its status as a byte, then its message. */
static enum status share_failure(struct ranks *r, int who, enum status st)
{
	char text[MESSAGE_MAX] = "", host[256] = "";
	MPI_Request request;
	if (r->index == who) {
		gethostname(host, sizeof host - 1);
		text[0] = (char)(1 + (int)st);
		/* What is wrong is most often wrong for all; a rank is named where it may be its host's trouble. */
		if (who == 0)
			snprintf(text + 1, sizeof text - 1, "%s", status_message());
		else
			snprintf(text + 1, sizeof text - 1, "rank %d on %s: %s", who, host, status_message());
	}
	const enum status met = meet(r, MPI_Ibcast(text, MESSAGE_MAX, MPI_BYTE, who, r->comm, &request), &request);
	if (met != ST_OK)
		return met;
	text[MESSAGE_MAX - 1] = '\0';
	status_restore(text + 1);
	return (enum status)(text[0] - 1);
}

enum status ranks_agree(struct ranks *r, enum status st)
{
	if (!r || r->count == 1)
		return st;
	if (r->broken)
		return st == ST_OK ? ST_FAILED : st;
	int failed = st == ST_OK ? r->count : r->index, first = failed;
	MPI_Request request;
	char *message = xstrdup(status_message());
	const enum status met = meet(r, MPI_Iallreduce(&failed, &first, 1, MPI_INT, MPI_MIN, r->comm, &request), &request);
	if (met == ST_OK)
		status_restore(message);
	free(message);
	if (met != ST_OK)
		return met;
	return first == r->count ? ST_OK : share_failure(r, first, st);
}

/* Rows ---------------------------------------------------------------------------------------------------------------- */

static enum status collect(struct ranks *r, const void *mine, const int64_t *counts, MPI_Datatype type, void *all)
{
	int *count = xcalloc((size_t)r->count, sizeof *count), *at = xcalloc((size_t)r->count, sizeof *at);
	MPI_Request request;
	int64_t sum = 0;
	for (int i = 0; i < r->count; i++) {
		if (counts[i] < 0 || counts[i] > INT32_MAX - sum)
			BUG("more rows than MPI can count");
		count[i] = (int)counts[i];
		at[i] = (int)sum;
		sum += counts[i];
	}
	const enum status st =
		meet(r, MPI_Iallgatherv(mine, count[r->index], type, all, count, at, type, r->comm, &request), &request);
	free(count);
	free(at);
	return st;
}

enum status ranks_collect_rows(struct ranks *r, const int32_t *mine, const int64_t *counts, int32_t *all)
{
	return collect(r, mine, counts, MPI_INT32_T, all);
}

enum status ranks_collect_reals(struct ranks *r, const real *mine, const int64_t *counts, real *all)
{
	return collect(r, mine, counts, MPI_REAL_TYPE, all);
}

/* Sums ---------------------------------------------------------------------------------------------------------------- */

static void begin_part(struct ranks *r, real *x, int n)
{
	if (r->begun_count == r->begun_size) {
		r->begun_size = r->begun_size ? r->begun_size * 2 : 16;
		r->begun = xrealloc(r->begun, (size_t)r->begun_size, sizeof *r->begun);
	}
	const int code = MPI_Iallreduce(MPI_IN_PLACE, x, n, MPI_REAL_TYPE, MPI_SUM, r->comm, &r->begun[r->begun_count]);
	if (code == MPI_SUCCESS)
		r->begun_count++;
	else
		r->begun_st = mpi_fail(r, code, "cannot reach the other ranks");
}

void ranks_add_begin(struct ranks *r, real *x, int64_t n)
{
	if (!r || r->count == 1)
		return;
	for (int64_t at = 0; at < n && !r->broken; at += PART_MAX)
		begin_part(r, x + at, (int)(n - at < PART_MAX ? n - at : PART_MAX));
}

void ranks_poll(struct ranks *r)
{
	int done;
	if (r && r->begun_count && !r->broken)
		(void)MPI_Testall(r->begun_count, r->begun, &done, MPI_STATUSES_IGNORE);
}

enum status ranks_finish(struct ranks *r)
{
	if (!r || r->count == 1)
		return ST_OK;
	if (r->begun_st != ST_OK || r->broken)
		return ST_FAILED;
	const int n = r->begun_count;
	r->begun_count = 0;
	return wait_all(r, n, r->begun);
}

#else
typedef int ranks_mpi_is_empty;
#endif
