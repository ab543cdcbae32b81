// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Least squares over a ring of samples. */
#include "growth.h"

size_t growth_kept(const struct growth *growth)
{
	return growth->count < GROWTH_SAMPLES ? growth->count : GROWTH_SAMPLES;
}

const struct growth_sample *growth_at(const struct growth *growth, size_t index)
{
	size_t first = growth->count - growth_kept(growth);

	return &growth->samples[(first + index) % GROWTH_SAMPLES];
}

/* The @index-th of those looked at. */
static const struct growth_sample *fitted(const struct growth *growth, size_t index)
{
	return growth_at(growth, growth_kept(growth) - GROWTH_FITTED + index);
}

static double mean_bytes(const struct growth *growth, size_t first, size_t count)
{
	double sum = 0;

	for (size_t i = first; i < first + count; i++)
		sum += (double)fitted(growth, i)->bytes;
	return sum / (double)count;
}

/* Bytes per millisecond. Times count from the first sample looked at: their squares stay small. */
static double fit_slope(const struct growth *growth)
{
	double mean_at = 0, mean = mean_bytes(growth, 0, GROWTH_FITTED);
	double with_time = 0, of_time = 0;

	for (size_t i = 0; i < GROWTH_FITTED; i++)
		mean_at += (double)(fitted(growth, i)->at_ms - fitted(growth, 0)->at_ms);
	mean_at /= GROWTH_FITTED;
	for (size_t i = 0; i < GROWTH_FITTED; i++) {
		double at = (double)(fitted(growth, i)->at_ms - fitted(growth, 0)->at_ms) - mean_at;

		with_time += at * ((double)fitted(growth, i)->bytes - mean);
		of_time += at * at;
	}
	return of_time > 0 ? with_time / of_time : 0;
}

static double smallest_bytes(const struct growth *growth, size_t first, size_t count)
{
	uint64_t smallest = UINT64_MAX;

	for (size_t i = first; i < first + count; i++) {
		if (fitted(growth, i)->bytes < smallest)
			smallest = fitted(growth, i)->bytes;
	}
	return (double)smallest;
}

static bool rises(const struct growth *growth, double rise)
{
	double least = GROWTH_MIN_SHARE * mean_bytes(growth, 0, GROWTH_FITTED);
	double floors[3];

	for (size_t i = 0; i < 3; i++)
		floors[i] = smallest_bytes(growth, i * GROWTH_FITTED / 3, GROWTH_FITTED / 3);
	return rise >= GROWTH_MIN_BYTES && rise >= least && floors[0] < floors[1] &&
	       floors[1] < floors[2];
}

void growth_add(struct growth *growth, struct growth_sample sample)
{
	double slope;
	uint64_t ms;

	growth->samples[growth->count++ % GROWTH_SAMPLES] = sample;
	if (growth->count < GROWTH_FITTED)
		return;
	slope = fit_slope(growth);
	ms = fitted(growth, GROWTH_FITTED - 1)->at_ms - fitted(growth, 0)->at_ms;
	growth->bytes_per_second = slope * 1000;
	growth->rises = rises(growth, slope * (double)ms) ? growth->rises + 1 : 0;
	growth->verdict = growth->rises >= GROWTH_PERSISTS ? GROWTH_GROWING : GROWTH_STEADY;
}

bool growth_nears(const struct growth *growth, uint64_t limit, uint64_t within_ms)
{
	double last;

	if (!growth->count)
		return false;
	last = (double)growth_at(growth, growth_kept(growth) - 1)->bytes;
	if (growth->verdict == GROWTH_GROWING)
		last += growth->bytes_per_second * (double)within_ms / 1000;
	return last >= (double)limit;
}

const char *growth_word(const struct growth *growth)
{
	static const char *const words[] = { "unknown", "steady", "growing" };

	return words[growth->verdict];
}
