/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Timers, as a pairing heap threaded through the timers themselves: nothing is allocated, start is
 * O(1), cancel and expiry O(log n) amortised. Times are CLOCK_MONOTONIC nanoseconds.
 */
#ifndef EXAMPLE_TIMERS_H
#define EXAMPLE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS  1000000ULL
#define NS_PER_SEC 1000000000ULL

/* Owned by the caller, who sets the first three and keeps it in place while it runs. */
struct timer {
	void (*expired)(struct timer *timer); /* may start, cancel or release this timer */
	void *ctx;
	uint64_t period_ns; /* 0: fires once */

	uint64_t deadline_ns;
	bool is_running;
	struct timer *child; /* first of those that fire later */
	struct timer *next;  /* sibling */
	struct timer *prev;  /* sibling before, parent of a first child */
};

struct timers {
	struct timer *first; /* the earliest, NULL when none runs */
};

/* (Re)starts @timer. */
void timers_start(struct timers *timers, struct timer *timer, uint64_t deadline_ns);

/* Nothing when it does not run. */
void timers_cancel(struct timers *timers, struct timer *timer);

/* Calls what is due at @now_ns; a periodic timer is started again before its call. */
void timers_run(struct timers *timers, uint64_t now_ns);

#endif
