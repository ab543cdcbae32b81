// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A value that costs its origin some milliseconds: /slow asks the origin each time, /fast looks
 * into its own memory first, then into Redis, which other processes share. Redis may be away: it
 * answers all the same, only slower, and says so.
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "ledger.h"
#include "lru.h"
#include "redis_link.h"
#include "server.h"
#include "site.h"
#include "spin.h"

#define LRU_ENTRIES    1000
#define ORIGIN_CPU_NS  (2 * NS_PER_MS)
#define KEY_BYTES      48
#define VALUE_BYTES    64
#define EXPIRE_SECONDS "60"
#define PING_NS	       (250 * NS_PER_MS)

enum entry {
	ENTRY_SLOW,
	ENTRY_FAST,
	ENTRIES,
};

static struct ledger_entry ledger[ENTRIES] = {
	[ENTRY_SLOW] = { .function = "value_from_origin", .route = "/slow" },
	[ENTRY_FAST] = { .function = "value_from_caches", .route = "/fast" },
};

static struct {
	uint64_t lru_hits;
	uint64_t redis_hits;
	uint64_t origin_calls;
} counts;

static bool has_redis, needs_redis;
static struct redis_address address;
static struct redis_link redis;
static struct timer pinger;

struct value {
	struct lru_node lru; /* first, as lru.h asks; its key is the one below */
	char key[KEY_BYTES];
	char text[VALUE_BYTES];
};

static struct lru cache;

/* --- Redis, which may be away ------------------------------------------------------------------
 */

/* Says once, for each time that it goes or comes back. */
static void redis_say(void)
{
	static bool was_up = true;

	if (was_up && !redis.is_up)
		(void)fprintf(stderr,
			      "caching-example: Redis at %s:%u is away, serving without it: %s\n",
			      address.host, address.port, redis.why);
	if (!was_up && redis.is_up)
		(void)fprintf(stderr, "caching-example: Redis at %s:%u is back\n", address.host,
			      address.port);
	was_up = redis.is_up;
}

static bool redis_get(const char *key, char ret_text[VALUE_BYTES])
{
	redisReply *reply = redis_link_ask(&redis, 2, (const char *[]){ "GET", key });
	bool is_hit =
		reply && reply->type == REDIS_REPLY_STRING && (size_t)reply->len < VALUE_BYTES;

	if (is_hit)
		(void)snprintf(ret_text, VALUE_BYTES, "%s", reply->str);
	if (reply)
		freeReplyObject(reply);
	redis_say();
	return is_hit;
}

static void redis_set(const char *key, const char *text)
{
	redisReply *reply = redis_link_ask(
		&redis, 5, (const char *[]){ "SET", key, text, "EX", EXPIRE_SECONDS });

	if (reply)
		freeReplyObject(reply);
	redis_say();
}

/* Without requests, too, it is known whether Redis is there. */
static void ping(struct timer *timer)
{
	(void)timer;
	redis_link_ping(&redis);
	redis_say();
}

static const char *unready(void)
{
	return needs_redis && !redis.is_up ? "Redis is away" : NULL;
}

/* --- the value ---------------------------------------------------------------------------------
 */

TRUTH_SITE static void value_from_origin(const char *key, char ret_text[VALUE_BYTES])
{
	counts.origin_calls++;
	spin_cpu(ORIGIN_CPU_NS);
	(void)snprintf(ret_text, VALUE_BYTES, "value %016" PRIx64,
		       digest_add(DIGEST_START, key, strlen(key)));
}

static void remember(const char *key, const char *text)
{
	struct value *value = calloc(1, sizeof(*value));

	if (!value)
		return; /* it is slower next time */
	(void)snprintf(value->key, sizeof(value->key), "%s", key);
	(void)snprintf(value->text, sizeof(value->text), "%s", text);
	value->lru.node.key = value->key;
	free(lru_insert(&cache, &value->lru)); /* the node is the first of what was allocated */
}

