// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names, sums and labels that text, JSON and folded output must agree on. */
#include "report/leak_report_parts.h"

#include <math.h>
#include <string.h>

#define COUNTER(field)                                                                             \
	{                                                                                          \
#field, offsetof(struct leak_counts, field), NULL                                  \
	}
#define LOSS(field, meaning)                                                                       \
	{                                                                                          \
#field, offsetof(struct leak_counts, field), meaning                               \
	}

const struct leak_counter leak_counters[LEAK_COUNTER_COUNT] = {
	COUNTER(allocs),
	COUNTER(alloc_bytes),
	COUNTER(frees),
	COUNTER(free_bytes),
	COUNTER(frees_before_attach),
	COUNTER(failed_allocs),
	COUNTER(filtered),
	COUNTER(nested),
	COUNTER(hits),
	LOSS(lost_blocks, "blocks not recorded: table full, or a C++ new of over 64 MiB"),
	LOSS(lost_stacks, "blocks recorded without their stack"),
	LOSS(lost_threads, "calls of threads for which there was no room"),
	LOSS(lost_frees, "frees not seen: the address was handed out again"),
	LOSS(lost_returns, "allocator calls that never returned (exception, longjmp)"),
	LOSS(lost_reads, "reads of the target's memory that failed"),
	LOSS(lost_events, "process or mapping events dropped"),
	LOSS(missed_runs, "probe hits the kernel skipped (recursion)"),
};
_Static_assert(sizeof(struct leak_counts) == LEAK_COUNTER_COUNT * sizeof(uint64_t),
	       "a counter of struct leak_counts is missing above");

uint64_t leak_counter_of(const struct leak_counts *counts, const struct leak_counter *counter)
{
	uint64_t value;

	memcpy(&value, (const char *)counts + counter->offset, sizeof(value));
	return value;
}

struct leak_counts leak_report_counts(const struct leak_report *r)
{
	struct leak_counts sum = { 0 };

	for (size_t i = 0; i < r->target_count; i++)
		leak_counts_add(&sum, &r->targets[i].counts);
	return sum;
}

struct stack_counts leak_report_stacks(const struct leak_report *r)
{
	struct stack_counts sum = { 0 };

	for (size_t i = 0; i < r->target_count; i++)
		stack_counts_add(&sum, &r->targets[i].stacks);
	return sum;
}

const struct leak_target *leak_report_target(const struct leak_report *r, pid_t pid)
{
	for (size_t i = 0; i < r->target_count; i++)
		if (r->targets[i].pid == pid)
			return &r->targets[i];
	return NULL;
}

int64_t leak_per_minute(uint64_t interval_ns, double slope_bytes)
{
	const double limit = 9e18; /* inside int64_t */
	double per_minute = interval_ns ? slope_bytes * 60e9 / (double)interval_ns : 0;

	return llround(fmax(-limit, fmin(per_minute, limit)));
}

void leak_counts_json(const struct leak_counts *counts, struct json *j)
{
	for (int losses = 0; losses < 2; losses++) {
		json_key(j, losses ? "lost" : "counts");
		json_object(j);
		for (size_t i = 0; i < LEAK_COUNTER_COUNT; i++)
			if (!leak_counters[i].meaning == !losses)
				json_key_u64(j, leak_counters[i].name,
					     leak_counter_of(counts, &leak_counters[i]));
		json_end(j);
	}
}

void leak_losses_text(const struct leak_counts *counts, FILE *out)
{
	for (size_t i = 0; i < LEAK_COUNTER_COUNT; i++) {
		uint64_t value = leak_counter_of(counts, &leak_counters[i]);

		if (leak_counters[i].meaning && value)
			(void)fprintf(out, "  %-14s %10ju  %s\n", leak_counters[i].name,
				      (uintmax_t)value, leak_counters[i].meaning);
	}
}
