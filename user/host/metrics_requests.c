// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a request gets. One that needs a newer page is suspended until the collector has answered.
 */
#include "base/http_headers.h"
#include "host/metrics_state.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define PAGE_WAIT_NS (5 * NS_PER_S - METRICS_TICK_NS) /* seen by a tick: 5 s at most */

static struct request *request_of(struct metrics_http *h, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	const struct metrics_slot *slot = info ? info->socket_context : NULL;

	return slot ? &h->requests[slot - h->slots.at] : NULL;
}

/* --- answers ------------------------------------------------------------------------------------
 */

static void add_headers(void *ctx, struct MHD_Response *response)
{
	const struct metrics_http *h = ctx;

	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	for (size_t i = 0; h->o->web && i < h->o->web->settings.header_count; i++) {
		const struct web_header *header = &h->o->web->settings.headers[i];

		(void)MHD_add_response_header(response, header->name, header->value);
	}
}

static enum MHD_Result send_answer(struct metrics_http *h, const struct request *r,
				   unsigned int status, struct MHD_Response *response)
{
	if (r->is_scrape)
		metrics_counts_add(&h->counts, status, clock_monotonic_ns() - r->begun_ns);
	return MHD_queue_response(r->connection, status, response);
}

struct word {
	unsigned int status;
	const char *text;
	const char *header, *value; /* one more, or NULL */
};

static enum MHD_Result send_word(struct metrics_http *h, const struct request *r,
				 const struct word *word)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(word->text), (void *)word->text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	add_headers(h, response);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				      *word->text == '<' ? "text/html; charset=utf-8"
							 : "text/plain; charset=utf-8");
	if (word->header)
		(void)MHD_add_response_header(response, word->header, word->value);
	result = send_answer(h, r, word->status, response);
	MHD_destroy_response(response);
	return result;
}

/* --- the page -----------------------------------------------------------------------------------
 */

void metrics_ask(struct metrics_http *h, uint64_t now_ns)
{
	if (h->is_asked || (h->asked_ns && now_ns - h->asked_ns < METRICS_LINK_AGE_NS))
		return; /* a tick comes back to it */
	if (metrics_link_ask(h->o->link_fd))
		return; /* the loop sees its end */
	h->is_asked = true;
	h->asked_ns = now_ns;
}

/* Has the collector said something within the second? Otherwise it is asked. */
static bool has_answer(struct metrics_http *h, uint64_t now_ns)
{
	bool is_new = h->has_failed
			      ? now_ns - h->asked_ns < METRICS_LINK_AGE_NS
			      : h->pages.made_ns && now_ns - h->pages.made_ns < METRICS_LINK_AGE_NS;

	if (!is_new)
		metrics_ask(h, now_ns);
	return is_new;
}

/* What needs the page: the collector's answer is waited for, a while. */
enum page_state { PAGE_THERE, PAGE_NONE, PAGE_AWAITED };

static enum page_state await_page(struct metrics_http *h, struct request *r)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (has_answer(h, now_ns))
		return h->has_failed ? PAGE_NONE : PAGE_THERE;
	if (r->until_ns && now_ns >= r->until_ns)
		return PAGE_NONE;
	if (!r->until_ns)
		r->until_ns = now_ns + PAGE_WAIT_NS;
	r->is_suspended = true;
	MHD_suspend_connection(r->connection);
	return PAGE_AWAITED;
}

static const struct word no_page = { MHD_HTTP_SERVICE_UNAVAILABLE,
				     "the collector does not answer\n", NULL, NULL };

static enum MHD_Result send_metrics(struct metrics_http *h, const struct request *r)
{
	const char *accept =
		MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	const char *encodings = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND,
							    MHD_HTTP_HEADER_ACCEPT_ENCODING);
	bool is_open = http_accept_weight(accept, "application/openmetrics-text", "1.0.0") >
		       http_accept_weight(accept, "text/plain", "0.0.4");
	struct MHD_Response *response =
		metrics_pages_get(&h->pages, is_open ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT,
				  http_encoding_weight(encodings, "gzip") > 0, add_headers, h);

	return response ? send_answer(h, r, MHD_HTTP_OK, response) : MHD_NO;
}

static enum MHD_Result send_health(struct metrics_http *h, const struct request *r)
{
	return send_word(h, r, &(const struct word){ MHD_HTTP_OK, "ok\n", NULL, NULL });
}

static enum MHD_Result send_readiness(struct metrics_http *h, const struct request *r)
{
	static const struct word words[] = {
		{ MHD_HTTP_SERVICE_UNAVAILABLE, "not ready: still attaching\n", NULL, NULL },
		{ MHD_HTTP_OK, "ready\n", NULL, NULL },
	};

