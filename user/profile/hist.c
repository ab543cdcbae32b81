// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Buckets as abi/log_buckets.h has them; a quantile is the lower bound of one. */
#include "profile/hist.h"

#include "abi/log_buckets.h"

#include <stddef.h>

static void widen(struct hist *h, uint64_t min, uint64_t max)
{
	if (!h->count || min < h->min)
		h->min = min;
	if (!h->count || max > h->max)
		h->max = max;
}

void hist_add(struct hist *h, uint64_t value)
{
	widen(h, value, value);
	h->count++;
	h->sum += value;
	h->buckets[log_bucket(value, HIST_SUB_BITS)]++;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	if (!from->count)
		return;
	widen(into, from->min, from->max);
	into->count += from->count;
	into->sum += from->sum;
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	double want = q * (double)h->count;
	uint64_t seen = 0;

	if (!h->count)
		return 0;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		uint64_t low = log_bucket_low(i, HIST_SUB_BITS);

		seen += h->buckets[i];
		if (seen && (double)seen >= want)
			return low > h->min ? low : h->min;
	}
	return h->max;
}
