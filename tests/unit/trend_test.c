// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Trend verdicts: fixed series, and how often simulated programs get which verdict. The simulation
 * makes blocks with a birth and a death, samples them as the tool does, and holds the rates to
 * bounds; its table (in the chapter on memory leaks) is printed as comments.
 */
#include "profile/trend.h"
#include "tap.h"

#include <math.h>
#include <stdint.h>

#define NONE 1e9 /* dies after the run */

/* --- fixed series ----------------------------------------------------------------------------- */

static void test_series(void)
{
	static const struct {
		const char *what;
		uint64_t bytes[12];
		size_t n;
		enum trend_verdict want;
	} cases[] = {
		{ "five samples", { 1000, 2000, 3000, 4000, 5000 }, 5, TREND_TOO_SHORT },
		{ "no sample", { 0 }, 0, TREND_TOO_SHORT },
		{ "a line", { 1000, 2000, 3000, 4000, 5000, 6000 }, 6, TREND_STEADY },
		{ "a line downwards", { 6000, 5000, 4000, 3000, 2000, 1000 }, 6, TREND_SHRINKING },
		{ "zeros", { 0 }, 12, TREND_PLATEAU },
		{ "one value", { 7000, 7000, 7000, 7000, 7000, 7000, 7000 }, 7, TREND_PLATEAU },
		{ "up and down",
		  { 5000, 9000, 5100, 8900, 5050, 9050, 5100, 8950 },
		  8,
		  TREND_PLATEAU },
		{ "below the smallest slope", { 1, 2, 3, 4, 5, 6, 7, 8 }, 8, TREND_PLATEAU },
		{ "saturating",
		  { 1000, 5000, 8000, 10000, 11500, 12500, 13300, 13700, 13900, 14100, 14200,
		    14300 },
		  12,
		  TREND_MAY_LEVEL },
		{ "flat for its second half",
		  { 1000, 2000, 3000, 4000, 5000, 6000, 6001, 6002, 6003, 6004, 6005, 6006 },
		  12,
		  TREND_PLATEAU },
		{ "beyond 2^53",
		  { 1ull << 60, 2ull << 60, 3ull << 60, 4ull << 60, 5ull << 60, 6ull << 60,
		    7ull << 60 },
		  7,
		  TREND_STEADY },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct trend t = trend_of(cases[i].bytes, cases[i].n, NULL, 10);

		is_text(trend_text(t.verdict), trend_text(cases[i].want), "%s", cases[i].what);
	}
}

/* Gilbert (1987), Statistical Methods for Environmental Pollution Monitoring, gives the formulas;
 * the values here are worked out by hand from them. */
static void test_statistics(void)
{
	static const uint64_t ties[] = { 10, 20, 20, 30, 25 }; /* S = 1+1+1+1+0+1+1+1+1-1 = 7 */
	struct trend t = trend_of(ties, 5, NULL, 0);

	/* (5*4*15 - 2*1*9) / 18 = 15.667; (7 - 1) / sqrt(15.667) = 1.5159 */
	ok(fabs(t.z - 1.5159) < 0.001, "z with a tie: %.4f", t.z);
	/* pairs: 10 5 6.67 3.75 0 5 1.67 10 2.5 -5: the median is (3.75 + 5) / 2 */
	ok(fabs(t.slope_bytes - 4.375) < 0.001, "Sen's slope: %.4f", t.slope_bytes);
	/* last half: 20 30 25: pairs 10 2.5 -5 */
	ok(fabs(t.late_slope_bytes - 2.5) < 0.001, "late slope: %.4f", t.late_slope_bytes);
}

