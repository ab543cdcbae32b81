// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Quantiles and lags from buckets, against the raw values they were made of. */
#include "profile/loop_hist.h"

#include "tap.h"

#include <math.h>

#define US     1000ull
#define MS     1000000ull
#define SECOND 1000000000ull
#define VALUES 5000

static const double quantiles[] = { 0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1 };

#define QUANTILES (sizeof(quantiles) / sizeof(*quantiles))

/* --- values of many shapes -------------------------------------------------------------------- */

static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Small ones, an even spread over a range, over orders of magnitude, and few long among short. */
static uint64_t value_of(int shape)
{
	switch (shape) {
	case 0:
		return next_random() % 40;
	case 1:
		return 5 * MS + next_random() % (20 * MS);
	case 2:
		return next_random() >> (30 + next_random() % 33);
	case 3:
		return next_random() % 100 ? 50 * US + next_random() % US
					   : 300 * MS + next_random() % SECOND;
	default:
		return 123456789;
	}
}

#define SHAPES 5

static uint64_t values[VALUES];

static int compare_descending(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a < *b) - (*a > *b);
}

/* Values in descending order, their sum, and the histogram of them. */
static uint64_t make(int shape, size_t count, struct loop_hist *h)
{
	uint64_t sum = 0;

	*h = (struct loop_hist){ 0 };
	for (size_t i = 0; i < count; i++) {
		values[i] = value_of(shape);
		sum += values[i];
		loop_hist_add(h, values[i], i);
	}
	qsort(values, count, sizeof(*values), compare_descending);
	return sum;
}

/* --- what is true ----------------------------------------------------------------------------- */

static uint64_t true_quantile(size_t count, double q)
{
	size_t rank = (size_t)ceil(q * (double)count);

	return values[count - (rank ? rank : 1)];
}

/* The x with sum of (v - x) over all v > x = (1 - q) window, by the straight pieces between v. */
static double true_lag(size_t count, uint64_t window_ns, double q)
{
	double target = (1 - q) * (double)window_ns, sum = 0;

	for (size_t i = 0; i < count; i++) {
		double below = i + 1 < count ? (double)values[i + 1] : 0;

		sum += (double)values[i];
		if (sum - below * (double)(i + 1) >= target)
			return (sum - target) / (double)(i + 1);
	}
	return 0;
}

/* At most the width of a bucket apart: a 32nd; below 32 there is one for each value. */
static bool is_near(uint64_t got, double want)
{
	return fabs((double)got - want) <= (want < 64 ? 1 : want / 32);
}

/* --- properties ------------------------------------------------------------------------------- */

static void test_sums(void)
{
	static struct loop_hist h;
	uint64_t sum = make(2, VALUES, &h), bucket_count = 0, bucket_sum = 0;

	for (size_t i = 0; i < LOOP_HIST_BUCKETS; i++) {
		bucket_count += h.buckets[i].count;
		bucket_sum += h.buckets[i].sum;
	}
	is_int(h.count, VALUES, "count");
	is_int(h.sum, sum, "sum");
	is_int(h.max, values[0], "max");
	is_int(bucket_count, VALUES, "counts of the buckets");
	is_int(bucket_sum, sum, "sums of the buckets");
}

static void test_quantiles(void)
{
	static struct loop_hist h;

	for (int shape = 0; shape < SHAPES; shape++) {
		size_t wrong = 0;

		for (size_t count = 1; count <= VALUES; count = count * 7 / 2) {
			(void)make(shape, count, &h);
			for (size_t i = 0; i < QUANTILES; i++)
				wrong += !is_near(loop_hist_quantile(&h, quantiles[i]),
						  (double)true_quantile(count, quantiles[i]));
		}
		is_int(wrong, 0, "values of shape %d: every quantile within a bucket", shape);
	}
}

static void test_lags(void)
{
	static const double busy[] = { 1, 0.9, 0.3, 0.01, 0.0001 };
	static struct loop_hist h;

	for (int shape = 0; shape < SHAPES; shape++) {
		size_t wrong = 0, tried = 0;

		for (size_t count = 1; count <= VALUES; count = count * 7 / 2) {
			uint64_t sum = make(shape, count, &h);

			for (size_t i = 0; i < QUANTILES * 5; i++) {
				uint64_t window_ns = (uint64_t)((double)sum / busy[i % 5]) + 1;
				double q = quantiles[i / 5];

				tried++;
				wrong += !is_near(loop_hist_lag_quantile(&h, window_ns, q),
						  true_lag(count, window_ns, q));
			}
		}
		is_int(wrong, 0, "values of shape %d: %zu lags within a bucket", shape, tried);
	}
}

static void test_order(void)
{
	static struct loop_hist h;
	uint64_t sum = make(3, VALUES, &h);
	size_t falls = 0;
	uint64_t last_quantile = 0, last_lag = 0;

	for (int i = 0; i <= 10000; i++) {
		uint64_t quantile = loop_hist_quantile(&h, i / 10000.0);
		uint64_t lag = loop_hist_lag_quantile(&h, 2 * sum, i / 10000.0);

		falls += quantile < last_quantile || lag < last_lag;
		last_quantile = quantile;
		last_lag = lag;
	}
	is_int(falls, 0, "neither falls as q rises");
	ok(last_quantile <= h.max && last_lag <= h.max, "nor is above the maximum");
}

/* --- the example of the definitions ----------------------------------------------------------- */

