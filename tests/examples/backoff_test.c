// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Waits between retries: their bounds, and that chance has all of what is between. */
#include "backoff.h"

#include "tap.h"

int main(void)
{
	static const struct backoff backoff = { .base_ns = 100, .cap_ns = 1000 };
	static const uint64_t longest[] = { 100, 200, 400, 800, 1000, 1000 };

	for (unsigned int i = 0; i < sizeof(longest) / sizeof(*longest); i++) {
		is_int(backoff_ns(&backoff, i, UINT32_MAX), longest[i], "retry %u, at most", i);
		is_int(backoff_ns(&backoff, i, 0), 0, "retry %u, at least", i);
		is_int(backoff_ns(&backoff, i, UINT32_MAX / 2), (longest[i] - 1) / 2,
		       "retry %u, in the middle", i);
	}
	is_int(backoff_ns(&backoff, UINT32_MAX, UINT32_MAX), 1000, "a retry without end: the cap");
	is_int(backoff_ns(&(struct backoff){ .base_ns = 5000, .cap_ns = 1000 }, 0, UINT32_MAX),
	       1000, "a base above the cap");
	return tap_done();
}
