// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The trend test of profile/trend.h, asked again after each full collection of a long run: so it is
 * asked to be surer than for a single report, and a rise has to be worth the name.
 */
#include "profile/gc_growth.h"

#include <math.h>

/* One-sided, 1 of 700 series of independent values would pass by chance... */
#define Z_SURE 3.0
/* ...but what is live wanders, so of all pairs of samples so much more have to rise than fall. A
 * line has 1. */
#define TAU_SURE 0.6
/* A program that warms up has done most of its growing: the last half of a leak grows as the first.
 */
#define LATE_SHARE 0.5
/* With fewer samples the last half tells nothing. */
#define MIN_SAMPLES 8
/* What was added over the whole series, as a share of what there is. */
#define MIN_RISE_SHARE 0.03

const char *const gc_verdict_names[GC_VERDICTS] = { "too_few", "not_growing", "may_level_off",
						    "growing_after_gc", "shrinking" };
const char *const gc_verdict_texts[GC_VERDICTS] = { "too few full collections to tell",
						    "not growing",
						    "growing after GC, may level off",
						    "growing after GC", "shrinking" };

/* Every second one goes. */
static void thin(struct gc_growth *g)
{
	g->len /= 2;
	for (size_t i = 0; i < g->len; i++) {
		g->time_ns[i] = g->time_ns[2 * i + 1];
		g->bytes[i] = g->bytes[2 * i + 1];
	}
	g->keep_each = g->keep_each ? g->keep_each * 2 : 2;
	g->skipped = g->keep_each / 2; /* since the last that is left */
}

void gc_growth_add(struct gc_growth *g, uint64_t time_ns, uint64_t bytes)
{
	g->count++;
	g->last_ns = time_ns;
	g->last_bytes = bytes;
	g->skipped++;
	if (g->skipped >= g->keep_each && g->len == TREND_MAX_SAMPLES)
		thin(g);
	if (g->skipped < g->keep_each)
		return;
	g->skipped = 0;
	g->time_ns[g->len] = time_ns;
	g->bytes[g->len++] = bytes;
}

/* Kendall's tau, from the statistic of the test (which has a correction of 1 for continuity). */
static double tau_of(const struct trend *t, size_t len)
{
	double n = (double)len, pairs = n * (n - 1) / 2;
	double deviation = sqrt(n * (n - 1) * (2 * n + 5) / 18);

	return pairs > 0 ? (t->z * deviation + (t->z > 0) - (t->z < 0)) / pairs : 0;
}

static enum gc_verdict verdict_of(const struct trend *t, const struct gc_growth *g)
{
	double tau = tau_of(t, g->len);

	if (g->len < MIN_SAMPLES)
		return GC_TOO_FEW;
	if (t->verdict == TREND_SHRINKING)
		return t->z < -Z_SURE && tau < -TAU_SURE ? GC_SHRINKING : GC_FLAT;
	if (t->verdict == TREND_PLATEAU || t->z <= Z_SURE || tau <= TAU_SURE ||
	    t->slope_bytes * (double)g->len < MIN_RISE_SHARE * (double)g->last_bytes)
		return GC_FLAT;
	return t->verdict == TREND_STEADY && t->late_slope_bytes > LATE_SHARE * t->slope_bytes
		       ? GC_GROWING
		       : GC_MAY_LEVEL;
}

struct gc_outlook gc_growth_outlook(const struct gc_growth *g, uint64_t limit_bytes)
{
	struct trend t = trend_of(g->bytes, g->len, NULL, 0);
	struct gc_outlook o = { .verdict = verdict_of(&t, g), .z = t.z };
	double left_s;

	o.slope_bytes_per_s = trend_slope_per_s(g->time_ns, g->bytes, g->len);
	if (o.verdict != GC_GROWING && o.verdict != GC_MAY_LEVEL)
		return o;
	if (!limit_bytes || o.slope_bytes_per_s <= 0)
		return o;
	left_s = ((double)limit_bytes - (double)g->last_bytes) / o.slope_bytes_per_s;
	if (left_s < 0)
		left_s = 0;
	o.reaches_limit = left_s < 1e9;
	if (o.reaches_limit)
		o.left_ns = (uint64_t)(left_s * 1e9);
	return o;
}
