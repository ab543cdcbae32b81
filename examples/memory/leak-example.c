// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server with the five classic leaks, one per route. Everything stays reachable, so a checker
 * that looks for lost pointers sees nothing; leak-fixed.c is the same server without them.
 * A comment that starts with LEAK marks each allocation that is never given back, and why.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "records.h"
#include "server.h"
#include "truth.h"

/* --- /global: a list that only grows ------------------------------------------------------------
 */

static STAILQ_HEAD(history_list, visit) history = STAILQ_HEAD_INITIALIZER(history);

TRUTH_SITE static int global_history_append(const char *note)
{
	struct visit *visit = malloc(sizeof(*visit)); /* LEAK: the history has no end */

	if (!visit)
		return -ENOMEM;
	truth_alloc(SITE_GLOBAL_HISTORY_APPEND, sizeof(*visit));
	(void)snprintf(visit->note, sizeof(visit->note), "%s", note);
	STAILQ_INSERT_TAIL(&history, visit, next);
	return 0;
}

static void global_route(struct exchange *exchange)
{
	if (global_history_append("GET /global"))
		exchange_out_of_memory(exchange);
}

/* --- /listener: registered per request, never removed -------------------------------------------
 */

static LIST_HEAD(listener_list,
		 listener) config_listeners = LIST_HEAD_INITIALIZER(config_listeners);

TRUTH_SITE static struct listener *listener_add(const char *name)
{
	struct listener *listener = calloc(1, sizeof(*listener)); /* LEAK: never removed */

	if (!listener)
		return NULL;
	listener->name = strdup(name); /* LEAK: goes with its listener */
	if (!listener->name) {
		free(listener);
		return NULL;
	}
	truth_alloc(SITE_LISTENER_ADD, sizeof(*listener));
	truth_alloc(SITE_STRDUP, strlen(name) + 1);
	LIST_INSERT_HEAD(&config_listeners, listener, next);
	return listener;
}

static void listener_route(struct exchange *exchange)
{
	/* The request ends, its interest in the configuration does not. */
	if (!listener_add("configuration changed during GET /listener"))
		exchange_out_of_memory(exchange);
}

/* --- /closure: what a callback captured is kept after the call ----------------------------------
 */

static STAILQ_HEAD(closure_list,
		   closure) called_closures = STAILQ_HEAD_INITIALIZER(called_closures);

static void count_call(struct closure *closure)
{
	closure->calls++;
}

TRUTH_SITE static struct closure *closure_capture(const char *captured)
{
	struct closure *closure = malloc(sizeof(*closure)); /* LEAK: outlives its call */

	if (!closure)
		return NULL;
	truth_alloc(SITE_CLOSURE_CAPTURE, sizeof(*closure));
	closure->call = count_call;
	closure->calls = 0;
	(void)snprintf(closure->captured, sizeof(closure->captured), "%s", captured);
	return closure;
}

static void closure_route(struct exchange *exchange)
{
	struct closure *closure = closure_capture("GET /closure");

	if (!closure) {
		exchange_out_of_memory(exchange);
		return;
	}
	closure->call(closure);
	/* Kept in case it has to be called again, which nobody ever asks for. */
	STAILQ_INSERT_TAIL(&called_closures, closure, next);
}

/* --- /timer: started per request, never cancelled ------------------------------------------------
 */

static void heartbeat_expired(struct timer *timer)
{
	struct heartbeat *heartbeat = timer->ctx;

	heartbeat->beats++;
}

TRUTH_SITE static struct heartbeat *timer_start(struct server *server)
{
	struct heartbeat *heartbeat = malloc(sizeof(*heartbeat)); /* LEAK: the timer holds it */

	if (!heartbeat)
		return NULL;
	truth_alloc(SITE_TIMER_START, sizeof(*heartbeat));
	memset(heartbeat, 0, sizeof(*heartbeat));
	heartbeat->timer.expired = heartbeat_expired;
	heartbeat->timer.ctx = heartbeat;
	heartbeat->timer.period_ns = HEARTBEAT_PERIOD_NS;
	server_timer_start(server, &heartbeat->timer, HEARTBEAT_PERIOD_NS);
	return heartbeat;
}

static void timer_route(struct exchange *exchange)
{
	/* The request is over at once, its heartbeat goes on. */
	if (!timer_start(exchange->server))
		exchange_out_of_memory(exchange);
}

/* --- /cache?key=...: every key ever asked for stays ----------------------------------------------
 */

static struct table cache;

TRUTH_SITE static char *cache_value_grow(char *value, size_t old_bytes, size_t new_bytes)
{
	char *grown = realloc(value, new_bytes); /* LEAK: goes with its cache entry */

	if (!grown)
		return NULL;
	truth_realloc(SITE_CACHE_VALUE_GROW, old_bytes, new_bytes);
	memset(grown + old_bytes, 'v', new_bytes - old_bytes);
	return grown;
}

static char *cache_value_render(void)
{
	char *value = NULL;

	for (size_t bytes = 0; bytes < CACHE_VALUE_BYTES; bytes += CACHE_PIECE_BYTES) {
		char *grown = cache_value_grow(value, bytes, bytes + CACHE_PIECE_BYTES);

		if (!grown) {
			free(value);
			if (value)
				truth_free(SITE_CACHE_VALUE_GROW, bytes);
			return NULL;
		}
		value = grown;
	}
	return value;
}

TRUTH_SITE static int cache_put(const char *key)
{
	struct cache_entry *entry = malloc(sizeof(*entry)); /* LEAK: the cache has no bound */

	if (!entry)
		return -ENOMEM;
	entry->value = cache_value_render();
	if (!entry->value) {
		free(entry);
		return -ENOMEM;
	}
	truth_alloc(SITE_CACHE_PUT, sizeof(*entry));
	(void)snprintf(entry->key, sizeof(entry->key), "%s", key);
	entry->lru.node.key = entry->key;
	table_insert(&cache, &entry->lru.node);
	return 0;
}

static void cache_route(struct exchange *exchange)
{
	char key[CACHE_KEY_BYTES];

	if (http_query(exchange->request, "key", key, sizeof(key)))
		http_reply_printf(exchange->reply, 400, "text/plain", "ask for /cache?key=NAME\n");
	else if (table_find(&cache, key))
		http_reply_printf(exchange->reply, 200, "text/plain", "hit\n");
	else if (cache_put(key))
		exchange_out_of_memory(exchange);
	else
		http_reply_printf(exchange->reply, 200, "text/plain", "miss\n");
}

static const struct server_route routes[] = {
	{ "GET", "/global", global_route },   { "GET", "/listener", listener_route },
	{ "GET", "/closure", closure_route }, { "GET", "/timer", timer_route },
	{ "GET", "/cache", cache_route },     { "GET", "/clean", clean_route },
	{ "GET", "/truth", truth_route },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "leak-example",
		.summary = "An HTTP server with five classic memory leaks, one per route.",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.report = truth_report,
	};

	return server_main(&app, argc, argv);
}