/*
 * Two stalls of 500 ms in 10 s, and nothing else: an arrival meets a lag above x with probability 2
 * (500 ms - x) / 10 s. So p90 is 0 (a tenth of the time is stalled), p99 450 ms, p99.9 495 ms. With
 * short iterations in the rest of the time p99 of the iterations sees nothing of it.
 */
static void test_two_stalls(void)
{
	static struct loop_hist h;

	loop_hist_add(&h, 500 * MS, 1);
	loop_hist_add(&h, 500 * MS, 2);
	is_int(loop_hist_lag_quantile(&h, 10 * SECOND, 0.5), 0, "half of the time: no lag");
	is_int(loop_hist_lag_quantile(&h, 10 * SECOND, 0.9), 0, "p90: on the edge");
	is_int(loop_hist_lag_quantile(&h, 10 * SECOND, 0.91), 50 * MS, "p91");
	is_int(loop_hist_lag_quantile(&h, 10 * SECOND, 0.99), 450 * MS, "p99");
	ok(is_near(loop_hist_lag_quantile(&h, 10 * SECOND, 0.999), 495e6), "p99.9");
	is_int(loop_hist_lag_quantile(&h, 9200 * MS, 0.9), 40 * MS, "in 9.2 s: p90");
	is_int(loop_hist_lag_quantile(&h, 9200 * MS, 0.99), 454 * MS, "in 9.2 s: p99");
	for (int i = 0; i < 8000; i++)
		loop_hist_add(&h, 100 * US, 3);
	ok(is_near(loop_hist_quantile(&h, 0.99), 100e3), "p99 of iterations: a short one");
	/* of iterations: 0.8 s of lags below 100 us, so p90 moves by a trifle */
	ok(loop_hist_lag_quantile(&h, 10 * SECOND, 0.9) < 100 * US, "p90 with short ones");
	ok(is_near(loop_hist_lag_quantile(&h, 10 * SECOND, 0.99), 450e6), "p99 with short ones");
}

/* --- edges ------------------------------------------------------------------------------------ */

static void test_edges(void)
{
	static struct loop_hist empty, h;

	is_int(loop_hist_quantile(&empty, 0.5), 0, "quantile of nothing");
	is_int(loop_hist_lag_quantile(&empty, SECOND, 0.5), 0, "lag of nothing");
	is_int(loop_hist_lag_quantile(&empty, 0, 1), 0, "lag of nothing in no time");
	loop_hist_add(&h, 0, 1);
	is_int(loop_hist_quantile(&h, 1), 0, "a value of 0");
	is_int(loop_hist_lag_quantile(&h, SECOND, 1), 0, "lag of it");
	loop_hist_add(&h, 5 * SECOND, 2);
	is_int(loop_hist_lag_quantile(&h, SECOND, 0.5), 5 * SECOND / 2,
	       "one that began before the window: half of it is left on average");
	h = (struct loop_hist){ 0 };
	loop_hist_add(&h, 1ull << 41, 7);
	loop_hist_add(&h, UINT64_MAX / 4, 8);
	is_int(h.buckets[LOOP_HIST_BUCKETS - 1].count, 2, "what is above 2^40 is in the last");
	is_int(h.max, UINT64_MAX / 4, "max is exact");
	is_int(h.max_at_ns, 8, "and when it was");
	loop_hist_add(&h, UINT64_MAX / 4, 9);
	is_int(h.max_at_ns, 8, "the first of two equal ones");
}

/* --- what came since -------------------------------------------------------------------------- */

static void test_since(void)
{
	static struct loop_hist earlier, now, since, expected;

	for (int i = 0; i < 1000; i++) {
		uint64_t value = value_of(2);

		loop_hist_add(&earlier, value, 1);
		loop_hist_add(&now, value, 1);
	}
	for (int i = 0; i < 500; i++) {
		uint64_t value = value_of(3);

		loop_hist_add(&now, value, 2);
		loop_hist_add(&expected, value, 2);
	}
	loop_hist_since(&now, &earlier, &since);
	is_int(since.count, 500, "count of what came since");
	is_int(since.sum, expected.sum, "its sum");
	ok(!memcmp(since.buckets, expected.buckets, sizeof(since.buckets)), "its buckets");
	ok(since.max >= expected.max && since.max - expected.max <= expected.max / 32 + 1,
	   "a bound of its maximum: %ju of %ju", (uintmax_t)since.max, (uintmax_t)expected.max);
	is_int(since.max_at_ns, 0, "of which the time is not known");
	loop_hist_since(&now, &now, &since);
	is_int(since.count + since.sum + since.max, 0, "nothing came since");
}

static void test_since_max(void)
{
	static struct loop_hist earlier, now, since;

	loop_hist_add(&earlier, 900 * MS, 1);
	now = earlier;
	loop_hist_add(&now, 123456789, 2);
	loop_hist_since(&now, &earlier, &since);
	is_int(since.max, 123456789, "of one value the sum is the maximum");
	loop_hist_add(&now, 901 * MS, 3);
	loop_hist_since(&now, &earlier, &since);
	is_int(since.max, 901 * MS, "a new maximum is exact");
	is_int(since.max_at_ns, 3, "with its time");
	earlier = now;
	loop_hist_add(&now, 899 * MS, 4);
	loop_hist_add(&now, 900 * MS, 5);
	loop_hist_since(&now, &earlier, &since);
	ok(since.max >= 900 * MS && since.max <= 901 * MS, "a bound is not above the maximum");
}

int main(void)
{
	state = 88172645463325252;
	test_sums();
	test_quantiles();
	test_lags();
	test_order();
	test_two_stalls();
	test_edges();
	test_since();
	test_since_max();
	return tap_done();
}
