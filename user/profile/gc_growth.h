/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does what is left after full collections grow? That is what a leak of JavaScript objects looks
 * like: what is live, without the garbage. And when will it have reached the limit?
 */
#ifndef PROFILE_GC_GROWTH_H
#define PROFILE_GC_GROWTH_H

#include "profile/trend.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed at birth. */
struct gc_growth {
	uint64_t time_ns[TREND_MAX_SAMPLES]; /* CLOCK_MONOTONIC */
	uint64_t bytes[TREND_MAX_SAMPLES];   /* left after a full collection */
	size_t len;
	uint32_t keep_each; /* of so many that came one is kept, 0: all */
	uint32_t skipped;   /* since the one kept last */
	uint64_t count;	    /* that came */
	uint64_t last_ns, last_bytes;
};

/* One more full collection. */
void gc_growth_add(struct gc_growth *g, uint64_t time_ns, uint64_t bytes);

enum gc_verdict {
	GC_TOO_FEW,   /* "too few full collections to tell" */
	GC_FLAT,      /* "not growing" */
	GC_MAY_LEVEL, /* "growing, may level off" */
	GC_GROWING,   /* "growing after GC" */
	GC_SHRINKING, /* "shrinking" */
	GC_VERDICTS,
};
extern const char *const gc_verdict_names[GC_VERDICTS]; /* for programs */
extern const char *const gc_verdict_texts[GC_VERDICTS];

struct gc_outlook {
	enum gc_verdict verdict;
	double z;		  /* Mann-Kendall */
	double slope_bytes_per_s; /* Sen's, over time */
	bool reaches_limit;	  /* it grows, and a limit is known */
	uint64_t left_ns;	  /* until then, from the last full collection on */
};

/* @limit_bytes 0: not known. */
struct gc_outlook gc_growth_outlook(const struct gc_growth *g, uint64_t limit_bytes);

#endif
