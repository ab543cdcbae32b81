/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the stacks-* programs share: they allocate from one place after the other until they are
 * killed, so that somebody can look at the stack at each malloc. tests/live/gate.h holds them.
 */
#ifndef TESTS_LIVE_STACKS_H
#define TESTS_LIVE_STACKS_H

#include "gate.h"

#include <time.h>

/* A program that was forgotten ends by itself. */
#define STACKS_MAX_SECONDS 900

/* One malloc, in the frame of whoever says it; the compiler must not know that it is for nothing.
 */
static inline __attribute__((always_inline)) void stacks_touch(size_t size)
{
	void *block = malloc(size);

	__asm__ volatile("" : : "r"(block) : "memory");
	free(block);
}

/* The call before it is no tail call, what @at points to is in memory. */
static inline __attribute__((always_inline)) void stacks_keep(const void *at)
{
	__asm__ volatile("" : : "r"(at) : "memory");
}

/* Between two cases. */
static inline void stacks_rest(void)
{
	struct timespec now, rest = { 0, 500 * 1000 };
	static time_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!end)
		end = now.tv_sec + STACKS_MAX_SECONDS;
	if (now.tv_sec > end)
		_exit(0);
	nanosleep(&rest, NULL);
}

#endif