static void test_cohort(void)
{
	static const uint64_t line[] = { 0, 1000, 2000, 3000, 4000, 5000, 6000, 7000 };
	static const struct {
		const char *what;
		uint64_t survived_bytes;
		enum trend_verdict want;
	} cases[] = {
		{ "all of the middle survives", 4000, TREND_STEADY },
		{ "three quarters survive", 3000, TREND_STEADY },
		{ "half survives", 2000, TREND_MAY_LEVEL },
		{ "nothing survives", 0, TREND_MAY_LEVEL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct trend_cohort cohort = { 4, cases[i].survived_bytes };
		struct trend t = trend_of(line, 8, &cohort, 10);

		is_text(trend_text(t.verdict), trend_text(cases[i].want), "%s", cases[i].what);
	}
}

static void test_longest(void)
{
	uint64_t bytes[TREND_MAX_SAMPLES];
	struct trend t;

	for (size_t i = 0; i < TREND_MAX_SAMPLES; i++)
		bytes[i] = 100 * i + (i * 37) % 50;
	t = trend_of(bytes, TREND_MAX_SAMPLES, NULL, 1);
	is_int(t.verdict, TREND_STEADY, "the longest series");
	ok(fabs(t.slope_bytes - 100) < 1, "its slope: %.2f", t.slope_bytes);
}

/* --- simulation ------------------------------------------------------------------------------- */

#define SAMPLES_MAX 61

struct run { /* one process, seen at times 0, 1, 2 ... (intervals); the tool attaches at 0 */
	size_t samples, half_way;
	double bytes[SAMPLES_MAX];
	double survived; /* of the bytes at half_way */
	unsigned int blocks;
};

static uint64_t random_state = 88172645463325252u;

static double uniform(void) /* 0 <= u < 1, xorshift64 */
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) / 9007199254740992.0;
}

static double exponential(double mean)
{
	return -mean * log(1 - uniform());
}

static double block_size(void) /* 64 bytes to 8 KiB, 4 KiB on average */
{
	return 64 * (1 + floor(uniform() * 127));
}

static void block(struct run *r, double birth, double death, double bytes)
{
	double end = (double)(r->samples - 1);

	if (birth <= 0 || birth > end)
		return;
	for (size_t i = (size_t)ceil(birth); i < r->samples && (double)i < death; i++)
		r->bytes[i] += bytes;
	if (death <= end)
		return;
	r->blocks++;
	if (birth <= (double)r->half_way)
		r->survived += bytes;
}

/* Random times, @rate per interval on average: for (double t = 0; next_time(r, rate, &t);) */
static bool next_time(const struct run *r, double rate, double *time)
{
	*time += exponential(1 / rate);
	return *time < (double)r->samples;
}

/* @live blocks at a time, each for @life intervals on average. */
static void churn(struct run *r, double live, double life)
{
	for (double t = 0; next_time(r, live / life, &t);)
		block(r, t, t + exponential(life), block_size());
}

static void requests(struct run *r)
{
	churn(r, 250, 0.3);
}

static void rare_requests(struct run *r)
{
	churn(r, 3, 0.3);
}

static void connections(struct run *r)
{
	churn(r, 250, 1.5);
}

static void sessions(struct run *r)
{
	churn(r, 250, 3);
}

/* Full at the attach: the oldest entry goes for each new one; we see the new ones alone. */
static void cache(struct run *r, double turnover)
{
	for (double t = 0; next_time(r, 500 / turnover, &t);)
		block(r, t, t + turnover, 4096);
}

static void cache_fast(struct run *r)
{
	cache(r, 3);
}

static void cache_half(struct run *r)
{
	cache(r, 6);
}

static void cache_slow(struct run *r)
{
	cache(r, 10);
}

static void cache_filling(struct run *r) /* is not full at the end: a leak as far as anyone sees */
{
	for (double t = 0; next_time(r, 100, &t);)
		block(r, t, NONE, 4096);
}

static void startup(struct run *r)
{
	double end = 1 + 3 * uniform();

	churn(r, 50, 0.3);
	for (double t = 0; next_time(r, 300, &t);)
		block(r, t, t < end ? NONE : t, block_size());
}

static void batch(struct run *r)
{
	double period = 2 + 5 * uniform(), phase = uniform() * period;

	for (double t = 0; next_time(r, 100, &t);)
		block(r, t, (floor((t + phase) / period) + 1) * period - phase, block_size());
}

static void pool(struct run *r)
{
	for (int i = 0; i < 500; i++)
		block(r, 0.01 + 0.9 * uniform(), NONE, block_size());
}

