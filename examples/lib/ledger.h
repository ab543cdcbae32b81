/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What functions have cost the thread that calls them: CPU time as the kernel accounts it
 * (CLOCK_THREAD_CPUTIME_ID: user and system, no waiting) and time on the wall. One clock read costs
 * some 0.3 us, so what is measured should take some 0.1 ms or more.
 */
#ifndef EXAMPLE_LEDGER_H
#define EXAMPLE_LEDGER_H

#include <stdint.h>
#include <stdio.h>

struct stopwatch {
	uint64_t cpu_ns;
	uint64_t wall_ns;
};

struct ledger_entry {
	const char *function;
	const char *route;
	uint64_t calls;
	struct stopwatch spent;
};

uint64_t thread_cpu_ns(void);
uint64_t wall_ns(void);

struct stopwatch stopwatch_start(void);

/* Since @started, on the same thread. */
struct stopwatch stopwatch_read(const struct stopwatch *started);

/* One call of the entry's function, begun at @started, is over. */
void ledger_add(struct ledger_entry *entry, const struct stopwatch *started);

/* A JSON array. */
void ledger_print(const struct ledger_entry *entries, size_t count, FILE *out);

/* @part of @whole in per cent; 0 of nothing. */
double share_pct(uint64_t part, uint64_t whole);

#endif
