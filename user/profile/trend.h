/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does a series of outstanding bytes grow, and will it go on? Mann-Kendall test (Mann 1945, Kendall
 * 1975; normal approximation with tie correction) for "is there a trend", Sen's median slope (Sen
 * 1968) for "how fast", the last half for "does it still grow", and the survivors of an earlier
 * sample for "is it kept, or is it replaced": a cache that turns over and a load that rises grow
 * too, but what they held in the middle of the run is gone at its end.
 */
#ifndef PROFILE_TREND_H
#define PROFILE_TREND_H

#include <stddef.h>
#include <stdint.h>

/* Fewer samples than this never get a verdict. */
#define TREND_MIN_SAMPLES 6
/* Longer series are thinned by the caller: the test is quadratic. */
#define TREND_MAX_SAMPLES 128

enum trend_verdict {
	TREND_TOO_SHORT, /* "too short to tell" */
	TREND_STEADY,	 /* "growing steadily" */
	TREND_MAY_LEVEL, /* "growing, may level off" */
	TREND_PLATEAU,	 /* "plateau" */
	TREND_SHRINKING, /* "shrinking" */
};

struct trend {
	enum trend_verdict verdict;
	double z;		 /* Mann-Kendall statistic, about N(0,1) without a trend */
	double slope_bytes;	 /* Sen's slope, bytes per interval */
	double late_slope_bytes; /* the same over the last half */
};

/*
 * Of the bytes outstanding at sample @index, so many still were at the last one. Nothing was
 * outstanding one interval before the first sample.
 */
struct trend_cohort {
	size_t index;
	uint64_t survived_bytes;
};

/*
 * @bytes: @n samples at equal distances, oldest first. More than TREND_MAX_SAMPLES are the caller's
 * mistake (assert).
 * @cohort: NULL when survival is not known; growth is then judged by the series alone.
 * @min_slope_bytes: a slope at or below it per interval is no growth.
 *
 * Growing: a significant trend, a slope over the minimum, and the last half rose. Steadily: also
 * the slope of the last half is more than a quarter of the whole one, and the cohort survived.
 */
struct trend trend_of(const uint64_t *bytes, size_t n, const struct trend_cohort *cohort,
		      double min_slope_bytes);

/* Sen's slope over time, for samples that are not at equal distances; as many at most. 0 of one. */
double trend_slope_per_s(const uint64_t *time_ns, const uint64_t *bytes, size_t n);

/* The words of the report, as in the comments above. */
const char *trend_text(enum trend_verdict verdict);

#endif
