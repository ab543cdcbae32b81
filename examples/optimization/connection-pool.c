// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls to other servers: an HTTP one, of its own, in a thread, and Redis. /slow/... connects for
 * each call, /fast/... keeps the connection. One thread makes one call at a time, so a pool of one
 * is all it needs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/scope.h"
#include "ledger.h"
#include "redis_link.h"
#include "server.h"
#include "site.h"
#include "upstream.h"

#define ANSWER	     "the answer of the server behind"
#define ANSWER_BYTES 64
#define KEY	     "connection-pool:answer"
#define HTTP_WAIT_MS 1000

enum entry {
	ENTRY_HTTP_SLOW,
	ENTRY_HTTP_FAST,
	ENTRY_REDIS_SLOW,
	ENTRY_REDIS_FAST,
	ENTRIES,
};

static struct ledger_entry ledger[ENTRIES] = {
	[ENTRY_HTTP_SLOW] = { .function = "http_get_anew", .route = "/slow/http" },
	[ENTRY_HTTP_FAST] = { .function = "http_get_kept", .route = "/fast/http" },
	[ENTRY_REDIS_SLOW] = { .function = "redis_get_anew", .route = "/slow/redis" },
	[ENTRY_REDIS_FAST] = { .function = "redis_get_kept", .route = "/fast/redis" },
};

static uint64_t http_connects;
static uint16_t upstream_port;
static int kept_http = -1;

static bool has_redis;
static struct redis_address address;
static struct redis_link anew, kept; /* two breakers: each route fails by itself */

/* --- HTTP --------------------------------------------------------------------------------------
 */

static int http_connect(int *ret_fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(upstream_port) };
	struct timeval wait = { .tv_sec = HTTP_WAIT_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    connect(fd, (struct sockaddr *)&at, sizeof(at))) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	http_connects++;
	*ret_fd = fd;
	return 0;
}

/* Until the body is as long as ANSWER: the server behind is our own, its answer is known. */
static int http_read(int fd, char ret_body[ANSWER_BYTES])
{
	char reply[512];
	size_t have = 0;
	const char *body;

	do {
		ssize_t n = recv(fd, reply + have, sizeof(reply) - 1 - have, 0);

		if (n <= 0)
			return n ? -errno : -EPIPE;
		have += (size_t)n;
		reply[have] = '\0';
		body = strstr(reply, "\r\n\r\n");
	} while ((!body || strlen(body + 4) < sizeof(ANSWER) - 1) && have < sizeof(reply) - 1);
	if (strncmp(reply, "HTTP/1.1 200 ", 13) != 0 || !body)
		return -EPROTO;
	(void)snprintf(ret_body, ANSWER_BYTES, "%.*s", (int)sizeof(ANSWER) - 1, body + 4);
	return 0;
}

static int http_ask(int fd, const char *connection, char ret_body[ANSWER_BYTES])
{
	char request[128];
	int len = snprintf(request, sizeof(request),
			   "GET /answer HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n",
			   connection);

	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		return errno ? -errno : -EPIPE;
	return http_read(fd, ret_body);
}

TRUTH_SITE static int http_get_anew(char ret_body[ANSWER_BYTES])
{
	_release_(closep) int fd = -1;
	int err = http_connect(&fd);

	return err ? err : http_ask(fd, "close", ret_body);
}

/* A kept connection that the other side has closed meanwhile is no failure: one more attempt. */
TRUTH_SITE static int http_get_kept(char ret_body[ANSWER_BYTES])
{
	bool was_kept = kept_http >= 0;
	int err = was_kept ? 0 : http_connect(&kept_http);

	if (!err)
		err = http_ask(kept_http, "keep-alive", ret_body);
	if (!err)
		return 0;
	closep(&kept_http);
	kept_http = -1;
	if (!was_kept)
		return err;
	err = http_connect(&kept_http);
	return err ? err : http_ask(kept_http, "keep-alive", ret_body);
}

/* --- Redis -------------------------------------------------------------------------------------
 */

