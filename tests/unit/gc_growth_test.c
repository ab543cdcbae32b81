// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The verdict on what full collections leave, asked after each of them: a leak is called one within
 * ten, what does not leak never in half an hour of one a second. And when the limit is reached.
 */
#include "profile/gc_growth.h"

#include "tap.h"

#include <math.h>

#define MIB	     1048576.0
#define SECOND	     1000000000ull
#define RUNS	     3
#define HALF_AN_HOUR 1800 /* collections, one a second */

/* xorshift64*: the same numbers everywhere. */
static uint64_t random_state;

static double uniform(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (double)((random_state * 0x2545f4914f6cdd1dull) >> 11) / 9007199254740992.0;
}

/* About normal, of mean 0 and deviation 1. */
static double normal(void)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += uniform();
	return sum - 6;
}

/* What full collection @i leaves, in MiB. */
struct program {
	const char *what;
	double (*left)(int i, double noise, double *state);
	double noise; /* deviation, as a share */
};

static double steady(int i, double noise, double *state)
{
	(void)i, (void)state;
	return 50 * (1 + noise * normal());
}

/* A cache that fills and is emptied: sawtooth of a period that no collection keeps step with. */
static double sawtooth(int i, double noise, double *state)
{
	(void)state;
	return 40 + 20 * fmod(i / 3.7, 1) + 40 * noise * normal();
}

/* Grows at first, as programs do when they load and compile, and not any more. */
static double warming(int i, double noise, double *state)
{
	(void)state;
	return 50 - 25 * exp(-i / 1.5) + 50 * noise * normal();
}

/* What is live wanders about a mean: requests under way. */
static double wandering(int i, double noise, double *state)
{
	(void)i;
	*state = 0.7 * *state + 50 * noise * normal();
	return 50 + *state;
}

/* A day's load: it rises and falls, slowly. */
static double tide(int i, double noise, double *state)
{
	(void)state;
	return 60 + 6 * sin(i / 2.0) + 50 * noise * normal();
}

static const struct program innocent[] = {
	{ "a live set that does not change, 0.1 % of noise", steady, 0.001 },
	{ "1 % of noise", steady, 0.01 },
	{ "10 % of noise", steady, 0.1 },
	{ "40 % of noise", steady, 0.4 },
	{ "a sawtooth", sawtooth, 0.005 },
	{ "a sawtooth with noise", sawtooth, 0.05 },
	{ "a program that warms up", warming, 0.005 },
	{ "a live set that wanders", wandering, 0.02 },
	{ "a live set that rises and falls", tide, 0.005 },
};

/* Collections of @p, for half an hour: after which was it called a leak? 0: never. */
static int first_accused(const struct program *p, uint64_t seed)
{
	struct gc_growth g = { 0 };
	double state = 0;

	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
	for (int i = 0; i < HALF_AN_HOUR; i++) {
		double left = p->left(i, p->noise, &state);

		gc_growth_add(&g, (uint64_t)(i + 1) * SECOND,
			      (uint64_t)((left > 1 ? left : 1) * MIB));
		if (gc_growth_outlook(&g, 0).verdict == GC_GROWING)
			return i + 1;
	}
	return 0;
}

static void test_innocent(void)
{
	for (size_t p = 0; p < sizeof(innocent) / sizeof(*innocent); p++) {
		int accused = 0, when = 0;

		for (uint64_t seed = 1; seed <= RUNS; seed++) {
			int at = first_accused(&innocent[p], seed);

			accused += at > 0;
			when = at ? at : when;
		}
		ok(accused == 0, "%s is never called a leak in %d runs of half an hour",
		   innocent[p].what, RUNS);
		if (accused)
			printf("# %d runs, one after %d collections\n", accused, when);
	}
}

/* After how many full collections is a leak of @per_gc MiB in @base called one? 0: not in 100. */
static int first_called(double base, double per_gc, double noise, uint64_t seed)
{
	struct gc_growth g = { 0 };

	random_state = seed * 0x9e3779b97f4a7c15ull + 7;
	for (int i = 0; i < 100; i++) {
		double left = (base + per_gc * i) * (1 + noise * normal());

		gc_growth_add(&g, (uint64_t)(i + 1) * SECOND, (uint64_t)(left * MIB));
		if (gc_growth_outlook(&g, 0).verdict == GC_GROWING)
			return i + 1;
	}
	return 0;
}

