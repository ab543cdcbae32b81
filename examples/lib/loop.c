// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One loop of an example server: listening, the clock, signals and draining. */
#include "server.h"
#include "server_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/scope.h"
#include "ledger.h"

#define EVENTS_PER_ROUND 64

int source_watch(struct server *server, struct source *source, uint32_t interest)
{
	struct epoll_event event = { .events = interest, .data.ptr = source };
	int op = EPOLL_CTL_MOD;

	if (source->interest == interest)
		return 0;
	if (!source->interest)
		op = EPOLL_CTL_ADD;
	else if (!interest)
		op = EPOLL_CTL_DEL;
	if (epoll_ctl(server->epoll_fd, op, source->fd, &event))
		return -errno;
	source->interest = interest;
	return 0;
}

/* --- time --------------------------------------------------------------------------------------
 */

unsigned int server_index(const struct server *server)
{
	return server->index;
}

void server_timer_start(struct server *server, struct timer *timer, uint64_t after_ns)
{
	timers_start(&server->timers, timer, server->now_ns + after_ns);
}

void server_timer_cancel(struct server *server, struct timer *timer)
{
	timers_cancel(&server->timers, timer);
}

/* Only ever moved forward to an earlier time: a ring too many is cheaper than a call per request.
 */
static int clock_arm(struct server *server)
{
	const struct timer *first = server->timers.first;
	struct itimerspec at = { 0 };

	if (!first || (server->armed_ns && server->armed_ns <= first->deadline_ns))
		return 0;
	at.it_value.tv_sec = (time_t)(first->deadline_ns / NS_PER_SEC);
	at.it_value.tv_nsec = (long)(first->deadline_ns % NS_PER_SEC);
	if (timerfd_settime(server->clock.fd, TFD_TIMER_ABSTIME, &at, NULL))
		return -errno;
	server->armed_ns = first->deadline_ns;
	return 0;
}

static void clock_rang(struct source *source)
{
	struct server *server = source->ctx;
	uint64_t rings;

	if (read(source->fd, &rings, sizeof(rings)) != (ssize_t)sizeof(rings))
		return;
	server->armed_ns = 0;
	timers_run(&server->timers, server->now_ns);
}

/* --- listening and draining --------------------------------------------------------------------
 */

static void accept_clients(struct source *source)
{
	struct server *server = source->ctx;

	while (server->free_list) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			connection_open(server, fd);
		else if (errno == EAGAIN)
			return;
		else if (errno != ECONNABORTED && errno != EINTR)
			break;
	}
	/* No room, or no descriptor: a connection that closes brings the listener back. */
	if (server->open)
		(void)source_watch(server, source, 0);
}

static void drain_overdue(struct timer *timer)
{
	struct server *server = timer->ctx;

	server->is_cut = true;
}

/*
 * Nobody comes into the queue any more: who would have between the last look into it and the close
 * would have connected, and be cut off. Where it cannot be had, that is a matter of microseconds.
 */
static void queue_close(int fd)
{
	struct sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &drop_all };

	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void drain_start(struct server *server)
{
	server->is_draining = true;
	queue_close(server->listener.fd);
	accept_clients(&server->listener); /* who is in the queue has connected and is served */
	(void)close(server->listener.fd);
	server->listener.fd = -1;
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		connection_drain(&server->connections[i]);
	server->drain_deadline = (struct timer){ .expired = drain_overdue, .ctx = server };
	server_timer_start(server, &server->drain_deadline, SERVER_DRAIN_DEADLINE_NS);
}

void server_tell(struct server *server)
{
	(void)eventfd_write(server->signals.fd, 1); /* fails at 2^64 of them */
}

/* A signal, or in a loop that is not the first one, its word of it. */
static void signal_came(struct source *source)
{
	struct server *server = source->ctx;
	struct signalfd_siginfo info; /* the word is shorter */

	if (read(source->fd, &info, sizeof(info)) <= 0)
		return;
	for (struct server *peer = server->next; peer && !server->index; peer = peer->next)
		server_tell(peer);
	if (server->is_draining)
		server->is_cut = true;
	else
		drain_start(server);
}

/* --- life --------------------------------------------------------------------------------------
 */

int server_listen(struct server *server, uint16_t port, uint16_t *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(at);
	int on = 1;
	int share = server->app->loop_count ? SO_REUSEPORT : SO_REUSEADDR; /* one port, all loops */

	server->listener.fd = fd; /* closed with the server, whatever happens now */
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, share, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return -errno;
	*ret_port = ntohs(at.sin_port);
	return 0;
}

/* Blocks the signals first: one that comes before the loop runs waits in the descriptor. */
static int take_signals(void)
{
	sigset_t set;

	if (sigemptyset(&set) || sigaddset(&set, SIGTERM) || sigaddset(&set, SIGINT) ||
	    sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

struct server *server_new(const struct server_app *app, unsigned int index)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	server->app = app;
	server->now_ns = wall_ns();
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->listener = (struct source){ -1, 0, accept_clients, server };
	server->index = index;
	server->signals = (struct source){ -1, 0, signal_came, server };
	server->signals.fd =
		index ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE) : take_signals();
	server->clock =
		(struct source){ timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), 0,
				 clock_rang, server };
	for (size_t i = SERVER_CONNECTIONS; i-- > 0;) {
		server->connections[i].next_free = server->free_list;
		server->free_list = &server->connections[i];
	}
	return server;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		connection_close(&server->connections[i]);
	closep(&server->listener.fd);
	closep(&server->signals.fd);
	closep(&server->clock.fd);
	closep(&server->epoll_fd);
	free(server);
}

static int server_round(struct server *server)
{
	struct epoll_event events[EVENTS_PER_ROUND];
	uint64_t began_ns;
	int count;

	if (clock_arm(server))
		return -errno;
	began_ns = wall_ns();
	count = epoll_wait(server->epoll_fd, events, EVENTS_PER_ROUND, -1);
	if (count < 0 && errno != EINTR)
		return -errno;
	server->now_ns = wall_ns();
	if (server->app->waited)
		server->app->waited(server, began_ns, server->now_ns);
	for (int i = 0; i < count; i++) {
		struct source *source = events[i].data.ptr;

		if (source->fd >= 0)
			source->ready(source);
	}
	return 0;
}

void server_run(struct server *server)
{
	int err = 0;

	if (source_watch(server, &server->listener, EPOLLIN) ||
	    source_watch(server, &server->signals, EPOLLIN) ||
	    source_watch(server, &server->clock, EPOLLIN))
		err = -errno;
	while (!err && !server->is_cut && !(server->is_draining && !server->open))
		err = server_round(server);
	if (err)
		(void)fprintf(stderr, "%s: serve: %s\n", server->app->name, strerror(-err));
	if (server->is_cut)
		(void)fprintf(stderr, "%s: ended with %u connections open\n", server->app->name,
			      server->open);
	server->status = err || server->is_cut ? EXIT_FAILURE : EXIT_SUCCESS;
}
