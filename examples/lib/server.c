// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The routes of the example servers, and what a route asks of its exchange. */
#include "server.h"
#include "server_internal.h"

#include <errno.h>
#include <string.h>

#include "number.h"

void exchange_out_of_memory(struct exchange *exchange)
{
	http_reply_printf(exchange->reply, 503, "text/plain", "out of memory\n");
}

int exchange_number(const struct exchange *exchange, const char *name, uint32_t fallback,
		    uint32_t max, uint32_t *ret_number)
{
	char text[16];
	int err = http_query(exchange->request, name, text, sizeof(text));

	if (err == -ENOENT) {
		*ret_number = fallback;
		return 0;
	}
	return err ? -EINVAL : number_parse(text, max, ret_number);
}

void exchange_print(struct exchange *exchange, void (*print)(FILE *out))
{
	char json[HTTP_BODY_MAX] = { 0 };
	FILE *out = fmemopen(json, sizeof(json), "w");

	if (!out) {
		exchange_out_of_memory(exchange);
		return;
	}
	print(out);
	(void)fclose(out); /* to memory; what does not fit is a plain 500 */
	http_reply_printf(exchange->reply, 200, "application/json", "%s", json);
}

static void health(struct exchange *exchange)
{
	http_reply_printf(exchange->reply, 200, "text/plain", "ok\n");
}

static void ready(struct exchange *exchange)
{
	const struct server *server = exchange->server;
	const char *why = server->app->unready ? server->app->unready() : NULL;

	if (server->is_draining)
		why = "draining";
	if (why)
		http_reply_printf(exchange->reply, 503, "text/plain", "%s\n", why);
	else
		http_reply_printf(exchange->reply, 200, "text/plain", "ready\n");
}

static void truth(struct exchange *exchange)
{
	void (*print)(FILE * out) = exchange->server->app->truth;

	if (print)
		exchange_print(exchange, print);
	else
		http_reply_printf(exchange->reply, 404, "text/plain", "no such path\n");
}

static const struct server_route own_routes[] = {
	{ "GET", "/health", health },
	{ "GET", "/ready", ready },
	{ "GET", "/truth", truth },
};

/* The route of this method and path. Without one, the path's methods are gathered in @reply. */
static const struct server_route *find_route(const struct server_route *routes, size_t count,
					     const struct http_request *request,
					     struct http_reply *reply)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(reply->allow);

		if (!http_text_is(request->path, routes[i].path))
			continue;
		if (http_text_is(request->method, routes[i].method))
			return &routes[i];
		(void)snprintf(reply->allow + len, sizeof(reply->allow) - len, "%s%s",
			       len ? ", " : "", routes[i].method);
	}
	return NULL;
}

void server_dispatch(struct server *server, const struct http_request *request,
		     struct http_reply *reply)
{
	struct exchange exchange = { server, request, reply };
	const struct server_app *app = server->app;
	const struct server_route *route;

	reply->allow[0] = '\0';
	route = find_route(app->routes, app->route_count, request, reply);
	if (!route)
		route = find_route(own_routes, sizeof(own_routes) / sizeof(own_routes[0]), request,
				   reply);
	if (route) {
		reply->allow[0] = '\0';
		http_reply_printf(reply, 200, "text/plain", "%s", "");
		route->handler(&exchange);
	} else if (reply->allow[0]) {
		http_reply_printf(reply, 405, "text/plain", "this path takes %s\n", reply->allow);
	} else {
		http_reply_printf(reply, 404, "text/plain", "no such path\n");
	}
}
