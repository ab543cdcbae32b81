// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whether a series grows, of series of which that is known. */
#include "growth.h"

#include "tap.h"

#define MB (1024.0 * 1024)

static struct growth run(size_t count, double (*bytes)(size_t i))
{
	struct growth growth = { 0 };

	for (size_t i = 0; i < count; i++)
		growth_add(&growth,
			   (struct growth_sample){ 1000000 + 1000 * i, (uint64_t)bytes(i) });
	return growth;
}

static double flat(size_t i)
{
	(void)i;
	return 50 * MB;
}

/* Up by 20 MB and down at once, as between two collections. */
static size_t teeth = 4;

static double saw(size_t i)
{
	return 50 * MB + (double)(i % teeth) * 20 * MB / (double)teeth;
}

static double step(size_t i)
{
	return i < 30 ? 50 * MB : 80 * MB;
}

static double leak(size_t i)
{
	return 50 * MB + (double)i * MB;
}

/* A leak below the teeth of a saw. */
static double leak_below_saw(size_t i)
{
	return saw(i) + (double)i * MB;
}

static double slow_leak(size_t i)
{
	return 50 * MB + (double)i * 1000;
}

/* A leak of large pieces: it stays for some samples, then it rises. */
static size_t tread = 1;

static double stairs(size_t i)
{
	return 50 * MB + (double)(i / tread) * 4 * MB;
}

static double shrinking(size_t i)
{
	return 500 * MB - (double)i * MB;
}

static void test_verdicts(void)
{
	struct growth growth = run(GROWTH_FITTED - 1, leak);

	is_text(growth_word(&growth), "unknown", "too few samples");
	growth = run(GROWTH_FITTED + GROWTH_PERSISTS - 2, leak);
	is_text(growth_word(&growth), "steady", "it has not persisted yet");
	growth = run(GROWTH_FITTED + GROWTH_PERSISTS - 1, leak);
	is_text(growth_word(&growth), "growing", "now it has");
	growth = run(500, flat);
	is_text(growth_word(&growth), "steady", "flat");
	growth = run(500, slow_leak);
	is_text(growth_word(&growth), "steady", "too little to say");
	growth = run(100, shrinking);
	is_text(growth_word(&growth), "steady", "shrinking");
	growth = run(60, leak_below_saw);
	is_text(growth_word(&growth), "growing", "a saw that rises");
}

/* Whatever the length of its teeth, as long as some fit into what is looked at. */
static void test_saws(void)
{
	for (teeth = 2; teeth < GROWTH_FITTED - 4; teeth++) {
		size_t growing = 0;

		for (size_t count = GROWTH_FITTED; count < 200; count++)
			growing += run(count, saw).verdict != GROWTH_STEADY;
		is_int(growing, 0, "teeth of %zu samples never grow", teeth);
	}
	teeth = 4;
}

static void test_stairs(void)
{
	for (tread = 1; tread <= GROWTH_FITTED / 3; tread++) {
		struct growth growth = run(100, stairs);

		is_text(growth_word(&growth), "growing", "treads of %zu samples", tread);
	}
}

/* Once is no growth, wherever its edge is in what is looked at. */
static void test_step(void)
{
	size_t growing = 0;

	for (size_t count = 30; count < 40 + GROWTH_FITTED; count++)
		growing += run(count, step).verdict != GROWTH_STEADY;
	is_int(growing, 0, "a step");
}

static void test_line(void)
{
	struct growth growth = run(40, leak);

	ok(growth.bytes_per_second > 0.999 * MB && growth.bytes_per_second < 1.001 * MB,
	   "the slope of a line is its own: %.0f", growth.bytes_per_second);
	ok(!growth_nears(&growth, (uint64_t)(100 * MB), 5000), "11 MB are not 5 s away");
	ok(growth_nears(&growth, (uint64_t)(94 * MB), 5000), "5 MB are");
	growth = run(40, flat);
	ok(!growth_nears(&growth, (uint64_t)(51 * MB), 5000), "steady below the limit");
	ok(growth_nears(&growth, (uint64_t)(50 * MB), 5000), "at the limit");
	growth = (struct growth){ 0 };
	ok(!growth_nears(&growth, 1, 5000), "nothing sampled");
}

static void test_ring(void)
{
	struct growth growth = run(3, leak);

	is_int(growth_kept(&growth), 3, "all of a few are kept");
	is_int(growth_at(&growth, 0)->at_ms, 1000000, "the first");
	growth = run(GROWTH_SAMPLES + 7, leak);
	is_int(growth_kept(&growth), GROWTH_SAMPLES, "no more than have room");
	is_int(growth_at(&growth, 0)->at_ms, 1007000, "the oldest that is left");
	is_int(growth_at(&growth, GROWTH_SAMPLES - 1)->at_ms, 1000000 + 1000 * (GROWTH_SAMPLES + 6),
	       "the last");
}

int main(void)
{
	test_verdicts();
	test_saws();
	test_stairs();
	test_step();
	test_line();
	test_ring();
	return tap_done();
}
