// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Bucket arithmetic: values under 16 have a bucket each; above, the top bit gives the power of two
 * and the next HIST_SUB_BITS bits the bucket inside it.
 */
#include "profile/hist.h"

#include <stddef.h>

#define SUB (1U << HIST_SUB_BITS)

static size_t bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < SUB)
		return value;
	shift = 63 - (unsigned int)__builtin_clzll(value) - HIST_SUB_BITS;
	return ((size_t)(shift + 1) << HIST_SUB_BITS) | ((value >> shift) & (SUB - 1));
}

static uint64_t lower_bound(size_t bucket)
{
	if (bucket < SUB)
		return bucket;
	return (uint64_t)(SUB | (bucket & (SUB - 1))) << ((bucket >> HIST_SUB_BITS) - 1);
}

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
	h->buckets[bucket_of(value)]++;
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
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen && (double)seen >= want)
			return lower_bound(i) > h->min ? lower_bound(i) : h->min;
	}
	return h->max;
}
