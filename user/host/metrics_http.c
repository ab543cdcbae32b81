// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libmicrohttpd without threads inside our loop. Connections are accepted here, so that a newcomer
 * can take the place of one that only waits.
 */
#include "host/metrics_http.h"

#include "host/log.h"
#include "host/metrics_state.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES	 (16u << 10) /* of memory for one: headers, and answer's */
#define IDLE_SECONDS	 15u /* a second guard: a tick ends them after METRICS_SLOT_LIFE_NS */
#define ACCEPTS_AT_ONCE	 16
#define RUNS_AT_ONCE	 64
#define TLS_PRIORITIES	 "SECURE128:-RSA:%SERVER_PRECEDENCE:-VERS-ALL:+VERS-TLS1.3"
#define TLS_ALSO_VERSION ":+VERS-TLS1.2"

/* --- connections --------------------------------------------------------------------------------
 */

/* 0: the client's certificate is one of ours, good for a client. One that must be there and is not
 * has been refused by GnuTLS before. */
static int verify_client(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	unsigned int status = 0, count = 0;
	int err;

	if (!gnutls_certificate_get_peers(session, &count) || count == 0)
		return 0;
	err = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
	return err < 0 || status ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

static void demand_certificate(const struct metrics_http *h, struct MHD_Connection *connection)
{
	static const gnutls_certificate_request_t requests[] = {
		[WEB_CLIENT_NONE] = GNUTLS_CERT_IGNORE,
		[WEB_CLIENT_IF_GIVEN] = GNUTLS_CERT_REQUEST,
		[WEB_CLIENT_REQUIRED] = GNUTLS_CERT_REQUIRE,
	};
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_session_t session = info->tls_session;

	gnutls_certificate_server_set_request(session, requests[h->o->web->settings.client_auth]);
	gnutls_session_set_verify_function(session, verify_client);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **slot_ctx,
			  enum MHD_ConnectionNotificationCode what)
{
	struct metrics_http *h = ctx;
	const union MHD_ConnectionInfo *info;
	struct sockaddr_storage address = { 0 };
	struct in6_addr client;
	struct metrics_slot *slot = *slot_ctx;
	int fd;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (slot)
			metrics_slot_release(slot);
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	memcpy(&address, info->client_addr,
	       info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							: sizeof(struct sockaddr_in));
	client = metrics_slots_client(&address);
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	fd = info->connect_fd;
	slot = metrics_slots_take(&h->slots, fd, &client, clock_monotonic_ns());
	if (!slot) { /* on_listen made room before */
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	*slot_ctx = slot;
	h->requests[slot - h->slots.at] = (struct request){ .connection = connection };
	if (h->o->web && h->o->web->settings.cert_file)
		demand_certificate(h, connection);
}

static void run_daemon(struct metrics_http *h)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

	for (int i = 0; i < RUNS_AT_ONCE; i++) {
		(void)MHD_run(h->daemon);
		if (MHD_get_timeout(h->daemon, &timeout_ms) != MHD_YES || timeout_ms > 0)
			return;
	}
}

static void send_away(struct metrics_http *h, int index)
{
	struct metrics_slot *slot = &h->slots.at[index];
	struct request *r = &h->requests[index];

	slot->is_leaving = true;
	(void)shutdown(slot->fd, SHUT_RDWR);
	if (r->is_suspended) {
		r->is_suspended = false;
		MHD_resume_connection(r->connection);
	}
	run_daemon(h); /* which releases the slot */
}

/* False: there is no room for it. */
static bool make_room(struct metrics_http *h, const struct in6_addr *client)
{
	int victim = metrics_slots_victim(&h->slots, client);

	if (victim == -1)
		return true;
	h->counts.dropped_full++;
	if (victim < 0)
		return false;
	send_away(h, victim);
	return metrics_slots_victim(&h->slots, client) == -1;
}

static int on_listen(void *ctx)
{
	struct metrics_http *h = ctx;

	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t len = sizeof(address);
		int fd = accept4(h->o->listen_fd, (struct sockaddr *)&address, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct in6_addr client;

		if (fd < 0)
			return 0;
		client = metrics_slots_client(&address);
		if (make_room(h, &client))
			(void)MHD_add_connection(h->daemon, fd, (struct sockaddr *)&address, len);
		else
			(void)close(fd);
		run_daemon(h);
	}
	return 0;
}

/* --- the loop -----------------------------------------------------------------------------------
 */

/* All that wait, or those whose time is over. */
static void resume(struct metrics_http *h, bool is_all, uint64_t now_ns)
{
	for (int i = 0; i < METRICS_SLOTS; i++) {
		struct request *r = &h->requests[i];

		if (h->slots.at[i].fd < 0 || !r->is_suspended || (!is_all && now_ns < r->until_ns))
			continue;
		r->is_suspended = false;
		MHD_resume_connection(r->connection);
	}
	run_daemon(h);
}

static int on_link(void *ctx)
{
	struct metrics_http *h = ctx;
	struct metrics_page page;
	uint64_t now_ns = clock_monotonic_ns();
	int got = metrics_link_receive(h->o->link_fd, &page);

	if (got == 0)
		return 0;
	if (got == -EPIPE)
		return 1;
	h->is_asked = false;
	h->has_failed = got < 0;
	if (got > 0) {
		h->has_failed = metrics_pages_put(&h->pages, &page, &h->counts, now_ns) != 0;
		metrics_link_page_done(&page);
	}
	resume(h, true, now_ns);
	return 0;
}

static int on_daemon(void *ctx)
{
	run_daemon(ctx);
	return 0;
}

static bool is_waited_for(const struct metrics_http *h)
{
	for (int i = 0; i < METRICS_SLOTS; i++)
		if (h->slots.at[i].fd >= 0 && h->requests[i].is_suspended)
			return true;
	return false;
}

static int on_tick(void *ctx)
{
	struct metrics_http *h = ctx;
	uint64_t now_ns = clock_monotonic_ns();
	int index;

	while ((index = metrics_slots_expired(&h->slots, now_ns)) >= 0) {
		h->counts.dropped_slow++;
		send_away(h, index);
	}
	resume(h, false, now_ns);
	if (is_waited_for(h))
		metrics_ask(h, now_ns);
	return 0;
}

/* A path is compared as it came: "%2e" and "%00" are part of no page's. */
static size_t keep_escapes(void *ctx __attribute__((unused)),
			   struct MHD_Connection *connection __attribute__((unused)), char *text)
{
	return strlen(text);
}

/* --- beginning ----------------------------------------------------------------------------------
 */

static struct MHD_Daemon *start_daemon(struct metrics_http *h)
{
	const struct web_config *web = h->o->web;
	bool has_tls = web && web->settings.cert_file;
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
			     (has_tls ? MHD_USE_TLS : 0u);
	struct MHD_OptionItem tls[] = {
		{ has_tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
		  web ? web->cert.at : NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, web ? web->key.at : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  web && web->settings.is_tls13_only ? TLS_PRIORITIES
						     : TLS_PRIORITIES TLS_ALSO_VERSION },
		{ web && web->client_ca.at ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		  web ? web->client_ca.at : NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(
		flags, 0, NULL, NULL, metrics_on_request, h, MHD_OPTION_ARRAY, tls,
		MHD_OPTION_CONNECTION_LIMIT, METRICS_SLOTS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		METRICS_SLOTS_PER_CLIENT, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
}

static bool watch(struct metrics_http *h)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info && !loop_add_fd(h->loop, h->o->listen_fd, on_listen, h) &&
	       !loop_add_fd(h->loop, h->o->link_fd, on_link, h) &&
	       !loop_add_fd(h->loop, info->epoll_fd, on_daemon, h) &&
	       !loop_every(h->loop, METRICS_TICK_NS, on_tick, h);
}

struct metrics_http *metrics_http_new(const struct metrics_http_options *o)
{
	struct metrics_http *h = calloc(1, sizeof(*h));

	if (!h) {
		log_error("cannot start what listens: out of memory");
		return NULL;
	}
	tzset(); /* once asked for, /etc/localtime is not opened for the header Date */
	h->o = o;
	h->counts.codes[0].code = MHD_HTTP_OK; /* shown from the start: a rate needs its 0 */
	metrics_slots_init(&h->slots);
	h->loop = loop_new();
	if (o->web && o->web->settings.user_count > 0)
		h->auth = web_auth_new(&o->web->settings);
	h->daemon = start_daemon(h);
	if (!h->loop || !h->daemon || !watch(h) ||
	    (o->web && o->web->settings.user_count > 0 && !h->auth)) {
		log_error("cannot start what listens: libmicrohttpd, its TLS or a descriptor");
		return NULL; /* the child ends, and all of it with it */
	}
	return h;
}

int metrics_http_run(struct metrics_http *http)
{
	return loop_run(http->loop);
}
