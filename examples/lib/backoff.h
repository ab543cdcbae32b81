/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long to wait before trying again: exponential, with full jitter. */
#ifndef EXAMPLE_BACKOFF_H
#define EXAMPLE_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint64_t base_ns; /* the longest wait before the first retry */
	uint64_t cap_ns;  /* of any wait */
};

/* Retry number @retry, from 0: anything up to base * 2^retry, at most cap; @random chooses. */
uint64_t backoff_ns(const struct backoff *backoff, unsigned int retry, uint32_t random);

#endif
