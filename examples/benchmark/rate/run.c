// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The schedule, its connections, and one epoll loop over both. */
#include "run.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "base/scope.h"

#define NS_PER_SEC	 1000000000ULL
#define EVENTS_PER_ROUND 64
#define READ_MAX	 65536

/* Free (fd is -1), idle, or with one request: connecting, then waiting for its answer. */
struct connection {
	int fd;
	bool is_busy, is_connecting;
	uint64_t number, intended_ns;	/* of its request */
	struct connection *prev, *next; /* busy: in the order of their requests */
	struct answer answer;
};

struct runner {
	const struct run_plan *plan;
	struct results *results;
	int epoll_fd;
	struct connection *connections;
	struct connection **idle, **closed; /* stacks: the last used first */
	size_t idle_count, closed_count;
	struct connection *oldest, *newest; /* of those that are busy */
	uint64_t start_ns, now_ns;
	uint64_t next;	     /* number of the first request that was not taken up */
	uint64_t end;	     /* number of requests */
	uint64_t blocked_ns; /* when no connection was free for the last time */
};

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t intended_ns(const struct runner *r, uint64_t number)
{
	return r->start_ns + number * r->plan->period_ns;
}

/* --- what became of a request ------------------------------------------------------------------
 */

static void note_failure(struct runner *r, uint64_t number, enum failure failure)
{
	if (number < r->plan->lead)
		return;
	r->results->failures[failure]++;
	if (failure == FAILURE_TIMEOUT) /* who gave up has waited at least so long */
		times_add(&r->results->latency, r->plan->timeout_ns);
}

static void note_answer(struct runner *r, const struct connection *c)
{
	int status = c->answer.status;

	r->results->all_answered++;
	if (status >= 400) {
		note_failure(r, c->number, status < 500 ? FAILURE_4XX : FAILURE_5XX);
		return;
	}
	if (c->number < r->plan->lead)
		return;
	r->results->answered++;
	times_add(&r->results->latency, r->now_ns - c->intended_ns);
}

/* --- connections -------------------------------------------------------------------------------
 */

static void busy_add(struct runner *r, struct connection *c)
{
	c->is_busy = true;
	c->next = NULL;
	c->prev = r->newest;
	if (c->prev)
		c->prev->next = c;
	else
		r->oldest = c;
	r->newest = c;
}

static void busy_remove(struct runner *r, struct connection *c)
{
	c->is_busy = false;
	if (c->prev)
		c->prev->next = c->next;
	else
		r->oldest = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		r->newest = c->prev;
}

static void idle_remove(struct runner *r, const struct connection *c)
{
	for (size_t i = 0; i < r->idle_count; i++) {
		if (r->idle[i] != c)
			continue;
		r->idle[i] = r->idle[--r->idle_count];
		return;
	}
}

static void connection_close(struct runner *r, struct connection *c)
{
	if (c->is_busy)
		busy_remove(r, c);
	else
		idle_remove(r, c);
	(void)close(c->fd);
	c->fd = -1;
	r->closed[r->closed_count++] = c;
}

static void connection_fail(struct runner *r, struct connection *c, enum failure failure)
{
	note_failure(r, c->number, failure);
	connection_close(r, c);
}

static void connection_answered(struct runner *r, struct connection *c)
{
	bool is_last = c->answer.is_last;

	note_answer(r, c);
	if (is_last) {
		connection_close(r, c);
		return;
	}
	busy_remove(r, c);
	r->idle[r->idle_count++] = c;
}

static void connection_send(struct runner *r, struct connection *c)
{
	const struct run_plan *plan = r->plan;

	answer_reset(&c->answer);
	if (send(c->fd, plan->request, plan->request_len, MSG_NOSIGNAL) !=
	    (ssize_t)plan->request_len)
		connection_fail(r, c, FAILURE_RESET);
}

/* A socket that connects; the events say when it has. */
static int connection_open(struct runner *r, struct connection *c)
{
	const struct addrinfo *address = r->plan->address;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c };
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* only slower */
	if ((connect(fd, address->ai_addr, address->ai_addrlen) && errno != EINPROGRESS) ||
	    epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	c->fd = fd;
	c->is_connecting = true;
	return 0;
}

static void connection_connected(struct runner *r, struct connection *c)
{
	socklen_t size = sizeof(int);
	int err = 0;

	c->is_connecting = false;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &size) || err)
		connection_fail(r, c, FAILURE_CONNECT);
	else
		connection_send(r, c);
}

static void connection_ended(struct runner *r, struct connection *c)
{
	if (!c->is_busy)
		connection_close(r, c);
	else if (answer_is_whole_at_end(&c->answer))
		connection_answered(r, c); /* an answer to its end is the last one */
	else
		connection_fail(r, c, FAILURE_RESET);
}

/* Edge triggered: until there is nothing more. */
static void connection_read(struct runner *r, struct connection *c)
{
	static char bytes[READ_MAX];
	ssize_t len;

	while ((len = recv(c->fd, bytes, sizeof(bytes), 0)) > 0) {
		if (!c->is_busy) {
			connection_close(r, c); /* nobody asked */
			return;
		}
		if (answer_read(&c->answer, bytes, (size_t)len)) {
			connection_fail(r, c, FAILURE_MALFORMED);
			return;
		}
		if (c->answer.part == ANSWER_DONE)
			connection_answered(r, c);
		if (c->fd < 0)
			return;
	}
	if (len == 0 || (errno != EAGAIN && errno != EINTR))
		connection_ended(r, c);
}

