// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A name server for each loop, on 127.0.0.1, that knows no name and says so when asked to: what
 * getaddrinfo waits for needs no network. Its thread waits in recvfrom, and is no event loop.
 */
#include "stalls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ledger.h"
#include "pause.h"
#include "server.h"
#include "site.h"

#define NAME		  "slow.invalid." /* of a domain that is never given (RFC 2606) */
#define MESSAGE_MAX	  512
#define HEADER_BYTES	  12
#define QUESTION_TAIL	  4 /* type and class, behind the name */
#define FLAGS_HIGH_REPLY  0x80
#define FLAGS_LOW_NO_NAME 0x83 /* recursion available, NXDOMAIN */

struct name_server {
	int fd;
	struct sockaddr_in at;
	pthread_t thread;
	_Atomic uint64_t delay_ns;
	_Atomic uint64_t asked_ns;    /* when the question came */
	_Atomic uint64_t answered_ns; /* just before the answer left */
};

static struct name_server name_servers[SERVER_LOOPS_MAX];

/* The length of the header and the first question, the rest is left out; 0: it is no question. */
static size_t question_length(const unsigned char *message, size_t len)
{
	size_t at = HEADER_BYTES;

	while (at < len && message[at])
		at += message[at] + 1U;
	at += 1 + QUESTION_TAIL;
	return at <= len ? at : 0;
}

/* Turns a question into the answer that there is no such name. */
static void make_answer(unsigned char *message)
{
	message[2] |= FLAGS_HIGH_REPLY;
	message[3] = FLAGS_LOW_NO_NAME;
	for (size_t i = 6; i < HEADER_BYTES; i++)
		message[i] = 0; /* counts of records */
}

static void *name_server_main(void *ctx)
{
	struct name_server *server = ctx;
	unsigned char message[MESSAGE_MAX];
	struct sockaddr_in from;

	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(server->fd, message, sizeof(message), 0,
				     (struct sockaddr *)&from, &from_len);
		size_t len = n > 0 ? question_length(message, (size_t)n) : 0;

		if (n <= 0 && errno != EINTR)
			return NULL; /* it was shut down */
		if (!len)
			continue;
		server->asked_ns = wall_ns();
		pause_ns(server->delay_ns);
		make_answer(message);
		server->answered_ns = wall_ns();
		/* If it is lost, the resolver asks again. */
		(void)sendto(server->fd, message, len, 0, (struct sockaddr *)&from, from_len);
	}
}

int resolve_start(unsigned int loop)
{
	struct name_server *server = &name_servers[loop];
	socklen_t len = sizeof(server->at);
	int err;

	server->at = (struct sockaddr_in){ .sin_family = AF_INET };
	server->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&server->at, len) ||
	    getsockname(server->fd, (struct sockaddr *)&server->at, &len))
		return -errno;
	err = pthread_create(&server->thread, NULL, name_server_main, server);
	if (err)
		return -err;
	(void)pthread_setname_np(server->thread, "name-server"); /* for the reader only */
	return 0;
}

void resolve_stop(unsigned int loop)
{
	struct name_server *server = &name_servers[loop];

	(void)shutdown(server->fd, SHUT_RDWR); /* says ENOTCONN, and wakes it all the same */
	(void)pthread_join(server->thread, NULL);
	(void)close(server->fd);
}

/* The resolver's state is the thread's own. */
static int ask_only(const struct name_server *server)
{
	static _Thread_local bool is_done;

	if (is_done)
		return 0;
	if (res_init())
		return -errno;
	_res.nscount = 1;
	_res.nsaddr_list[0] = server->at;
	is_done = true;
	return 0;
}

/* -ENOTSUP where the system resolves names without asking a name server. */
TRUTH_SITE int stall_resolving(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	struct name_server *server = &name_servers[loop];
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	uint64_t before_ns = server->answered_ns;
	int err = ask_only(server);

	if (err)
		return err;
	server->delay_ns = ns;
	if (getaddrinfo(NAME, NULL, &hints, &found) == 0)
		freeaddrinfo(found);
	if (server->answered_ns == before_ns)
		return -ENOTSUP;
	*ret_slept_ns = server->answered_ns - server->asked_ns;
	return 0;
}
