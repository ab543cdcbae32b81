// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two clocks around a call, and what they add up to. */
#include "ledger.h"

#include <inttypes.h>
#include <time.h>

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now); /* cannot fail with these clocks */
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

uint64_t thread_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

struct stopwatch stopwatch_start(void)
{
	return (struct stopwatch){ .cpu_ns = thread_cpu_ns(), .wall_ns = wall_ns() };
}

struct stopwatch stopwatch_read(const struct stopwatch *started)
{
	return (struct stopwatch){
		.cpu_ns = thread_cpu_ns() - started->cpu_ns,
		.wall_ns = wall_ns() - started->wall_ns,
	};
}

void ledger_add(struct ledger_entry *entry, const struct stopwatch *started)
{
	struct stopwatch spent = stopwatch_read(started);

	entry->calls++;
	entry->spent.cpu_ns += spent.cpu_ns;
	entry->spent.wall_ns += spent.wall_ns;
}

void ledger_print(const struct ledger_entry *entries, size_t count, FILE *out)
{
	(void)fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		const struct ledger_entry *entry = &entries[i];

		(void)fprintf(out,
			      "%s{\"function\":\"%s\",\"route\":\"%s\",\"calls\":%" PRIu64
			      ",\"cpu_ns\":%" PRIu64 ",\"wall_ns\":%" PRIu64 "}",
			      i ? "," : "", entry->function, entry->route, entry->calls,
			      entry->spent.cpu_ns, entry->spent.wall_ns);
	}
	(void)fputc(']', out);
}

double share_pct(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}
