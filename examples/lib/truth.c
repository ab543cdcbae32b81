// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ledger of the allocation sites and its JSON. */
#include "truth.h"

#include <inttypes.h>
#include <stdint.h>

struct site {
	const char *function;
	const char *route;
	uint64_t bytes;
	uint64_t blocks;
	uint64_t allocs; /* calls that returned a block, realloc included */
};

/* One ledger for the whole process is the point: the sites are spread over routes. */
static struct site sites[SITE_COUNT] = {
	[SITE_GLOBAL_HISTORY_APPEND] = { "global_history_append", "/global", 0, 0, 0 },
	[SITE_LISTENER_ADD] = { "listener_add", "/listener", 0, 0, 0 },
	[SITE_STRDUP] = { "strdup", "/listener", 0, 0, 0 },
	[SITE_CLOSURE_CAPTURE] = { "closure_capture", "/closure", 0, 0, 0 },
	[SITE_TIMER_START] = { "timer_start", "/timer", 0, 0, 0 },
	[SITE_CACHE_PUT] = { "cache_put", "/cache", 0, 0, 0 },
	[SITE_CACHE_VALUE_GROW] = { "cache_value_grow", "/cache", 0, 0, 0 },
	[SITE_CLEAN_WORK] = { "clean_work", "/clean", 0, 0, 0 },
};

void truth_alloc(enum truth_site site, size_t bytes)
{
	truth_realloc(site, 0, bytes);
}

void truth_free(enum truth_site site, size_t bytes)
{
	sites[site].bytes -= bytes;
	sites[site].blocks--;
}

void truth_realloc(enum truth_site site, size_t old_bytes, size_t new_bytes)
{
	sites[site].bytes += new_bytes - old_bytes;
	sites[site].blocks += !old_bytes;
	sites[site].allocs++;
}

static int write_site(const struct site *site, const char *separator, char *out, size_t size)
{
	return snprintf(out, size,
			"%s{\"site\":\"%s\",\"route\":\"%s\",\"bytes\":%" PRIu64
			",\"blocks\":%" PRIu64 ",\"allocs\":%" PRIu64 "}",
			separator, site->function, site->route, site->bytes, site->blocks,
			site->allocs);
}

/* Eight sites of fixed names and three numbers each: at most 1,200 bytes of @out's 4,096. */
static void write_json(char out[HTTP_BODY_MAX])
{
	uint64_t bytes = 0;
	uint64_t blocks = 0;
	int len = snprintf(out, HTTP_BODY_MAX, "{\"sites\":[");

	for (size_t i = 0; i < SITE_COUNT; i++) {
		len += write_site(&sites[i], i ? "," : "", out + len, HTTP_BODY_MAX - (size_t)len);
		bytes += sites[i].bytes;
		blocks += sites[i].blocks;
	}
	(void)snprintf(out + len, HTTP_BODY_MAX - (size_t)len,
		       "],\"total_bytes\":%" PRIu64 ",\"total_blocks\":%" PRIu64 "}", bytes,
		       blocks);
}

void truth_route(struct exchange *exchange)
{
	char json[HTTP_BODY_MAX];

	write_json(json);
	http_reply_printf(exchange->reply, 200, "application/json", "%s\n", json);
}

void truth_report(FILE *out)
{
	char json[HTTP_BODY_MAX];

	write_json(json);
	(void)fprintf(out, "%s\n", json);
}
