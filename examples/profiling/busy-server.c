// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server with the four classic CPU problems of event loops, one per route, and their repairs
 * below /fixed. With --burn or --mix it is busy by itself, with functions in fixed shares; with
 * --off-cpu it has a thread that mostly waits. What everything has really cost is its /truth.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "busy/faults.h"
#include "busy/mix.h"
#include "busy/off_cpu.h"
#include "ledger.h"
#include "server.h"

#define PATTERN_LETTERS 20

enum entry {
	ENTRY_SYNC_IO,
	ENTRY_SYNC_IO_FIXED,
	ENTRY_JSON,
	ENTRY_JSON_FIXED,
	ENTRY_REGEX,
	ENTRY_REGEX_FIXED,
	ENTRY_COMPUTE,
	ENTRY_COMPUTE_FIXED,
	ENTRIES,
};

static struct ledger_entry ledger[ENTRIES] = {
	[ENTRY_SYNC_IO] = { .function = "answer_from_disk", .route = "/sync-io" },
	[ENTRY_SYNC_IO_FIXED] = { .function = "answer_from_memory", .route = "/fixed/sync-io" },
	[ENTRY_JSON] = { .function = "find_price_in_catalog", .route = "/json" },
	[ENTRY_JSON_FIXED] = { .function = "find_price_in_record", .route = "/fixed/json" },
	[ENTRY_REGEX] = { .function = "match_backtracking", .route = "/regex" },
	[ENTRY_REGEX_FIXED] = { .function = "match_linear", .route = "/fixed/regex" },
	[ENTRY_COMPUTE] = { .function = "digest_again", .route = "/compute" },
	[ENTRY_COMPUTE_FIXED] = { .function = "digest_cached", .route = "/fixed/compute" },
};

static const char *directory = "/var/tmp"; /* on a disk, where /tmp may be memory */

/* --- /sync-io ----------------------------------------------------------------------------------
 */

static void answer_sync_io(struct exchange *exchange, enum entry entry,
			   int (*answer)(uint64_t *ret_sum), int status)
{
	struct stopwatch started = stopwatch_start();
	uint64_t sum = 0;
	int err = answer(&sum);

	ledger_add(&ledger[entry], &started);
	if (err)
		http_reply_printf(exchange->reply, 503, "text/plain", "%s\n", strerror(-err));
	else
		http_reply_printf(exchange->reply, status, "text/plain", "sum %" PRIu64 "\n", sum);
}

static void sync_io_route(struct exchange *exchange)
{
	answer_sync_io(exchange, ENTRY_SYNC_IO, answer_from_disk, 200);
}

static void fixed_sync_io_route(struct exchange *exchange)
{
	answer_sync_io(exchange, ENTRY_SYNC_IO_FIXED, answer_from_memory, 202);
}

/* --- /json?id=N --------------------------------------------------------------------------------
 */

static void answer_price(struct exchange *exchange, enum entry entry,
			 int (*find)(uint32_t id, uint64_t *ret_price))
{
	struct stopwatch started;
	uint64_t price = 0;
	uint32_t id;
	int err;

	if (exchange_number(exchange, "id", 1, UINT32_MAX, &id)) {
		http_reply_printf(exchange->reply, 400, "text/plain", "ask for ?id=NUMBER\n");
		return;
	}
	started = stopwatch_start();
	err = find(id, &price);
	ledger_add(&ledger[entry], &started);
	if (err == -ENODATA)
		http_reply_printf(exchange->reply, 404, "text/plain", "no such article\n");
	else if (err)
		http_reply_printf(exchange->reply, 500, "text/plain", "the catalogue is broken\n");
	else
		http_reply_printf(exchange->reply, 200, "text/plain",
				  "price %" PRIu64 ", catalogue of %zu bytes\n", price,
				  catalog_bytes());
}

static void json_route(struct exchange *exchange)
{
	answer_price(exchange, ENTRY_JSON, find_price_in_catalog);
}

static void fixed_json_route(struct exchange *exchange)
{
	answer_price(exchange, ENTRY_JSON_FIXED, find_price_in_record);
}

/* --- /regex?n=LETTERS --------------------------------------------------------------------------
 */