TRUTH_SITE static void value_from_caches(const char *key, char ret_text[VALUE_BYTES])
{
	const struct value *value = (struct value *)lru_find(&cache, key);

	if (value) {
		counts.lru_hits++;
		(void)snprintf(ret_text, VALUE_BYTES, "%s", value->text);
		return;
	}
	if (has_redis && redis_get(key, ret_text)) {
		counts.redis_hits++;
	} else {
		value_from_origin(key, ret_text);
		if (has_redis)
			redis_set(key, ret_text);
	}
	remember(key, ret_text);
}

/* --- routes ------------------------------------------------------------------------------------
 */

static void answer(struct exchange *exchange, enum entry entry,
		   void (*get)(const char *key, char ret_text[VALUE_BYTES]))
{
	struct stopwatch started;
	char key[KEY_BYTES];
	char text[VALUE_BYTES];
	uint32_t id;

	if (exchange_number(exchange, "id", 1, UINT32_MAX, &id)) {
		http_reply_printf(exchange->reply, 400, "text/plain", "ask for ?id=NUMBER\n");
		return;
	}
	(void)snprintf(key, sizeof(key), "caching-example:%" PRIu32, id);
	started = stopwatch_start();
	get(key, text);
	ledger_add(&ledger[entry], &started);
	http_reply_printf(exchange->reply, 200, "text/plain", "%s\n", text);
}

static void slow_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_SLOW, value_from_origin);
}

static void fast_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_FAST, value_from_caches);
}

static const char *redis_word(void)
{
	if (!has_redis)
		return "none";
	return redis.is_up ? "up" : "away";
}

static void print_truth(FILE *out)
{
	(void)fputs("{\"routes\":", out);
	ledger_print(ledger, ENTRIES, out);
	(void)fprintf(out,
		      ",\"cache\":{\"lru_entries\":%zu,\"lru_hits\":%" PRIu64
		      ",\"redis_hits\":%" PRIu64 ",\"origin_calls\":%" PRIu64
		      ",\"redis_errors\":%" PRIu64 ",\"retries\":%" PRIu64 ",\"redis\":\"%s\""
		      ",\"breaker\":\"%s\",\"breaker_opened\":%" PRIu64 "}}\n",
		      cache.count, counts.lru_hits, counts.redis_hits, counts.origin_calls,
		      redis.errors, redis.retries, redis_word(), breaker_word(&redis.breaker),
		      redis.breaker.opened);
}

/* --- life --------------------------------------------------------------------------------------
 */

static int start(struct server *server)
{
	lru_init(&cache, LRU_ENTRIES);
	if (needs_redis && !has_redis) {
		(void)fprintf(stderr, "caching-example: --require-redis needs --redis\n");
		return -EINVAL;
	}
	if (!has_redis)
		return 0;
	redis_link_init(&redis, &address);
	pinger = (struct timer){ .expired = ping, .period_ns = PING_NS };
	ping(&pinger);
	server_timer_start(server, &pinger, PING_NS);
	return 0;
}

static void report(FILE *out)
{
	print_truth(out);
	redis_link_done(&redis);
	for (struct lru_node *node = TAILQ_FIRST(&cache.order); node;) {
		struct lru_node *next = TAILQ_NEXT(node, used);

		free(node);
		node = next;
	}
}

static int set_redis(const char *value)
{
	has_redis = true;
	return redis_address_parse(value, &address);
}

static int require_redis(const char *value)
{
	(void)value;
	needs_redis = true;
	return 0;
}

static const struct server_route routes[] = {
	{ "GET", "/slow", slow_route },
	{ "GET", "/fast", fast_route },
};

static const struct server_option options[] = {
	{ "redis", "HOST:PORT", "where Redis is (default: none)", set_redis },
	{ "require-redis", NULL, "not ready while Redis is away", require_redis },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "caching-example",
		.summary = "A costly value: each time from its origin (/slow), cached (/fast).",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.start = start,
		.unready = unready,
		.truth = print_truth,
		.report = report,
	};

	return server_main(&app, argc, argv);
}
