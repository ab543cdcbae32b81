// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The client's side of HTTP, of the upgrade to a WebSocket and of the session. */
#include "host/inspector.h"

#include "base/scope.h"
#include "host/clock.h"
#include "host/net_namespace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define ANSWER_NS   (10 * NS_PER_S)
#define READ_BYTES  65536
#define REQUEST_MAX 1024
#define SWITCHING   101

/*
 * The key of the handshake and the answer that proves a WebSocket server (RFC 6455, 1.3). That the
 * key should differ each time is for caches in between, and here nothing is in between.
 */
#define HANDSHAKE_KEY	 "dGhlIHNhbXBsZSBub25jZQ=="
#define HANDSHAKE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

void inspector_done(struct inspector *i)
{
	if (i->fd > 0)
		(void)close(i->fd);
	i->fd = 0;
	ws_reader_done(&i->reader);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static int take_signal(struct inspector *i)
{
	struct signalfd_siginfo info;

	if (read(i->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return -EIO;
	return ++i->signals > 1 ? -ECANCELED : -EINTR;
}

int inspector_wait(struct inspector *i, int fd, uint64_t timeout_ns)
{
	struct pollfd polled[] = { { .fd = fd, .events = POLLIN },
				   { .fd = i->signal_fd, .events = POLLIN },
				   { .fd = i->target->pidfd, .events = POLLIN } };
	uint64_t end = timeout_ns ? clock_monotonic_ns() + timeout_ns : 0;

	for (;;) {
		uint64_t now = clock_monotonic_ns();
		uint64_t left = end > now ? (end - now) / NS_PER_MS + 1 : 0;
		int n = poll(polled, 3, !end ? -1 : left > INT32_MAX ? INT32_MAX : (int)left);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && polled[1].revents)
			return take_signal(i);
		if (n > 0 && polled[0].revents)
			return 0; /* before the end of the process: it may have said its last */
		if (n > 0 && polled[2].revents)
			return -ESRCH;
		if (n == 0 && end && clock_monotonic_ns() >= end)
			return -ETIME;
	}
}

/* Some bytes to @buf, once there are any. As inspector_wait. */
static int receive_some(struct inspector *i, uint64_t timeout_ns, uint8_t *buf, size_t *ret_len)
{
	int err = inspector_wait(i, i->fd, timeout_ns);
	ssize_t n = err ? 0 : recv(i->fd, buf, READ_BYTES, 0);

	if (err)
		return err;
	if (n > 0) {
		*ret_len = (size_t)n;
		return 0;
	}
	/* Was it the session or the process that has ended? The socket is closed a bit earlier. */
	err = inspector_wait(i, -1, NS_PER_S);
	return err == -ETIME ? -ECONNRESET : err;
}

static int send_all(int fd, const void *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(fd, (const char *)buf + done, len - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return errno == EPIPE ? -ECONNRESET : -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

/* --- the way in ------------------------------------------------------------------------------- */

static int connect_to(struct inspector *i, const struct listener *at)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(at->port),
				  .sin_addr.s_addr =
					  at->address ? at->address : htonl(INADDR_LOOPBACK) };
	int fd = net_namespace_socket(i->target);

	if (fd < 0)
		return fd;
	i->fd = fd; /* ends with the session */
	return connect(fd, (const struct sockaddr *)&to, sizeof(to)) ? -errno : 0;
}

/* The answer to @request; what comes behind it goes to the reader of messages. */
static int exchange(struct inspector *i, const char *request, struct http_answer *ret,
		    uint8_t *room)
{
	struct bytes got = { room, 0 };
	int err = send_all(i->fd, request, strlen(request));

	while (!err) {
		size_t len = 0;

		err = receive_some(i, ANSWER_NS, room + got.len, &len);
		got.len += len;
		if (err == -EINTR) { /* it is short */
			err = 0;
			continue;
		}
		if (err)
			break;
		err = http_answer_read(got, ret);
		if (err != -EAGAIN)
			break;
		err = got.len > CDP_HTTP_MAX ? -E2BIG : 0;
	}
	if (!err) {
		size_t used = ret->head.len + 4 + ret->body.len;

		err = ws_reader_feed(&i->reader, (struct bytes){ room + used, got.len - used });
	}
	return err == -ECONNRESET || err == -E2BIG ? -EBADMSG : err;
}

static int ask_target(struct inspector *i, const struct listener *at, char id[CDP_ID_MAX],
		      uint8_t *room)
{
	struct http_answer answer = { 0 };
	char request[REQUEST_MAX];
	int err = connect_to(i, at);

	(void)snprintf(request, sizeof(request),
		       "GET /json/list HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", at->port);
	if (!err)
		err = exchange(i, request, &answer, room);
	if (!err)
		err = answer.status == 200 ? cdp_target_read(answer.body, id) : -EBADMSG;
	inspector_done(i);
	return err;
}

static bool is_accepted(const struct http_answer *a)
{
	struct bytes accept = http_header(a->head, "Sec-WebSocket-Accept");

	return a->status == SWITCHING && accept.len == strlen(HANDSHAKE_ACCEPT) &&
	       memcmp(accept.at, HANDSHAKE_ACCEPT, accept.len) == 0;
}

int inspector_open(struct inspector *i, const struct listener *at)
{
	_release_(freep) uint8_t *room = malloc(CDP_HTTP_MAX + READ_BYTES);
	char request[REQUEST_MAX], id[CDP_ID_MAX];
	struct http_answer answer = { 0 };
	int err = room ? ask_target(i, at, id, room) : -ENOMEM;

	if (err)
		return err;
	err = connect_to(i, at);
	(void)snprintf(request, sizeof(request),
		       "GET /%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
		       "Connection: Upgrade\r\nSec-WebSocket-Key: " HANDSHAKE_KEY "\r\n"
		       "Sec-WebSocket-Version: 13\r\n\r\n",
		       id, at->port);
	if (!err)
		err = exchange(i, request, &answer, room);
	if (!err && !is_accepted(&answer))
		err = -EBADMSG;
	if (err)
		inspector_done(i);
	return err;
}

/* --- the session ------------------------------------------------------------------------------ */

static int send_frame(struct inspector *i, enum ws_opcode opcode, struct bytes payload)
{
	uint8_t frame[WS_HEAD_MAX + REQUEST_MAX], mask[4];

	if (payload.len > REQUEST_MAX)
		return -E2BIG;
	if (getrandom(mask, sizeof(mask), 0) != (ssize_t)sizeof(mask))
		return -EIO;
	return send_all(i->fd, frame, ws_frame_write(opcode, payload, mask, frame));
}

int inspector_ask(struct inspector *i, const char *method, const char *params, uint64_t *ret_id)
{
	char text[REQUEST_MAX];
	int len = snprintf(text, sizeof(text), "{\"id\":%ju,\"method\":\"%s\",\"params\":%s}",
			   (uintmax_t)++i->last_id, method, params);

	*ret_id = i->last_id;
	if (len < 0 || len >= (int)sizeof(text))
		return -E2BIG;
	return send_frame(i, WS_TEXT, (struct bytes){ (const uint8_t *)text, (size_t)len });
}

/* 1: it was a message of the protocol; 0: look for the next one; -errno. */
static int handle(struct inspector *i, const struct ws_message *m, struct cdp_message *ret)
{
	int err;

	switch (m->opcode) {
	case WS_PING:
		return send_frame(i, WS_PONG, m->payload);
	case WS_CLOSE:
		return -ECONNRESET;
	case WS_TEXT:
		err = cdp_message_read(m->payload, ret);
		return err ? err : 1;
	default:
		return 0;
	}
}

int inspector_receive(struct inspector *i, uint64_t timeout_ns, struct cdp_message *ret)
{
	_release_(freep) uint8_t *buf = malloc(READ_BYTES);
	int got = 0;

	if (!buf)
		return -ENOMEM;
	while (got == 0) {
		struct ws_message m;
		size_t len = 0;

		got = ws_reader_next(&i->reader, &m);
		if (got > 0)
			got = handle(i, &m, ret);
		else if (got == 0)
			got = receive_some(i, timeout_ns, buf, &len);
		if (got == 0 && len)
			got = ws_reader_feed(&i->reader, (struct bytes){ buf, len });
	}
	return got > 0 ? 0 : got;
}
