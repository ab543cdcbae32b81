/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A circuit breaker: after some failures in a row nobody calls, for a while; then one call tries.
 * It knows no clock: the times are the caller's.
 */
#ifndef EXAMPLE_BREAKER_H
#define EXAMPLE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state {
	BREAKER_CLOSED,	   /* calls go through */
	BREAKER_OPEN,	   /* none does */
	BREAKER_HALF_OPEN, /* one is trying */
};

/* The caller sets the first two; the rest zeroed is closed. */
struct breaker {
	unsigned int failures_to_open; /* in a row */
	uint64_t open_ns;	       /* for so long, then one call tries */

	enum breaker_state state;
	unsigned int failures; /* in a row */
	uint64_t opened;       /* how often */
	uint64_t until_ns;     /* open */
};

/* May the caller call? When it may, it says afterwards how that went. */
bool breaker_allows(struct breaker *breaker, uint64_t now_ns);
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker, uint64_t now_ns);

/* "closed", "open", "half-open" */
const char *breaker_word(const struct breaker *breaker);

#endif
