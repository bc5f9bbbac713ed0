#include "common/fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *point; /* into the environment; NULL: no fault asked for */
	size_t length;
	atomic_long left; /* passes until death */
} fault;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A request that cannot be met would let a test of resuming pass without a death: stop at once. */
static void read_request(void)
{
	const char *text = getenv("COVERLINE_FAULT"), *colon;
	char *end;
	long n;

	if (!text || !*text)
		return;
	colon = strrchr(text, ':');
	n = colon ? strtol(colon + 1, &end, 10) : 0;
	if (!colon || colon == text || *end || n < 1) {
		fprintf(stderr, "coverline: COVERLINE_FAULT: expected POINT:N with N >= 1, found \"%s\"\n", text);
		_exit(2);
	}
	fault.length = (size_t)(colon - text);
	atomic_store(&fault.left, n);
	fault.point = text;
}

void fault_point(const char *name)
{
	pthread_once(&once, read_request);
	if (!fault.point || strlen(name) != fault.length || memcmp(name, fault.point, fault.length) != 0)
		return;
	if (atomic_fetch_sub(&fault.left, 1) == 1) {
		kill(getpid(), SIGKILL);
		for (;;)
			pause();
	}
}
