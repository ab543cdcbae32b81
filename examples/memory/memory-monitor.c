// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server that watches its own memory: it samples its RSS, fits a line through the last samples,
 * and warns, once, when growth persists or the limit comes near. /grow gives it something to see.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "growth.h"
#include "ledger.h"
#include "number.h"
#include "resident.h"
#include "server.h"

#define MB_DEFAULT   1
#define MB_MAX	     256
#define MB_BYTES     ((size_t)1024 * 1024)
#define NEAR_SHARE   0.9   /* of the limit */
#define NEAR_MS	     10000 /* the line's way to it */
#define INTERVAL_MIN 10
#define INTERVAL_MAX 3600000

struct chunk {
	SLIST_ENTRY(chunk) next;
};

static SLIST_HEAD(chunk_list, chunk) grown = SLIST_HEAD_INITIALIZER(grown);
static uint64_t grown_bytes;

static uint32_t interval_ms = 1000;
static uint64_t limit_bytes; /* 0: none */

static struct growth growth;
static struct timer sampler;
static bool has_warned_growth, has_warned_limit;

/* --- sampling ----------------------------------------------------------------------------------
 */

static bool is_near_limit(void)
{
	return limit_bytes &&
	       growth_nears(&growth, (uint64_t)(NEAR_SHARE * (double)limit_bytes), NEAR_MS);
}

static void warn(void)
{
	double mb_per_minute = growth.bytes_per_second * 60 / (double)MB_BYTES;
	uint64_t rss = growth_at(&growth, growth_kept(&growth) - 1)->bytes;

	if (growth.verdict == GROWTH_GROWING && !has_warned_growth) {
		has_warned_growth = true;
		(void)fprintf(stderr,
			      "memory-monitor: warning: memory keeps growing, %.1f MB a minute, at "
			      "%" PRIu64 " MB\n",
			      mb_per_minute, rss / MB_BYTES);
	}
	if (is_near_limit() && !has_warned_limit) {
		has_warned_limit = true;
		(void)fprintf(stderr,
			      "memory-monitor: warning: %" PRIu64 " MB, the limit of %" PRIu64
			      " MB is near\n",
			      rss / MB_BYTES, limit_bytes / MB_BYTES);
	}
}

static void take_sample(struct timer *timer)
{
	struct growth_sample sample = { wall_ns() / NS_PER_MS, resident_bytes() };

	(void)timer;
	growth_add(&growth, sample);
	warn();
}

/* --- routes ------------------------------------------------------------------------------------
 */

static void grow_route(struct exchange *exchange)
{
	struct chunk *chunk;
	uint32_t mb;

	if (exchange_number(exchange, "mb", MB_DEFAULT, MB_MAX, &mb) || !mb) {
		http_reply_printf(exchange->reply, 400, "text/plain", "mb is 1 to %d\n", MB_MAX);
		return;
	}
	chunk = malloc(mb * MB_BYTES);
	if (!chunk) {
		exchange_out_of_memory(exchange);
		return;
	}
	memset(chunk, 'g', mb * MB_BYTES);
	SLIST_INSERT_HEAD(&grown, chunk, next);
	grown_bytes += mb * MB_BYTES;
	http_reply_printf(exchange->reply, 200, "text/plain", "%" PRIu64 " bytes more\n",
			  grown_bytes);
}

/* The word for it all: how it grows, unless the limit is what matters. */
static const char *verdict(void)
{
	return is_near_limit() ? "near-limit" : growth_word(&growth);
}

/* 60 samples of 50 bytes at most fit into a body. */
static void print_samples(FILE *out)
{
	(void)fprintf(out,
		      "{\"interval_ms\":%" PRIu32 ",\"limit_bytes\":%" PRIu64
		      ",\"verdict\":\"%s\",\"bytes_per_second\":%.0f,\"samples\":[",
		      interval_ms, limit_bytes, verdict(), growth.bytes_per_second);
	for (size_t i = 0; i < growth_kept(&growth); i++) {
		const struct growth_sample *sample = growth_at(&growth, i);

		(void)fprintf(out, "%s{\"at_ms\":%" PRIu64 ",\"rss_bytes\":%" PRIu64 "}",
			      i ? "," : "", sample->at_ms, sample->bytes);
	}
	(void)fputs("]}\n", out);
}

static void samples_route(struct exchange *exchange)
{
	exchange_print(exchange, print_samples);
}

static void print_truth(FILE *out)
{
	(void)fprintf(out,
		      "{\"grown_bytes\":%" PRIu64 ",\"samples_taken\":%zu,\"verdict\":\"%s\""
		      ",\"warned_growth\":%s,\"warned_limit\":%s}\n",
		      grown_bytes, growth.count, verdict(), has_warned_growth ? "true" : "false",
		      has_warned_limit ? "true" : "false");
}

/* --- life --------------------------------------------------------------------------------------
 */

static int set_interval(const char *value)
{
	uint32_t number = 0;
	char digits[16];
	size_t len = strspn(value, "0123456789");
	bool is_seconds = strcmp(value + len, "s") == 0;

	if (len >= sizeof(digits) || (!is_seconds && strcmp(value + len, "ms") != 0))
		return -EINVAL;
	memcpy(digits, value, len);
	digits[len] = '\0';
	if (number_parse(digits, is_seconds ? INTERVAL_MAX / 1000 : INTERVAL_MAX, &number))
		return -EINVAL;
	interval_ms = is_seconds ? number * 1000 : number;
	return interval_ms < INTERVAL_MIN ? -EINVAL : 0;
}

static int set_limit(const char *value)
{
	uint32_t mb;
	int err = number_parse(value, UINT32_MAX, &mb);

	limit_bytes = err ? 0 : mb * (uint64_t)MB_BYTES;
	return err;
}

static int start(struct server *server)
{
	sampler = (struct timer){ .expired = take_sample, .period_ns = interval_ms * NS_PER_MS };
	take_sample(&sampler);
	server_timer_start(server, &sampler, sampler.period_ns);
	return 0;
}

static void report(FILE *out)
{
	print_truth(out);
	while (!SLIST_EMPTY(&grown)) {
		struct chunk *chunk = SLIST_FIRST(&grown);

		SLIST_REMOVE_HEAD(&grown, next);
		free(chunk);
	}
}

static const struct server_route routes[] = {
	{ "GET", "/grow", grow_route },
	{ "GET", "/samples", samples_route },
};

static const struct server_option options[] = {
	{ "interval", "TIME", "between samples, as 500ms or 1s (default 1s)", set_interval },
	{ "limit", "MB", "warns when this comes near (default: none)", set_limit },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "memory-monitor",
		.summary = "An HTTP server that watches its own memory and warns when it grows.",
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