/* Work that comes and goes with a load between 0.3 and 1.7; a share of it leaks. */
enum load { WAVE, RISING };

static void work(struct run *r, enum load load, double life, double leaking)
{
	double phase = 6.283 * uniform();

	for (double t = 0; next_time(r, 1000, &t);) {
		double level = load == WAVE ? 1 + 0.7 * sin(phase + 6.283 * t / 8)
					    : 0.3 + 1.4 * t / (double)r->samples;

		if (uniform() < level / 2)
			block(r, t, uniform() < leaking ? NONE : t + exponential(life),
			      block_size());
	}
}

static void load_wave(struct run *r)
{
	work(r, WAVE, 0.3, 0);
}

static void load_rising(struct run *r)
{
	work(r, RISING, 0.3, 0);
}

static void leak(struct run *r, double noise_blocks, double rate)
{
	churn(r, noise_blocks, 0.3);
	for (double t = 0; next_time(r, rate, &t);)
		block(r, t, NONE, block_size());
}

static void leak_steady(struct run *r)
{
	leak(r, 50, 50);
}

static void leak_slow(struct run *r) /* 12 blocks an interval beside 250 that come and go */
{
	leak(r, 250, 12);
}

static void leak_rare(struct run *r)
{
	for (double t = 0; next_time(r, 1, &t);)
		block(r, t, NONE, 65536);
}

static void leak_bursty(struct run *r) /* about one interval in three leaks 100 to 200 blocks */
{
	churn(r, 50, 0.3);
	for (double t = 0; next_time(r, 0.35, &t);)
		for (int n = 100 + (int)(100 * uniform()); n > 0; n--)
			block(r, t, NONE, block_size());
}

static void leak_by_load(struct run *r)
{
	work(r, WAVE, 0.3, 0.1);
}

static void leak_later(struct run *r) /* from a third of the run on */
{
	churn(r, 50, 0.3);
	for (double t = 0; next_time(r, 50, &t);)
		block(r, t, t > (double)r->samples / 3 ? NONE : t, block_size());
}

static void leak_fifth(struct run *r) /* one session in five is never closed */
{
	for (double t = 0; next_time(r, 100, &t);)
		block(r, t, uniform() < 0.2 ? NONE : t + exponential(2), block_size());
}

static void vector_growing(struct run *r) /* one array, half as large again each time it is full */
{
	double capacity = 1024 * (1 + uniform()), born = 0.01;

	while (capacity / 1500 < (double)r->samples) {
		block(r, born, capacity / 1500, capacity * 64);
		born = capacity / 1500;
		capacity *= 1.5;
	}
	block(r, born, NONE, capacity * 64);
}

struct rates {
	double steady, may_level; /* per cent of the runs */
	double alone;		  /* steady, judged by the series without its survivors */
};

/* As the ledger does: the sample at the attach left out, no cohort for a few blocks. */
static struct rates simulate(void (*model)(struct run *), size_t intervals)
{
	const int runs = 400;
	int steady = 0, may_level = 0, alone = 0;

	for (int i = 0; i < runs; i++) {
		struct run r = { .samples = intervals + 1,
				 .half_way = (1 + intervals / 2) & ~(size_t)1 };
		struct trend_cohort cohort = { .index = r.half_way - 1 };
		uint64_t bytes[SAMPLES_MAX];
		enum trend_verdict verdict;

		model(&r);
		for (size_t k = 0; k < r.samples; k++)
			bytes[k] = (uint64_t)r.bytes[k];
		cohort.survived_bytes = (uint64_t)r.survived;
		verdict = trend_of(bytes + 1, intervals, r.blocks < 16 ? NULL : &cohort, 4096)
				  .verdict;
		steady += verdict == TREND_STEADY;
		may_level += verdict == TREND_MAY_LEVEL;
		alone += trend_of(bytes + 1, intervals, NULL, 4096).verdict == TREND_STEADY;
	}
	return (struct rates){ 100.0 * steady / runs, 100.0 * may_level / runs,
			       100.0 * alone / runs };
}