static int redis_get(struct redis_link *link, char ret_body[ANSWER_BYTES])
{
	redisReply *reply;
	bool is_set;

	if (!has_redis)
		return -ENOTCONN;
	reply = redis_link_ask(link, 2, (const char *[]){ "GET", KEY });
	if (!reply)
		return -EHOSTDOWN;
	is_set = reply->type == REDIS_REPLY_STRING;
	(void)snprintf(ret_body, ANSWER_BYTES, "%s", is_set ? reply->str : ANSWER);
	freeReplyObject(reply);
	if (is_set)
		return 0;
	/* The first to come here; when it fails another one will. */
	reply = redis_link_ask(link, 3, (const char *[]){ "SET", KEY, ANSWER });
	if (reply)
		freeReplyObject(reply);
	return 0;
}

TRUTH_SITE static int redis_get_anew(char ret_body[ANSWER_BYTES])
{
	int err = redis_get(&anew, ret_body);

	redis_link_done(&anew);
	return err;
}

TRUTH_SITE static int redis_get_kept(char ret_body[ANSWER_BYTES])
{
	return redis_get(&kept, ret_body);
}

/* --- routes ------------------------------------------------------------------------------------
 */

static void answer(struct exchange *exchange, enum entry entry,
		   int (*get)(char ret_body[ANSWER_BYTES]))
{
	struct stopwatch started = stopwatch_start();
	char body[ANSWER_BYTES];
	int err = get(body);

	ledger_add(&ledger[entry], &started);
	if (err == -ENOTCONN)
		http_reply_printf(exchange->reply, 503, "text/plain",
				  "no Redis: start with --redis HOST:PORT\n");
	else if (err == -EHOSTDOWN)
		http_reply_printf(exchange->reply, 503, "text/plain", "Redis is away\n");
	else if (err)
		http_reply_printf(exchange->reply, 503, "text/plain", "%s\n", strerror(-err));
	else
		http_reply_printf(exchange->reply, 200, "text/plain", "%s\n", body);
}

static void slow_http_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_HTTP_SLOW, http_get_anew);
}

static void fast_http_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_HTTP_FAST, http_get_kept);
}

static void slow_redis_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_REDIS_SLOW, redis_get_anew);
}

static void fast_redis_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_REDIS_FAST, redis_get_kept);
}

static void print_truth(FILE *out)
{
	(void)fputs("{\"routes\":", out);
	ledger_print(ledger, ENTRIES, out);
	(void)fprintf(out, ",\"connects\":{\"http\":%" PRIu64 ",\"redis\":%" PRIu64 "}}\n",
		      http_connects, anew.connects + kept.connects);
}

/* --- life --------------------------------------------------------------------------------------
 */

static void answer_route(struct exchange *exchange)
{
	http_reply_printf(exchange->reply, 200, "text/plain", ANSWER);
}

static int start(struct server *server)
{
	static const struct server_route behind_routes[] = { { "GET", "/answer", answer_route } };
	static const struct server_app behind = {
		.name = "connection-pool: server behind",
		.routes = behind_routes,
		.route_count = 1,
	};
	int err = upstream_start(&behind, &upstream_port);

	(void)server;
	redis_link_init(&anew, &address);
	redis_link_init(&kept, &address);
	if (err)
		(void)fprintf(stderr, "connection-pool: the server behind: %s\n", strerror(-err));
	return err;
}

static void report(FILE *out)
{
	closep(&kept_http);
	redis_link_done(&kept);
	upstream_stop();
	print_truth(out);
}

static int set_redis(const char *value)
{
	has_redis = true;
	return redis_address_parse(value, &address);
}

static const struct server_route routes[] = {
	{ "GET", "/slow/http", slow_http_route },
	{ "GET", "/fast/http", fast_http_route },
	{ "GET", "/slow/redis", slow_redis_route },
	{ "GET", "/fast/redis", fast_redis_route },
};

static const struct server_option options[] = {
	{ "redis", "HOST:PORT", "where Redis is (default: none)", set_redis },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "connection-pool",
		.summary =
			"Calls that connect anew (/slow/...), calls on kept connections (/fast/...).",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.start = start,
		.truth = print_truth,
		.report = report,
	};

	return server_main(&app, argc, argv);
}