static void answer_match(struct exchange *exchange, enum entry entry,
			 bool (*match)(const char *text, uint64_t *ret_steps))
{
	char text[PATTERN_TEXT_MAX + 2] = { 0 };
	struct stopwatch started;
	uint64_t steps = 0;
	uint32_t letters;
	bool is_match;

	if (exchange_number(exchange, "n", PATTERN_LETTERS, PATTERN_TEXT_MAX, &letters)) {
		http_reply_printf(exchange->reply, 400, "text/plain", "n is 0 to %d\n",
				  PATTERN_TEXT_MAX);
		return;
	}
	memset(text, 'a', letters);
	text[letters] = '!'; /* what makes it fail, at the last byte */
	started = stopwatch_start();
	is_match = match(text, &steps);
	ledger_add(&ledger[entry], &started);
	http_reply_printf(exchange->reply, 200, "text/plain", "%s, %" PRIu64 " steps\n",
			  is_match ? "match" : "no match", steps);
}

static void regex_route(struct exchange *exchange)
{
	answer_match(exchange, ENTRY_REGEX, match_backtracking);
}

static void fixed_regex_route(struct exchange *exchange)
{
	answer_match(exchange, ENTRY_REGEX_FIXED, match_linear);
}

/* --- /compute ----------------------------------------------------------------------------------
 */

static void answer_digest(struct exchange *exchange, enum entry entry, uint64_t (*digest)(void))
{
	struct stopwatch started = stopwatch_start();
	uint64_t tag = digest();

	ledger_add(&ledger[entry], &started);
	http_reply_printf(exchange->reply, 200, "text/plain", "tag %016" PRIx64 "\n", tag);
}

static void compute_route(struct exchange *exchange)
{
	answer_digest(exchange, ENTRY_COMPUTE, digest_again);
}

static void fixed_compute_route(struct exchange *exchange)
{
	answer_digest(exchange, ENTRY_COMPUTE_FIXED, digest_cached);
}

/* --- /truth ------------------------------------------------------------------------------------
 */

static void print_truth(FILE *out)
{
	(void)fputs("{\"routes\":", out);
	ledger_print(ledger, ENTRIES, out);
	(void)fputs(",\"mix\":", out);
	mix_print(out);
	(void)fputs(",\"off_cpu\":", out);
	off_cpu_print(out);
	(void)fputs("}\n", out);
}

/* --- life --------------------------------------------------------------------------------------
 */

static int set_directory(const char *value)
{
	directory = value;
	return 0;
}

static int start(struct server *server)
{
	int err = sync_io_start(directory);

	if (err) {
		(void)fprintf(stderr, "busy-server: files in %s: %s\n", directory, strerror(-err));
		return err;
	}
	err = catalog_start();
	if (!err)
		err = off_cpu_start();
	if (err) {
		(void)fprintf(stderr, "busy-server: start: %s\n", strerror(-err));
		return err;
	}
	digest_start();
	if (mix_is_set())
		mix_start(server);
	return 0;
}

static void report(FILE *out)
{
	off_cpu_stop();
	sync_io_stop();
	print_truth(out);
}

static const struct server_route routes[] = {
	{ "GET", "/sync-io", sync_io_route }, { "GET", "/fixed/sync-io", fixed_sync_io_route },
	{ "GET", "/json", json_route },	      { "GET", "/fixed/json", fixed_json_route },
	{ "GET", "/regex", regex_route },     { "GET", "/fixed/regex", fixed_regex_route },
	{ "GET", "/compute", compute_route }, { "GET", "/fixed/compute", fixed_compute_route },
};

static const struct server_option options[] = {
	{ "burn", NULL, "busy by itself: hash_body 40 %, sort_results 30 %, ...", mix_use_default },
	{ "mix", "NAME=SHARE,...", "the same with these shares, in whole per cent", mix_set },
	{ "off-cpu", NULL, "a thread that sleeps 40 %, is blocked 30 %, computes 30 %",
	  off_cpu_use },
	{ "dir", "DIRECTORY", "where /sync-io has its files (default /var/tmp)", set_directory },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "busy-server",
		.summary = "An HTTP server with four classic CPU problems, one per route.",
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