/* Bounds in per cent, for 12 and for 48 intervals. */
static const struct {
	const char *name;
	void (*model)(struct run *);
	struct {
		double steady_min, steady_max, growing_min, growing_max;
	} bounds[2];
} models[] = {
	{ "requests, 0.3 intervals", requests, { { 0, 1, 0, 3 }, { 0, 1, 0, 3 } } },
	{ "rare requests", rare_requests, { { 0, 1, 0, 3 }, { 0, 1, 0, 3 } } },
	{ "connections, 1.5 intervals", connections, { { 0, 1, 0, 5 }, { 0, 1, 0, 5 } } },
	{ "sessions, 3 intervals", sessions, { { 0, 2, 0, 80 }, { 0, 1, 0, 15 } } },
	{ "cache, replaced in 3", cache_fast, { { 0, 1, 0, 3 }, { 0, 1, 0, 3 } } },
	{ "cache, replaced in 6", cache_half, { { 0, 1, 0, 5 }, { 0, 1, 0, 3 } } },
	{ "cache, replaced in 10", cache_slow, { { 0, 10, 0, 100 }, { 0, 1, 0, 15 } } },
	{ "start-up", startup, { { 0, 1, 0, 3 }, { 0, 1, 0, 3 } } },
	{ "batches", batch, { { 0, 3, 0, 5 }, { 0, 1, 0, 3 } } },
	{ "pool", pool, { { 0, 0, 0, 0 }, { 0, 0, 0, 0 } } },
	{ "load in waves", load_wave, { { 0, 1, 0, 3 }, { 0, 1, 0, 3 } } },
	{ "load rising", load_rising, { { 0, 1, 0, 100 }, { 0, 1, 0, 100 } } },
	{ "cache filling all along",
	  cache_filling,
	  { { 98, 100, 99, 100 }, { 99, 100, 99, 100 } } },
	{ "leak", leak_steady, { { 98, 100, 99, 100 }, { 99, 100, 99, 100 } } },
	{ "slow leak in churn", leak_slow, { { 75, 100, 88, 100 }, { 99, 100, 99, 100 } } },
	{ "rare leak", leak_rare, { { 90, 100, 95, 100 }, { 99, 100, 99, 100 } } },
	{ "leak in bursts", leak_bursty, { { 40, 100, 65, 100 }, { 93, 100, 97, 100 } } },
	{ "leak by load", leak_by_load, { { 60, 100, 75, 100 }, { 98, 100, 99, 100 } } },
	{ "leak begins later", leak_later, { { 0, 100, 97, 100 }, { 0, 100, 99, 100 } } },
	{ "a fifth of sessions leaks", leak_fifth, { { 50, 100, 97, 100 }, { 95, 100, 99, 100 } } },
	{ "array growing by half", vector_growing, { { 90, 100, 97, 100 }, { 60, 100, 97, 100 } } },
};

static void test_rates(void)
{
	static const size_t intervals[] = { 12, 48 };

	printf("# %% of 400 runs              ------ 12 intervals ------   ------ 48 intervals ------\n");
	printf("# program                   steadily may level  (alone)  steadily may level  (alone)\n");
	for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++) {
		struct rates rates[2];

		for (int k = 0; k < 2; k++)
			rates[k] = simulate(models[i].model, intervals[k]);
		printf("# %-26s %7.1f %9.1f %8.1f %9.1f %9.1f %8.1f\n", models[i].name,
		       rates[0].steady, rates[0].may_level, rates[0].alone, rates[1].steady,
		       rates[1].may_level, rates[1].alone);
		for (int k = 0; k < 2; k++) {
			double growing = rates[k].steady + rates[k].may_level;

			ok(rates[k].steady >= models[i].bounds[k].steady_min &&
				   rates[k].steady <= models[i].bounds[k].steady_max &&
				   growing >= models[i].bounds[k].growing_min &&
				   growing <= models[i].bounds[k].growing_max,
			   "%s, %zu intervals: steadily %.1f, growing %.1f", models[i].name,
			   intervals[k], rates[k].steady, growing);
		}
	}
}

int main(void)
{
	test_series();
	test_statistics();
	test_cohort();
	test_longest();
	test_rates();
	return tap_done();
}
