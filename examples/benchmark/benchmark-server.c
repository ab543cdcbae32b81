// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server to aim load at: small answers, work of a known length, and, with --slowdown, the same
 * server as a change for the worse would make it. What a load test finds can be held against that.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "ledger.h"
#include "number.h"
#include "server.h"
#include "spin.h"

#define US_DEFAULT   100
#define US_MAX	     1000000
#define SLOWDOWN_MAX 1000

enum entry {
	ENTRY_TEXT,
	ENTRY_JSON,
	ENTRY_COMPUTE,
	ENTRIES,
};

static struct ledger_entry ledger[ENTRIES] = {
	[ENTRY_TEXT] = { .function = "answer_text", .route = "/text" },
	[ENTRY_JSON] = { .function = "answer_json", .route = "/json" },
	[ENTRY_COMPUTE] = { .function = "compute", .route = "/compute" },
};

static uint32_t work_us;
static uint32_t slowdown_pct;

/* @us of CPU, and the slowdown's share more. */
static void work(uint64_t us)
{
	uint64_t ns = us * 1000;

	if (ns)
		spin_cpu(ns + ns * slowdown_pct / 100);
}

static void text_route(struct exchange *exchange)
{
	struct stopwatch started = stopwatch_start();

	work(work_us);
	http_reply_printf(exchange->reply, 200, "text/plain", "Hello, World!\n");
	ledger_add(&ledger[ENTRY_TEXT], &started);
}

static void json_route(struct exchange *exchange)
{
	struct stopwatch started = stopwatch_start();

	work(work_us);
	http_reply_printf(exchange->reply, 200, "application/json",
			  "{\"message\":\"Hello, World!\"}\n");
	ledger_add(&ledger[ENTRY_JSON], &started);
}

static void compute_route(struct exchange *exchange)
{
	struct stopwatch started;
	uint32_t us;

	if (exchange_number(exchange, "us", US_DEFAULT, US_MAX, &us)) {
		http_reply_printf(exchange->reply, 400, "text/plain", "us is 0 to %d\n", US_MAX);
		return;
	}
	started = stopwatch_start();
	work((uint64_t)us + work_us);
	http_reply_printf(exchange->reply, 200, "text/plain", "computed for %" PRIu32 " us\n", us);
	ledger_add(&ledger[ENTRY_COMPUTE], &started);
}

static void print_truth(FILE *out)
{
	(void)fputs("{\"routes\":", out);
	ledger_print(ledger, ENTRIES, out);
	(void)fprintf(out, ",\"work_us\":%" PRIu32 ",\"slowdown_pct\":%" PRIu32 "}\n", work_us,
		      slowdown_pct);
}

static int set_work(const char *value)
{
	return number_parse(value, US_MAX, &work_us);
}

static int set_slowdown(const char *value)
{
	return number_parse(value, SLOWDOWN_MAX, &slowdown_pct);
}

static const struct server_route routes[] = {
	{ "GET", "/text", text_route },
	{ "GET", "/json", json_route },
	{ "GET", "/compute", compute_route },
};

static const struct server_option options[] = {
	{ "work-us", "N", "CPU time that each request costs, in microseconds (default 0)",
	  set_work },
	{ "slowdown", "PCT", "makes that, and what /compute is asked for, so much more (default 0)",
	  set_slowdown },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "benchmark-server",
		.summary = "An HTTP server to aim load at, whose work has a known length.",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.truth = print_truth,
	};

	return server_main(&app, argc, argv);
}