static void test_leaks(void)
{
	static const struct {
		double base, per_gc, noise;
		int most;
	} leaks[] = {
		{ 20, 5, 0.005, 10 },  { 50, 5, 0.01, 10 },   { 100, 5, 0.01, 10 },
		{ 50, 1, 0.002, 12 },  { 200, 3, 0.001, 15 }, { 50, 20, 0.05, 10 },
		{ 500, 1, 0.001, 70 },
	};

	for (size_t i = 0; i < sizeof(leaks) / sizeof(*leaks); i++) {
		int worst = 0;

		for (uint64_t seed = 1; seed <= 20; seed++) {
			int at = first_called(leaks[i].base, leaks[i].per_gc, leaks[i].noise, seed);

			worst = at == 0 ? 1000 : at > worst ? at : worst;
		}
		ok(worst <= leaks[i].most,
		   "%g MiB more of %g each time, %.1f %% of noise: called a leak within %d",
		   leaks[i].per_gc, leaks[i].base, leaks[i].noise * 100, leaks[i].most);
		printf("# after %d at worst\n", worst);
	}
}

/* It goes on being one, also when samples are left out. */
static void test_long_leak(void)
{
	struct gc_growth g = { 0 };
	int not_called = 0;

	random_state = 3;
	for (int i = 0; i < 5000; i++) {
		gc_growth_add(&g, (uint64_t)(i + 1) * SECOND,
			      (uint64_t)((50 + 0.1 * i) * (1 + 0.01 * normal()) * MIB));
		not_called +=
			i > 200 && i % 10 == 0 && gc_growth_outlook(&g, 0).verdict != GC_GROWING;
	}
	is_int(not_called, 0, "a slow leak stays one");
	is_int(g.count, 5000, "all are counted");
	ok(g.len <= TREND_MAX_SAMPLES, "a bounded number is kept");
	for (size_t i = 2; i < g.len; i++)
		if (g.time_ns[i] - g.time_ns[i - 1] != g.time_ns[1] - g.time_ns[0])
			ok(false, "sample %zu is at another distance", i);
}

static void test_limit(void)
{
	static const uint64_t limits[] = { 100, 300, 1000 };
	double worst = 0;

	for (size_t l = 0; l < sizeof(limits) / sizeof(*limits); l++)
		for (uint64_t seed = 1; seed <= 20; seed++) {
			struct gc_growth g = { 0 };
			struct gc_outlook o;
			double left_s, rate = 2;

			random_state = seed;
			for (int i = 0; i < 12; i++) /* at uneven times */
				gc_growth_add(
					&g, (uint64_t)((i + 0.4 * uniform()) * (double)SECOND * 2),
					(uint64_t)((20 + rate * 2 * i) * (1 + 0.01 * normal()) *
						   MIB));
			o = gc_growth_outlook(&g, limits[l] << 20);
			left_s = ((double)limits[l] - (double)g.last_bytes / MIB) / rate;
			if (!o.reaches_limit)
				worst = 1e9;
			worst = fmax(worst, fabs((double)o.left_ns / 1e9 / left_s - 1));
		}
	ok(worst < 0.2, "the limit is reached when the estimate says so, within 20 %%");
	printf("# %.1f %% at worst\n", worst * 100);
}

static void test_edges(void)
{
	struct gc_growth g = { 0 };
	struct gc_outlook o = gc_growth_outlook(&g, 1 << 20);

	is_int(o.verdict, GC_TOO_FEW, "nothing seen: too few");
	ok(!o.reaches_limit, "and no estimate");
	for (int i = 0; i < 12; i++)
		gc_growth_add(&g, (uint64_t)i * SECOND, (uint64_t)(100 - i) << 20);
	o = gc_growth_outlook(&g, 50 << 20);
	is_int(o.verdict, GC_SHRINKING, "less each time: shrinking");
	ok(!o.reaches_limit, "what shrinks has no estimate");
	g = (struct gc_growth){ 0 };
	for (int i = 0; i < 12; i++)
		gc_growth_add(&g, (uint64_t)i * SECOND, (uint64_t)(10 + 10 * i) << 20);
	o = gc_growth_outlook(&g, 100 << 20);
	ok(o.reaches_limit && o.left_ns == 0, "beyond the limit: now");
	o = gc_growth_outlook(&g, 0);
	ok(!o.reaches_limit, "no limit: no estimate");
	g = (struct gc_growth){ 0 };
	for (int i = 0; i < 12; i++) /* a clock that stands still */
		gc_growth_add(&g, 5, (uint64_t)(10 + i) << 20);
	o = gc_growth_outlook(&g, 100 << 20);
	ok(o.slope_bytes_per_s == 0 && !o.reaches_limit, "all at one time: no slope");
	g = (struct gc_growth){ 0 };
	for (int i = 0; i < 2000; i++)
		gc_growth_add(&g, (uint64_t)i, UINT64_MAX);
	o = gc_growth_outlook(&g, UINT64_MAX);
	is_int(o.verdict, GC_FLAT, "values that cannot be: no trend");
}

int main(void)
{
	test_innocent();
	test_leaks();
	test_long_leak();
	test_limit();
	test_edges();
	return tap_done();
}
