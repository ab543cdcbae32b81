// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The histogram: exact below 16, within 6.25 % above, quantiles, merging. */
#include "profile/hist.h"

#include "tap.h"

#include <stdint.h>

static uint64_t quantile_of_one(uint64_t value)
{
	/* min must not help: it is the smallest value that the bucket is asked about */
	struct hist h = { 0 };

	hist_add(&h, 0);
	hist_add(&h, value);
	return hist_quantile(&h, 1);
}

static void test_precision(void)
{
	static const uint64_t values[] = { 0,	      1,	 15,	     16,
					   17,	      31,	 32,	     33,
					   1000,      1023,	 1024,	     1025,
					   65535,     123456789, 1ull << 40, (1ull << 40) - 1,
					   UINT64_MAX };
	uint64_t last = 0;
	bool is_rising = true, is_close = true;

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		uint64_t got = quantile_of_one(values[i]);

		ok(got <= values[i] && values[i] - got <= values[i] / 16, "%ju reads %ju",
		   (uintmax_t)values[i], (uintmax_t)got);
	}
	for (uint64_t v = 0; v < 100000; v++) {
		uint64_t got = quantile_of_one(v);

		is_rising &= got >= last;
		is_close &= got <= v && (v < 16 ? got == v : (v - got) * 16 <= v);
		last = got;
	}
	ok(is_rising, "larger values never read smaller");
	ok(is_close, "each of 100000 values reads at most 6.25 %% too low");
}

static void test_quantiles(void)
{
	struct hist h = { 0 };

	is_int(hist_quantile(&h, 0.5), 0, "of nothing");
	for (uint64_t v = 1; v <= 10; v++)
		hist_add(&h, v);
	is_int(hist_quantile(&h, 0), 1, "0 is the smallest");
	is_int(hist_quantile(&h, 0.1), 1, "a tenth");
	is_int(hist_quantile(&h, 0.11), 2, "a little more than a tenth");
	is_int(hist_quantile(&h, 0.5), 5, "the median");
	is_int(hist_quantile(&h, 1), 10, "1 is the largest");
	is_int(h.count, 10, "count");
	is_int(h.sum, 55, "sum");
	is_int(h.min, 1, "min");
	is_int(h.max, 10, "max");
}

static void test_one_value(void)
{
	struct hist h = { 0 };

	hist_add(&h, 1000003);
	is_int(hist_quantile(&h, 0.5), 1000003, "a single value is exact");
}

static void test_merge(void)
{
	static struct hist a, b, both, empty;

	for (uint64_t v = 1; v < 2000; v += 3) {
		hist_add(v % 2 ? &a : &b, v * v);
		hist_add(&both, v * v);
	}
	hist_merge(&a, &b);
	ok(!memcmp(&a, &both, sizeof(a)), "two merged are the same as one");
	hist_merge(&a, &empty);
	ok(!memcmp(&a, &both, sizeof(a)), "an empty one changes nothing");
	hist_merge(&empty, &a);
	ok(!memcmp(&empty, &both, sizeof(a)), "merged into an empty one");
}

int main(void)
{
	test_precision();
	test_quantiles();
	test_one_value();
	test_merge();
	return tap_done();
}
