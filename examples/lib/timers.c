// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A pairing heap of timers: every timer fires no later than its children. */
#include "timers.h"

#include <stddef.h>

/* Makes one heap of two; either may be NULL. */
static struct timer *merge(struct timer *a, struct timer *b)
{
	struct timer *first = a;
	struct timer *later = b;

	if (!a || !b)
		return a ? a : b;
	if (b->deadline_ns < a->deadline_ns) {
		first = b;
		later = a;
	}
	later->prev = first;
	later->next = first->child;
	if (later->next)
		later->next->prev = later;
	first->child = later;
	first->next = NULL;
	first->prev = NULL;
	return first;
}

/* One heap of a list of siblings: merged in pairs, then the pairs from last to first. */
static struct timer *merge_siblings(struct timer *list)
{
	struct timer *pairs = NULL;
	struct timer *heap = NULL;

	while (list) {
		struct timer *a = list;
		struct timer *b = a->next;
		struct timer *pair;

		list = b ? b->next : NULL;
		a->next = NULL;
		pair = merge(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct timer *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		heap = merge(heap, pair);
	}
	if (heap)
		heap->prev = NULL;
	return heap;
}

void timers_start(struct timers *timers, struct timer *timer, uint64_t deadline_ns)
{
	timers_cancel(timers, timer);
	timer->deadline_ns = deadline_ns;
	timer->is_running = true;
	timers->first = merge(timers->first, timer);
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
	struct timer *children;

	if (!timer->is_running)
		return;
	children = merge_siblings(timer->child);
	if (timer == timers->first) {
		timers->first = children;
	} else {
		if (timer->prev->child == timer)
			timer->prev->child = timer->next;
		else
			timer->prev->next = timer->next;
		if (timer->next)
			timer->next->prev = timer->prev;
		timers->first = merge(timers->first, children);
	}
	timer->is_running = false;
	timer->child = NULL;
	timer->next = NULL;
	timer->prev = NULL;
}

void timers_run(struct timers *timers, uint64_t now_ns)
{
	while (timers->first && timers->first->deadline_ns <= now_ns) {
		struct timer *timer = timers->first;

		timers_cancel(timers, timer);
		if (timer->period_ns)
			timers_start(timers, timer, now_ns + timer->period_ns);
		timer->expired(timer);
	}
}
