// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Three states, moved by what the caller says. */
#include "breaker.h"

bool breaker_allows(struct breaker *breaker, uint64_t now_ns)
{
	if (breaker->state == BREAKER_OPEN && now_ns >= breaker->until_ns) {
		breaker->state = BREAKER_HALF_OPEN;
		return true;
	}
	return breaker->state == BREAKER_CLOSED;
}

void breaker_succeeded(struct breaker *breaker)
{
	breaker->state = BREAKER_CLOSED;
	breaker->failures = 0;
}

void breaker_failed(struct breaker *breaker, uint64_t now_ns)
{
	breaker->failures++;
	if (breaker->state == BREAKER_CLOSED && breaker->failures < breaker->failures_to_open)
		return;
	breaker->state = BREAKER_OPEN;
	breaker->until_ns = now_ns + breaker->open_ns;
	breaker->opened++;
}

const char *breaker_word(const struct breaker *breaker)
{
	switch (breaker->state) {
	case BREAKER_OPEN:
		return "open";
	case BREAKER_HALF_OPEN:
		return "half-open";
	default:
		return "closed";
	}
}