	return send_word(h, r, &words[h->pages.is_ready]);
}

static enum MHD_Result send_links(struct metrics_http *h, const struct request *r)
{
	static const struct word links = {
		MHD_HTTP_OK,
		"<!DOCTYPE html><html lang=\"en\"><title>vitals-exporter</title>"
		"<h1>vitals-exporter " VERSION "</h1><ul>"
		"<li><a href=\"/metrics\">metrics</a>"
		"<li><a href=\"/-/healthy\">healthy</a>"
		"<li><a href=\"/-/ready\">ready</a></ul></html>\n",
		NULL, NULL
	};

	return send_word(h, r, &links);
}

/* --- a request ----------------------------------------------------------------------------------
 */

static const struct route {
	const char *url;
	enum MHD_Result (*send)(struct metrics_http *h, const struct request *r);
	bool needs_page, needs_password, is_scrape;
} routes[] = {
	{ "/metrics", send_metrics, true, true, true },
	{ "/healthz", send_health, true, false, false },
	{ "/-/healthy", send_health, true, false, false },
	{ "/readyz", send_readiness, true, false, false },
	{ "/-/ready", send_readiness, true, false, false },
	{ "/", send_links, false, true, false },
};

static const struct route *route_of(const char *url)
{
	for (size_t i = 0; i < COUNT(routes); i++)
		if (strcmp(routes[i].url, url) == 0)
			return &routes[i];
	return NULL;
}

/* What keeps it out, or NULL. */
static const struct word *password_fault(struct metrics_http *h, const struct request *r)
{
	static const struct word wrong = { MHD_HTTP_UNAUTHORIZED, "name or password is wrong\n",
					   MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					   "Basic realm=\"vitals-exporter\", charset=\"UTF-8\"" };
	static const struct word later = { MHD_HTTP_TOO_MANY_REQUESTS, "too many tries\n",
					   MHD_HTTP_HEADER_RETRY_AFTER, "5" };
	char *password = NULL;
	char *user = MHD_basic_auth_get_username_password(r->connection, &password);
	enum web_auth_answer answer = web_auth_check(h->auth, user, password, clock_monotonic_ns());

	if (password)
		explicit_bzero(password, strlen(password));
	MHD_free(user);
	MHD_free(password);
	return answer == WEB_AUTH_GOOD ? NULL : answer == WEB_AUTH_WRONG ? &wrong : &later;
}

static const struct word *fault_of(struct metrics_http *h, const struct request *r,
				   const struct route *route)
{
	static const struct word elsewhere = { MHD_HTTP_MISDIRECTED_REQUEST,
					       "this Host is not served here\n", NULL, NULL };
	const char *host =
		MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	if (h->o->is_loopback && host && !http_host_is_loopback(host))
		return &elsewhere;
	return h->auth && (!route || route->needs_password) ? password_fault(h, r) : NULL;
}

static enum MHD_Result serve(struct metrics_http *h, struct request *r, const char *url)
{
	static const struct word not_found = { MHD_HTTP_NOT_FOUND, "not found; see /\n", NULL,
					       NULL };
	const struct route *route = route_of(url);
	const struct word *fault = NULL;
	enum page_state page = PAGE_THERE;

	r->is_scrape = route && route->is_scrape;
	if (!r->is_let_in)
		fault = fault_of(h, r, route);
	if (fault || !route)
		return send_word(h, r, fault ? fault : &not_found);
	r->is_let_in = true;
	if (route->needs_page)
		page = await_page(h, r);
	if (page == PAGE_AWAITED)
		return MHD_YES;
	return page == PAGE_NONE ? send_word(h, r, &no_page) : route->send(h, r);
}

/* Called when all headers have come, and again for what follows: for us that is the end. */
enum MHD_Result metrics_on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version __attribute__((unused)),
				   const char *data __attribute__((unused)), size_t *data_len,
				   void **request_ctx)
{
	static const struct word not_allowed = { MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n",
						 MHD_HTTP_HEADER_ALLOW, "GET, HEAD" };
	struct metrics_http *h = ctx;
	struct request *r = request_of(h, connection);
	struct metrics_slot *slot;

	if (!r || *data_len > 0) /* a body is what nothing here wants */
		return MHD_NO;
	slot = &h->slots.at[r - h->requests];
	if (slot->is_leaving)
		return MHD_NO;
	if (*request_ctx)
		return serve(h, r, url);
	*request_ctx = r;
	r->begun_ns = clock_monotonic_ns();
	slot->has_request = true;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_word(h, r, &not_allowed);
	return MHD_YES;
}
