// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts and times of a run, printed as JSON. */
#include "results.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define DIGITS_KEPT 1000 /* three: what is printed differs by less than 1 % from what was */

static const char *const failure_names[FAILURES] = {
	[FAILURE_CONNECT] = "connect", [FAILURE_TIMEOUT] = "timeout",
	[FAILURE_RESET] = "reset",     [FAILURE_MALFORMED] = "malformed",
	[FAILURE_4XX] = "status_4xx",  [FAILURE_5XX] = "status_5xx",
};

int results_init(struct results *results, size_t count)
{
	results->latency = (struct times){ calloc(count, sizeof(uint32_t)), 0, count };
	results->late = (struct times){ calloc(count, sizeof(uint32_t)), 0, count };
	return results->latency.us && results->late.us ? 0 : -ENOMEM;
}

void results_done(struct results *results)
{
	free(results->latency.us);
	free(results->late.us);
}

void times_add(struct times *times, uint64_t ns)
{
	uint64_t us = ns / 1000;

	if (times->count < times->size)
		times->us[times->count++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t rounded(uint32_t us)
{
	uint32_t unit = 1;

	while (us / unit >= DIGITS_KEPT)
		unit *= 10;
	return us / unit * unit;
}

/* [[microseconds, count], ...], upwards. */
static void print_pairs(const struct times *times, FILE *out)
{
	size_t end;

	(void)fputc('[', out);
	for (size_t i = 0; i < times->count; i = end) {
		uint32_t us = rounded(times->us[i]);

		end = i + 1;
		while (end < times->count && rounded(times->us[end]) == us)
			end++;
		(void)fprintf(out, "%s[%" PRIu32 ",%zu]", i ? "," : "", us, end - i);
	}
	(void)fputc(']', out);
}

static void print_times(const char *name, struct times *times, FILE *out)
{
	qsort(times->us, times->count, sizeof(times->us[0]), by_size);
	(void)fprintf(out, ",\"%s_max_us\":%" PRIu32 ",\"%s_us\":", name,
		      times->count ? times->us[times->count - 1] : 0, name);
	print_pairs(times, out);
}

void results_print(struct results *results, FILE *out)
{
	(void)fprintf(out, "\"answered\":%" PRIu64 ",\"all_answered\":%" PRIu64 ",\"errors\":{",
		      results->answered, results->all_answered);
	for (size_t i = 0; i < FAILURES; i++)
		(void)fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "", failure_names[i],
			      results->failures[i]);
	(void)fputc('}', out);
	print_times("latency", &results->latency, out);
	print_times("late", &results->late, out);
}
