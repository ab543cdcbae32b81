/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Log-linear histogram of 64-bit values: 16 sub-buckets per power of two, so a quantile is at most
 * 6.25 % below its true value (values under 16 are exact); sum, count, min and max are exact.
 */
#ifndef PROFILE_HIST_H
#define PROFILE_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 4
#define HIST_BUCKETS  ((64 - HIST_SUB_BITS + 1) << HIST_SUB_BITS)

struct hist {
	uint64_t count, sum, min, max; /* min and max only when count > 0 */
	uint32_t buckets[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);

/* Lower bound (or the smallest value, if larger) of the first bucket with at least @q (0..1) of the
 * values in it or below; 0 when empty.
 */
uint64_t hist_quantile(const struct hist *h, double q);

#endif
