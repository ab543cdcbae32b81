// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Full jitter: clients that failed together do not come back together. */
#include "backoff.h"

uint64_t backoff_ns(const struct backoff *backoff, unsigned int retry, uint32_t random)
{
	uint64_t longest = backoff->base_ns;

	while (retry-- && longest < backoff->cap_ns)
		longest *= 2;
	if (longest > backoff->cap_ns)
		longest = backoff->cap_ns;
	return (uint64_t)((double)longest * ((double)random / (double)UINT32_MAX));
}
