// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a malloc(64)+free pair costs in CPU time of this process. Each line on standard input,
 * "THREADS DEPTH PAIRS", is one measurement, answered by one JSON line; so a tracer can be switched
 * on and off between lines. DEPTH is the number of frames under the call. An empty line ends it.
 */
#include "gate.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#define MAX_THREADS 64

struct phase {
	unsigned int threads, depth;
	uint64_t pairs; /* per thread */
};

static SITE void *opaque(void *at)
{
	return at;
}

/*
 * Taking the frame's address makes a function keep a frame pointer, and keep its hands off rbp: a
 * walk by frame pointers passes through all of them.
 */
static SITE void pairs_here(uint64_t pairs)
{
	opaque(__builtin_frame_address(0));
	for (uint64_t i = 0; i < pairs; i++)
		free(opaque(malloc(64)));
}

static SITE void pairs_below(unsigned int depth, uint64_t pairs)
{
	if (depth > 0)
		pairs_below(depth - 1, pairs);
	else
		pairs_here(pairs);
	opaque(__builtin_frame_address(0)); /* after the call, which so cannot become a jump */
}

static void *run_thread(void *arg)
{
	const struct phase *phase = arg;

	pairs_below(phase->depth, phase->pairs);
	return NULL;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void measure(struct phase *phase)
{
	uint64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID), wall = now_ns(CLOCK_MONOTONIC);
	double pairs = (double)phase->pairs * phase->threads;
	pthread_t threads[MAX_THREADS];

	for (unsigned int i = 0; i < phase->threads; i++)
		if (pthread_create(&threads[i], NULL, run_thread, phase))
			_exit(8);
	for (unsigned int i = 0; i < phase->threads; i++)
		pthread_join(threads[i], NULL);
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = now_ns(CLOCK_MONOTONIC) - wall;
	printf("{\"threads\":%u,\"depth\":%u,\"pairs\":%.0f,\"ns_per_pair\":%.2f,"
	       "\"pairs_per_second\":%.0f}\n",
	       phase->threads, phase->depth, pairs, (double)cpu / pairs,
	       pairs * 1e9 / (double)wall);
	fflush(stdout);
}

/* "THREADS DEPTH PAIRS", PAIRS being the sum over all threads. */
static bool parse_phase(char *line, struct phase *ret_phase)
{
	char *at = line;
	uint64_t threads = number_or(strsep(&at, " "), 0);
	uint64_t depth = number_or(strsep(&at, " "), 0);
	uint64_t pairs = number_or(strsep(&at, " "), 0);

	if (!threads || threads > MAX_THREADS || depth > 1000 || pairs < threads)
		return false;
	*ret_phase = (struct phase){ threads, depth, pairs / threads };
	return true;
}

int main(void)
{
	struct phase phase;
	char line[64];

	gate_ready();
	for (;;) {
		gate_line(line, sizeof(line));
		if (line[0] == '\0')
			return 0;
		if (!parse_phase(line, &phase))
			return 2;
		measure(&phase);
	}
}
