// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * leak-example.c without its leaks: the same routes and the same allocations, each with the place
 * where it ends. Compare the two with diff. A comment that starts with FIXED says what ends it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "records.h"
#include "server.h"
#include "truth.h"

/* --- /global: a list with an end ----------------------------------------------------------------
 */

#define HISTORY_VISITS 1000

static STAILQ_HEAD(history_list, visit) history = STAILQ_HEAD_INITIALIZER(history);
static unsigned int history_visits;

/* FIXED: the history has a length, the oldest visit makes room. */
static void global_history_trim(void)
{
	while (history_visits > HISTORY_VISITS) {
		struct visit *oldest = STAILQ_FIRST(&history);

		STAILQ_REMOVE_HEAD(&history, next);
		history_visits--;
		free(oldest);
		truth_free(SITE_GLOBAL_HISTORY_APPEND, sizeof(*oldest));
	}
}

TRUTH_SITE static int global_history_append(const char *note)
{
	struct visit *visit = malloc(sizeof(*visit));

	if (!visit)
		return -ENOMEM;
	truth_alloc(SITE_GLOBAL_HISTORY_APPEND, sizeof(*visit));
	(void)snprintf(visit->note, sizeof(visit->note), "%s", note);
	STAILQ_INSERT_TAIL(&history, visit, next);
	history_visits++;
	global_history_trim();
	return 0;
}

static void global_route(struct exchange *exchange)
{
	if (global_history_append("GET /global"))
		exchange_out_of_memory(exchange);
}

/* --- /listener: registered per request, removed with it
 * ------------------------------------------- */

static LIST_HEAD(listener_list,
		 listener) config_listeners = LIST_HEAD_INITIALIZER(config_listeners);

TRUTH_SITE static struct listener *listener_add(const char *name)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	listener->name = strdup(name);
	if (!listener->name) {
		free(listener);
		return NULL;
	}
	truth_alloc(SITE_LISTENER_ADD, sizeof(*listener));
	truth_alloc(SITE_STRDUP, strlen(name) + 1);
	LIST_INSERT_HEAD(&config_listeners, listener, next);
	return listener;
}

/* FIXED: who registers also removes, when the request ends. */
static void listener_remove(struct listener *listener)
{
	LIST_REMOVE(listener, next);
	truth_free(SITE_STRDUP, strlen(listener->name) + 1);
	free(listener->name);
	free(listener);
	truth_free(SITE_LISTENER_ADD, sizeof(*listener));
}

static void listener_route(struct exchange *exchange)
{
	struct listener *listener = listener_add("configuration changed during GET /listener");

	if (listener)
		listener_remove(listener);
	else
		exchange_out_of_memory(exchange);
}

/* --- /closure: what a callback captured goes after the call -------------------------------------
 */

static void count_call(struct closure *closure)
{
	closure->calls++;
}

TRUTH_SITE static struct closure *closure_capture(const char *captured)
{
	struct closure *closure = malloc(sizeof(*closure));

	if (!closure)
		return NULL;
	truth_alloc(SITE_CLOSURE_CAPTURE, sizeof(*closure));
	closure->call = count_call;
	closure->calls = 0;
	(void)snprintf(closure->captured, sizeof(closure->captured), "%s", captured);
	return closure;
}

/* FIXED: whoever makes the last call releases what the closure captured. */
static void closure_release(struct closure *closure)
{
	free(closure);
	truth_free(SITE_CLOSURE_CAPTURE, sizeof(*closure));
}

static void closure_route(struct exchange *exchange)
{
	struct closure *closure = closure_capture("GET /closure");

	if (!closure) {
		exchange_out_of_memory(exchange);
		return;
	}
	closure->call(closure);
	closure_release(closure);
}

/* --- /timer: started per request, cancelled with it
 * ------------------------------------------------ */

static void heartbeat_expired(struct timer *timer)
{
	struct heartbeat *heartbeat = timer->ctx;

	heartbeat->beats++;
}

TRUTH_SITE static struct heartbeat *timer_start(struct server *server)
{
	struct heartbeat *heartbeat = malloc(sizeof(*heartbeat));

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

/* FIXED: the end of the request cancels its heartbeat, then nothing refers to it. */
static void timer_stop(struct server *server, struct heartbeat *heartbeat)
{
	server_timer_cancel(server, &heartbeat->timer);
	free(heartbeat);
	truth_free(SITE_TIMER_START, sizeof(*heartbeat));
}

static void timer_route(struct exchange *exchange)
{
	struct heartbeat *heartbeat = timer_start(exchange->server);

	if (heartbeat)
		timer_stop(exchange->server, heartbeat);
	else
		exchange_out_of_memory(exchange);
}

/* --- /cache?key=...: the keys asked for last stay ------------------------------------------------
 */

#define CACHE_ENTRIES 1000

static struct lru cache;

/* FIXED: the cache has a bound, the entry not used for longest makes room. */
static void cache_drop(struct cache_entry *oldest)
{
	free(oldest->value);
	truth_free(SITE_CACHE_VALUE_GROW, CACHE_VALUE_BYTES);
	free(oldest);
	truth_free(SITE_CACHE_PUT, sizeof(*oldest));
}

TRUTH_SITE static char *cache_value_grow(char *value, size_t old_bytes, size_t new_bytes)
{
	char *grown = realloc(value, new_bytes);

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
	struct cache_entry *entry = malloc(sizeof(*entry));
	struct cache_entry *oldest;

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
	oldest = (struct cache_entry *)lru_insert(&cache, &entry->lru);
	if (oldest)
		cache_drop(oldest);
	return 0;
}

static void cache_route(struct exchange *exchange)
{
	char key[CACHE_KEY_BYTES];

	if (http_query(exchange->request, "key", key, sizeof(key)))
		http_reply_printf(exchange->reply, 400, "text/plain", "ask for /cache?key=NAME\n");
	else if (lru_find(&cache, key))
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
		.name = "leak-fixed",
		.summary = "The routes of leak-example with each of its five memory leaks fixed.",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.report = truth_report,
	};

	lru_init(&cache, CACHE_ENTRIES);
	return server_main(&app, argc, argv);
}
