/* ranks.h without MPI. */
#ifndef COVERLINE_MPI

#include <stdlib.h>

#include "model/train/ranks.h"

static int launched(void)
{
	static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const char *text = getenv(sizes[i]);
		const long n = text ? strtol(text, NULL, 10) : 1;
		if (n > 1)
			return n > 1000000 ? 1000000 : (int)n;
	}
	return 1;
}

enum status ranks_start(struct ranks **r, double timeout_s)
{
	(void)timeout_s;
	*r = NULL;
	if (launched() > 1)
		return status_fail(ST_USAGE,
		                   "started as %d processes, but built without MPI: make MPI=1 builds a program that trains "
		                   "on all of them, build-mpi/bin/coverline",
		                   launched());
	return ST_OK;
}

enum status ranks_stop(struct ranks *r, enum status st)
{
	(void)r;
	return st;
}

int ranks_index(const struct ranks *r)
{
	(void)r;
	return 0;
}

int ranks_count(const struct ranks *r)
{
	(void)r;
	return 1;
}

enum status ranks_agree(struct ranks *r, enum status st)
{
	(void)r;
	return st;
}

enum status ranks_share(struct ranks *r, void *bytes, size_t n)
{
	(void)r;
	(void)bytes;
	(void)n;
	return ST_OK;
}

enum status ranks_add(struct ranks *r, double *x, int n)
{
	(void)r;
	(void)x;
	(void)n;
	return ST_OK;
}

enum status ranks_collect(struct ranks *r, int64_t x, int64_t *all)
{
	(void)r;
	all[0] = x;
	return ST_OK;
}

enum status ranks_collect_rows(struct ranks *r, const int32_t *mine, const int64_t *counts, int32_t *all)
{
	(void)r;
	for (int64_t i = 0; i < counts[0]; i++)
		all[i] = mine[i];
	return ST_OK;
}

enum status ranks_collect_reals(struct ranks *r, const real *mine, const int64_t *counts, real *all)
{
	(void)r;
	for (int64_t i = 0; i < counts[0]; i++)
		all[i] = mine[i];
	return ST_OK;
}

void ranks_add_begin(struct ranks *r, real *x, int64_t n)
{
	(void)r;
	(void)x;
	(void)n;
}

void ranks_poll(struct ranks *r)
{
	(void)r;
}

enum status ranks_finish(struct ranks *r)
{
	(void)r;
	return ST_OK;
}

double ranks_waited_s(const struct ranks *r)
{
	(void)r;
	return 0;
}

#else
typedef int ranks_alone_is_empty;
#endif
