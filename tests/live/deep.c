// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A function that is called at the bottom of a stack of a chosen depth: what walking that stack
 * costs. Each line on standard input, "DEPTH CALLS", is answered by one JSON line with the CPU time
 * of a call. An empty line ends it. The stack, with what the kernel puts on it (environment), is
 * about as large as the piece of it that perf copies with a sample.
 */
#include "gate.h"

#include <time.h>

#define STACK_BYTES 10240
#define WORK	    32 /* what a call does, about as many nanoseconds */

/* The probe is here. */
SITE unsigned int probed(unsigned int value)
{
	for (unsigned int i = 0; i < WORK; i++) {
		value = value * 1664525u + 1013904223u;
		__asm__ volatile("" : "+r"(value));
	}
	return value;
}

static SITE unsigned int call(uint64_t calls)
{
	unsigned int value = 1;

	for (uint64_t i = 0; i < calls; i++)
		value = probed(value);
	return value;
}

static SITE unsigned int descend(unsigned int depth, uint64_t calls)
{
	unsigned int value = depth ? descend(depth - 1, calls) : call(calls);

	__asm__ volatile("" : "+r"(value)); /* something to return to: no jump */
	return value + 1;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void measure(unsigned int depth, uint64_t calls)
{
	uint64_t began = cpu_ns();

	(void)descend(depth, calls);
	printf("{\"depth\":%u,\"calls\":%llu,\"ns_per_call\":%.3f}\n", depth,
	       (unsigned long long)calls, (double)(cpu_ns() - began) / (double)calls);
	fflush(stdout);
}

int main(void)
{
	volatile char below[STACK_BYTES];
	char line[64], *at;
	uint64_t depth, calls;

	below[0] = below[sizeof(below) - 1] = 0;
	gate_ready();
	for (;;) {
		gate_line(line, sizeof(line));
		if (line[0] == '\0')
			return below[0];
		at = line;
		depth = number_or(strsep(&at, " "), 0);
		calls = number_or(at, 0);
		if (depth > 1000 || !calls)
			return 2;
		measure((unsigned int)depth, calls);
	}
}
