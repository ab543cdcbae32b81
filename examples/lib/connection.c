// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One client: bytes in, requests answered in order, bytes out, and a timer for each state. */
#include "server_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

void connection_close(struct connection *connection)
{
	struct server *server = connection->server;

	if (connection->state == CONNECTION_FREE)
		return;
	timers_cancel(&server->timers, &connection->timer);
	(void)close(connection->source.fd); /* leaves the epoll set with it */
	connection->source.fd = -1;
	connection->source.interest = 0;
	connection->state = CONNECTION_FREE;
	connection->next_free = server->free_list;
	server->free_list = connection;
	server->open--;
	if (server->listener.fd >= 0)
		(void)source_watch(server, &server->listener, EPOLLIN); /* room again */
}

/* Takes one read's worth of bytes. A negative errno means the connection is dead. */
static int connection_fill(struct connection *connection)
{
	size_t room = sizeof(connection->in) - connection->in_len;
	ssize_t n = recv(connection->source.fd, connection->in + connection->in_len, room, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		connection->peer_closed = true;
	connection->in_len += (size_t)n;
	return 0;
}

static int connection_flush(struct connection *connection)
{
	while (connection->out_sent < connection->out_len) {
		ssize_t n = send(connection->source.fd, connection->out + connection->out_sent,
				 connection->out_len - connection->out_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		connection->out_sent += (size_t)n;
	}
	connection->out_sent = 0;
	connection->out_len = 0;
	return 0;
}

static void connection_reply(struct connection *connection, const struct http_reply *reply)
{
	connection->out_len +=
		http_reply_write(reply, connection->closing, connection->out + connection->out_len);
}

/* Answers what is wrong with the client and lets it go. */
static void connection_refuse(struct connection *connection, int status, const char *why)
{
	struct http_reply reply = { 0 };

	http_reply_printf(&reply, status, "text/plain", "%s\n", why);
	connection->closing = true;
	connection_reply(connection, &reply);
}

/* Answers the first request in the buffer. False: none complete, or no room for its reply. */
static bool connection_serve(struct connection *connection)
{
	struct http_request request;
	struct http_reply reply;
	size_t used = 0;
	int err;

	if (connection->closing || !connection->in_len ||
	    sizeof(connection->out) - connection->out_len < HTTP_REPLY_MAX)
		return false;
	err = http_parse(connection->in, connection->in_len, &request, &used);
	if (err == -EAGAIN)
		return false;
	if (err == -E2BIG) {
		connection_refuse(connection, 431, "the request head is too long");
	} else if (err) {
		connection_refuse(connection, 400, "this is not an HTTP/1.1 request");
	} else if (request.has_body) {
		connection_refuse(connection, 413, "no route takes a body");
	} else {
		server_dispatch(connection->server, &request, &reply);
		connection->closing = !request.keep_alive || connection->server->is_draining;
		connection_reply(connection, &reply);
	}
	connection->in_len -= used;
	memmove(connection->in, connection->in + used, connection->in_len);
	return true;
}

static uint64_t state_timeout_ns(const struct connection *connection)
{
	switch (connection->state) {
	case CONNECTION_READING:
		return SERVER_READ_TIMEOUT_NS;
	case CONNECTION_WRITING:
		return SERVER_WRITE_TIMEOUT_NS;
	case CONNECTION_LINGERING:
		return SERVER_LINGER_NS;
	default:
		return connection->server->is_draining ? SERVER_DRAIN_GRACE_NS
						       : SERVER_IDLE_TIMEOUT_NS;
	}
}

static enum connection_state next_state(const struct connection *connection)
{
	if (connection->out_len)
		return CONNECTION_WRITING;
	if (connection->peer_closed)
		return CONNECTION_FREE;
	if (connection->closing)
		return CONNECTION_LINGERING;
	return connection->in_len ? CONNECTION_READING : CONNECTION_IDLE;
}

/*
 * Moves to the state that the buffers call for. The timer starts anew with the state or with a
 * request answered, not with each byte: a client that trickles a head does not stay.
 */
static void connection_settle(struct connection *connection, bool served)
{
	enum connection_state state = next_state(connection);

	if (state == CONNECTION_FREE) {
		connection_close(connection);
		return;
	}
	/* Closing with unread bytes would reset the connection and could take the reply with it. */
	if (state == CONNECTION_LINGERING && state != connection->state)
		(void)shutdown(connection->source.fd, SHUT_WR);
	if (state != connection->state || served) {
		connection->state = state;
		server_timer_start(connection->server, &connection->timer,
				   state_timeout_ns(connection));
	}
	if (source_watch(connection->server, &connection->source,
			 state == CONNECTION_WRITING ? EPOLLOUT : EPOLLIN))
		connection_close(connection);
}

/* Serves and sends until the client, in either direction, has to move. */
static void connection_work(struct connection *connection)
{
	bool served_any = false;
	bool served;

	do {
		served = false;
		while (connection_serve(connection))
			served = true;
		served_any |= served;
		if (connection_flush(connection)) {
			connection_close(connection);
			return;
		}
	} while (served && !connection->out_len);
	connection_settle(connection, served_any);
}

static void connection_ready(struct source *source)
{
	struct connection *connection = source->ctx;

	/* An event of this round may be for a connection that a timer has just closed. */
	if (connection->state == CONNECTION_FREE)
		return;
	if (connection->state == CONNECTION_LINGERING)
		connection->in_len = 0;
	if (connection->state != CONNECTION_WRITING && connection_fill(connection))
		connection_close(connection);
	else
		connection_work(connection);
}

static void connection_expired(struct timer *timer)
{
	struct connection *connection = timer->ctx;

	if (connection->state != CONNECTION_READING) {
		connection_close(connection);
		return;
	}
	connection_refuse(connection, 408, "the request head did not come in time");
	connection_work(connection);
}

void connection_drain(struct connection *connection)
{
	if (connection->state == CONNECTION_IDLE)
		server_timer_start(connection->server, &connection->timer, SERVER_DRAIN_GRACE_NS);
}

void connection_open(struct server *server, int fd)
{
	struct connection *connection = server->free_list;
	int on = 1;

	server->free_list = connection->next_free;
	server->open++;
	connection->source = (struct source){ fd, 0, connection_ready, connection };
	connection->timer = (struct timer){ .expired = connection_expired, .ctx = connection };
	connection->server = server;
	connection->state = CONNECTION_IDLE;
	connection->closing = false;
	connection->peer_closed = false;
	connection->in_len = 0;
	connection->out_len = 0;
	connection->out_sent = 0;
	/* Without it a reply may wait for an acknowledgement; it is only slower then. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection_settle(connection, true);
}
