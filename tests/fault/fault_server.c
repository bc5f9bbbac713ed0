/* An HTTP server that misbehaves as it is asked to, for the tests of the crawler. On 127.0.0.1 and, where it can, on
 * ::1; a thread for each connection.
 *
 *   fault_server PICTURE    prints the port it found with "ipv6" where it is at ::1 too, then a line for each request:
 *                           milliseconds, host, target
 *
 * What it answers is in tests/support/faults.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/support/faults.h"

#define HEAD_MAX FAULTS_HEAD_MAX
#define SEEN_MAX 1024

static int port;

/* How often each target was asked for. */
static struct {
	char key[256];
	int count;
} seen[SEEN_MAX];
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static void copy_header(const char *head, const char *name, char value[256])
{
	const char *at = strcasestr(head, name);

	*value = '\0';
	if (at)
		snprintf(value, 256, "%.*s", (int)strcspn(at + strlen(name), "\r\n"), at + strlen(name));
}

static int count_target(const struct request *r)
{
	char key[256];
	int nth = 1;

	snprintf(key, sizeof key, "%.100s %.150s", r->host, r->target);
	pthread_mutex_lock(&seen_lock);
	for (size_t i = 0; i < SEEN_MAX; i++) {
		if (*seen[i].key && strcmp(seen[i].key, key) != 0)
			continue;
		memcpy(seen[i].key, key, sizeof key);
		nth = ++seen[i].count;
		break;
	}
	pthread_mutex_unlock(&seen_lock);
	return nth;
}

static void log_request(const struct request *r)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%lld %s %.200s\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, r->host, r->target);
	fflush(stdout);
}

static bool read_head(int fd, char head[HEAD_MAX])
{
	size_t n = 0;

	while (n < HEAD_MAX - 1) {
		ssize_t got = recv(fd, head + n, 1, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		head[n] = '\0';
		if (n >= 4 && strcmp(head + n - 4, "\r\n\r\n") == 0)
			return true;
	}
	return false;
}

static void *serve(void *context)
{
	struct request *r = calloc(1, sizeof *r);
	char *head = malloc(HEAD_MAX);

	if (r && head) {
		r->fd = (int)(intptr_t)context;
		r->port = port;
		while (read_head(r->fd, head) && sscanf(head, "GET %16000s ", r->target) == 1 && *r->target == '/') {
			copy_header(head, "\r\nHost: ", r->host);
			copy_header(head, "\r\nIf-None-Match: ", r->if_none_match);
			r->nth = count_target(r);
			log_request(r);
			if (!faults_respond(r))
				break;
		}
	}
	close((int)(intptr_t)context);
	free(head);
	free(r);
	return NULL;
}

static int listen_somewhere(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, 128) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return -1;
	port = ntohs(a.sin_port);
	return fd;
}

static int listen_on_ipv6(void)
{
	struct sockaddr_in6 a = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 128) != 0)
		return -1;
	return fd;
}

static void start(pthread_attr_t *detached, int fd)
{
	pthread_t thread;

	if (pthread_create(&thread, detached, serve, (void *)(intptr_t)fd) != 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct pollfd sockets[2] = {{.events = POLLIN}, {.events = POLLIN}};
	pthread_attr_t detached;

	/* Not longer than the test that it serves. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc != 2 || !faults_read_picture(argv[1]) || (sockets[0].fd = listen_somewhere()) < 0) {
		fprintf(stderr, "usage: fault_server PICTURE (%s)\n", strerror(errno));
		return 1;
	}
	sockets[1].fd = listen_on_ipv6();
	printf("%d%s\n", port, sockets[1].fd < 0 ? "" : " ipv6");
	fflush(stdout);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	while (poll(sockets, 2, -1) > 0) {
		for (int i = 0; i < 2; i++) {
			int client = sockets[i].revents ? accept(sockets[i].fd, NULL, NULL) : -1;

			if (client >= 0)
				start(&detached, client);
		}
	}
	return 0;
}
