// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The mean of a bucket stands for its values: with counts and sums, whole buckets are exact. */
#include "profile/loop_hist.h"

#include <math.h>
#include <stdbool.h>

#define LAST (LOOP_HIST_BUCKETS - 1)

void loop_hist_add(struct loop_hist *h, uint64_t value_ns, uint64_t at_ns)
{
	uint32_t bucket = log_bucket(value_ns, LOOP_HIST_SUB_BITS);

	bucket = bucket < LAST ? bucket : LAST;
	h->buckets[bucket].count++;
	h->buckets[bucket].sum += value_ns;
	h->count++;
	h->sum += value_ns;
	if (h->count == 1 || value_ns > h->max) {
		h->max = value_ns;
		h->max_at_ns = at_ns;
	}
}

/* The largest that bucket @i can have held since; the last has no end. */
static uint64_t upper_bound(const struct loop_hist *h, const struct loop_hist *since, uint32_t i)
{
	uint64_t high;

	if (since->buckets[i].count == 1)
		return since->buckets[i].sum;
	high = i < LAST ? log_bucket_low(i + 1, LOOP_HIST_SUB_BITS) - 1 : h->max;
	return high < h->max ? high : h->max;
}

void loop_hist_since(const struct loop_hist *h, const struct loop_hist *earlier,
		     struct loop_hist *ret)
{
	bool is_new_max = h->max > earlier->max || h->max_at_ns != earlier->max_at_ns;
	uint32_t highest = 0;

	for (uint32_t i = 0; i < LOOP_HIST_BUCKETS; i++) {
		ret->buckets[i].count = h->buckets[i].count - earlier->buckets[i].count;
		ret->buckets[i].sum = h->buckets[i].sum - earlier->buckets[i].sum;
		highest = ret->buckets[i].count ? i : highest;
	}
	ret->count = h->count - earlier->count;
	ret->sum = h->sum - earlier->sum;
	ret->max = 0;
	ret->max_at_ns = 0;
	if (is_new_max) {
		ret->max = h->max;
		ret->max_at_ns = h->max_at_ns;
	} else if (ret->count) {
		ret->max = upper_bound(h, ret, highest);
	}
}

uint64_t loop_hist_quantile(const struct loop_hist *h, double q)
{
	double want = q * (double)h->count;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < LOOP_HIST_BUCKETS; i++) {
		uint64_t mean = h->buckets[i].count ? h->buckets[i].sum / h->buckets[i].count : 0;

		seen += h->buckets[i].count;
		if (seen && (double)seen >= want)
			return mean < h->max ? mean : h->max;
	}
	return h->max;
}

/*
 * Where S - x N is @target, when S and N grow from those of the buckets above (@sum, @count) by
 * what is in bucket @i: its values lie at their mean, and count for the x below it.
 */
static double solve(const struct loop_hist *h, uint32_t i, double sum, double count, double target)
{
	double bucket_count = (double)h->buckets[i].count, bucket_sum = (double)h->buckets[i].sum;
	double low = (double)log_bucket_low(i, LOOP_HIST_SUB_BITS), x;

	x = (sum + bucket_sum - target) / (count + bucket_count);
	if (count > 0 && x * bucket_count > bucket_sum)
		x = (sum - target) / count;
	return x > low ? x : low;
}

uint64_t loop_hist_lag_quantile(const struct loop_hist *h, uint64_t window_ns, double q)
{
	double window = window_ns > h->sum ? (double)window_ns : (double)h->sum;
	double target = (1 - q) * window, sum = 0, count = 0, x = 0;

	/* from the top, until more than the target is above the lower bound of a bucket */
	for (uint32_t i = LOOP_HIST_BUCKETS; i-- > 0;) {
		double low = (double)log_bucket_low(i, LOOP_HIST_SUB_BITS);
		double with_sum = sum + (double)h->buckets[i].sum;
		double with_count = count + (double)h->buckets[i].count;

		if (with_count > 0 && with_sum - low * with_count >= target) {
			x = solve(h, i, sum, count, target);
			break;
		}
		sum = with_sum;
		count = with_count;
	}
	return x < (double)h->max ? (uint64_t)round(x) : h->max;
}
