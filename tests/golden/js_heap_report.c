// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints one of a few fixed reports of mem-watch --js-heap: js_heap_report CASE FORMAT. What comes
 * out is compared with the files beside this one.
 */
#include "report/js_heap_report.h"

#include <stdio.h>
#include <string.h>

#define SECOND	 1000000000ull
#define START_NS (1795415174 * SECOND)

static struct js_heap_row rows[] = {
	{ "UserSession",
	  { { 120000, 4800000, 40000, 1600000 }, { 80000, 3200000, 50000, 2000000 } } },
	{ "(array)", { { 9000, 900000, 8000, 800000 }, { 9100, 910000, 8100, 810000 } } },
	{ "Object", { { 700, 28000, 700, 28000 }, { 700, 28000, 700, 28000 } } },
	{ "Gone", { { 10, 400, 10, 400 }, { 0, 0, 0, 0 } } },
	{ "\\x1b[2J<b>&\"a name that goes on and on and on, longer than there is room for",
	  { { 1, 40, 1, 40 }, { 1, 40, 1, 40 } } },
};

static struct js_heap value = {
	.version = "0.0.0",
	.pid = 4242,
	.name = "node",
	.exe = "/usr/bin/node",
	.v8_major = 13,
	.v8_minor = 6,
	.readings = { { .time_ns = START_NS,
			.pause_ns = 31400000,
			.took_ns = 182000000,
			.heaps = 1,
			.attempts = 1,
			.page_count = 84,
			.total_bytes = 21000000,
			.code_bytes = 262144,
			.free_bytes = 12000000,
			.unknown_bytes = 840,
			.roots_bytes = 9000000,
			.all = { 129711, 5728440, 48711, 2428440 } },
		      { .time_ns = START_NS + 60 * SECOND,
			.pause_ns = 48800000,
			.took_ns = 240000000,
			.heaps = 3,
			.attempts = 2,
			.page_count = 84,
			.total_bytes = 21000000,
			.code_bytes = 262144,
			.free_bytes = 12000000,
			.unknown_bytes = 81920,
			.roots_bytes = 9000000,
			.all = { 89801, 4138040, 58801, 2838040 } } },
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(*rows),
	.own_rss_bytes = 40000000,
	.own_cpu_ns = 139000000,
};

static bool make(const char *name)
{
	value.reading_count = strcmp(name, "one") == 0 ? 1 : 2;
	if (strcmp(name, "calm") == 0)
		for (size_t i = 0; i < value.row_count; i++)
			rows[i].at[1] = rows[i].at[0];
	js_heap_order(&value);
	return strcmp(name, "one") == 0 || strcmp(name, "two") == 0 || strcmp(name, "calm") == 0;
}

int main(int argc, char **argv)
{
	if (argc != 3 || !make(argv[1]))
		return 2;
	if (strcmp(argv[2], "json") == 0)
		return js_heap_report_json(&value, stdout) ? 1 : 0;
	return js_heap_report_text(&value, 4, stdout) ? 1 : 0;
}