/* --- the schedule ------------------------------------------------------------------------------
 */

/* Gives request r->next to a connection; false when there is none. */
static bool take_up(struct runner *r)
{
	uint64_t intended = intended_ns(r, r->next);
	uint64_t free_since = intended > r->blocked_ns ? intended : r->blocked_ns;
	struct connection *c;
	bool is_open = r->idle_count > 0;

	if (!is_open && !r->closed_count)
		return false;
	c = is_open ? r->idle[--r->idle_count] : r->closed[--r->closed_count];
	c->number = r->next++;
	c->intended_ns = intended;
	if (c->number >= r->plan->lead)
		times_add(&r->results->late, r->now_ns - free_since);
	if (!is_open && connection_open(r, c)) {
		note_failure(r, c->number, FAILURE_CONNECT);
		r->closed[r->closed_count++] = c;
		return true;
	}
	busy_add(r, c);
	if (is_open)
		connection_send(r, c);
	return true;
}

static void take_up_due(struct runner *r)
{
	while (r->next < r->end && intended_ns(r, r->next) <= r->now_ns) {
		if (!take_up(r)) {
			r->blocked_ns = r->now_ns;
			return;
		}
	}
}

static void give_up_overdue(struct runner *r)
{
	uint64_t timeout_ns = r->plan->timeout_ns;

	while (r->oldest && r->oldest->intended_ns + timeout_ns <= r->now_ns)
		connection_fail(r, r->oldest, FAILURE_TIMEOUT);
	while (r->next < r->end && intended_ns(r, r->next) + timeout_ns <= r->now_ns)
		note_failure(r, r->next++, FAILURE_TIMEOUT);
}

/* When there is something to do although nothing has come. */
static uint64_t next_ns(const struct runner *r)
{
	bool has_room = r->idle_count || r->closed_count;
	uint64_t at = UINT64_MAX;

	if (r->oldest)
		at = r->oldest->intended_ns + r->plan->timeout_ns;
	if (r->next < r->end) {
		uint64_t due = intended_ns(r, r->next) + (has_room ? 0 : r->plan->timeout_ns);

		at = due < at ? due : at;
	}
	return at;
}

static int wait_events(struct runner *r)
{
	struct epoll_event events[EVENTS_PER_ROUND];
	uint64_t at = next_ns(r);
	uint64_t ns = at > r->now_ns ? at - r->now_ns : 0;
	struct timespec time = { .tv_sec = (time_t)(ns / NS_PER_SEC),
				 .tv_nsec = (long)(ns % NS_PER_SEC) };
	int count = epoll_pwait2(r->epoll_fd, events, EVENTS_PER_ROUND, &time, NULL);

	if (count < 0 && errno != EINTR)
		return -errno;
	r->now_ns = monotonic_ns();
	for (int i = 0; i < count; i++) {
		struct connection *c = events[i].data.ptr;

		if (c->fd >= 0 && c->is_connecting)
			connection_connected(r, c);
		if (c->fd >= 0 && !c->is_connecting)
			connection_read(r, c);
	}
	return 0;
}

static int serve(struct runner *r, const volatile int *is_stopped)
{
	int err = 0;

	while (!err && (r->next < r->end || r->oldest)) {
		if (*is_stopped)
			r->end = r->next;
		take_up_due(r);
		give_up_overdue(r);
		if (r->next < r->end || r->oldest)
			err = wait_events(r);
	}
	return err;
}

static void release(struct runner *r)
{
	for (uint32_t i = 0; r->connections && i < r->plan->connections; i++) {
		if (r->connections[i].fd >= 0)
			(void)close(r->connections[i].fd);
	}
	free(r->connections);
	free(r->idle);
	free(r->closed);
	closep(&r->epoll_fd);
}

static int prepare(struct runner *r)
{
	uint32_t count = r->plan->connections;

	r->connections = calloc(count, sizeof(*r->connections));
	r->idle = calloc(count, sizeof(*r->idle));
	r->closed = calloc(count, sizeof(*r->closed));
	if (!r->connections || !r->idle || !r->closed)
		return -ENOMEM;
	for (uint32_t i = count; i-- > 0;) {
		r->connections[i].fd = -1;
		r->closed[r->closed_count++] = &r->connections[i];
	}
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0)
		return -errno;
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* not to be woken 50 us late */
	return 0;
}

int run(const struct run_plan *plan, const volatile int *is_stopped, struct results *results,
	uint64_t *ret_due)
{
	struct runner r = {
		.plan = plan, .results = results, .epoll_fd = -1, .end = plan->requests
	};
	int err = prepare(&r);

	if (!err) {
		r.start_ns = monotonic_ns();
		r.now_ns = r.start_ns;
		err = serve(&r, is_stopped);
	}
	*ret_due = r.next > plan->lead ? r.next - plan->lead : 0;
	release(&r);
	return err;
}
