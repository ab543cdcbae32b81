// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Mann-Kendall and Sen over all pairs of samples; medians by selection, which keeps it quadratic.
 */
#include "profile/trend.h"

#include <assert.h>
#include <math.h>

/* One-sided: about 2 in 100 series of independent values without a trend pass by chance. */
#define Z_TREND 2.0
/* The late slope of a steady leak is the whole slope; that of a saturating series falls away. */
#define LATE_SHARE 0.25
/* The last half must have added this share of what there is at the end. */
#define RISE_SHARE 0.05
/* What a leak had taken is still there, whatever passes through the same stack besides. */
#define SURVIVED_SHARE 0.75
/* With fewer survivors all of it is replaced all the time; its size then follows the load, and */
#define REPLACED_SHARE 0.25
/* only a rise beyond the usual ups and downs is called growth. */
#define REPLACED_RISE_SHARE 0.25

#define MAX_PAIRS	    (TREND_MAX_SAMPLES * (TREND_MAX_SAMPLES - 1) / 2)

/* The @k-th smallest of @v (Hoare's selection; reorders @v). */
static double kth_smallest(double *v, size_t count, size_t k)
{
	ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, want = (ptrdiff_t)k;

	while (low < high) {
		double pivot = v[want];
		ptrdiff_t i = low, j = high;

		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i <= j) {
				double kept = v[i];

				v[i++] = v[j];
				v[j--] = kept;
			}
		}
		if (j < want)
			low = i;
		if (i > want)
			high = j;
	}
	return v[want];
}

static double median(double *v, size_t count)
{
	double upper = kth_smallest(v, count, count / 2);

	if (count % 2)
		return upper;
	return (upper + kth_smallest(v, count, count / 2 - 1)) / 2;
}

/* Median of the slopes of all pairs, bytes per unit of @x; NULL: per interval. */
static double sen_slope(const uint64_t *x, const uint64_t *bytes, size_t n)
{
	double slopes[MAX_PAIRS];
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++) {
			double distance = x ? (double)x[j] - (double)x[i] : (double)(j - i);

			if (distance > 0)
				slopes[count++] = ((double)bytes[j] - (double)bytes[i]) / distance;
		}
	return count ? median(slopes, count) : 0;
}

double trend_slope_per_s(const uint64_t *time_ns, const uint64_t *bytes, size_t n)
{
	assert(n <= TREND_MAX_SAMPLES);
	return sen_slope(time_ns, bytes, n) * 1e9;
}

/* Kendall's S over its standard deviation, with the corrections for ties and continuity. */
static double mann_kendall_z(const uint64_t *bytes, size_t n)
{
	double variance = (double)n * ((double)n - 1) * (2 * (double)n + 5);
	double s = 0;

	for (size_t i = 0; i < n; i++) {
		double same = 0;

		for (size_t j = 0; j < n; j++) {
			same += bytes[j] == bytes[i];
			if (j > i)
				s += (bytes[j] > bytes[i]) - (bytes[j] < bytes[i]);
		}
		/* A group of t ties takes t(t-1)(2t+5): each of its t members a t-th of that. */
		variance -= (same - 1) * (2 * same + 5);
	}
	variance /= 18;
	if (s == 0 || variance <= 0)
		return 0;
	return (s > 0 ? s - 1 : s + 1) / sqrt(variance);
}

static double median_around(const uint64_t *bytes, size_t i)
{
	double a = (double)bytes[i - 1], b = (double)bytes[i], c = (double)bytes[i + 1];

	return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* What the last half added, as a share of the end; medians of three against single peaks. */
static double late_rise(const uint64_t *bytes, size_t n)
{
	double middle = median_around(bytes, n / 2), end = median_around(bytes, n - 2);

	return end > 0 ? (end - middle) / end : 0;
}

/*
 * Survivors as a share of what a leak of this slope had taken by then, or of what there was if that
 * is less.
 */
static double survival(const uint64_t *bytes, const struct trend_cohort *cohort, double slope_bytes)
{
	double intervals = (double)cohort->index + 1;
	double taken = fmin((double)bytes[cohort->index], slope_bytes * intervals);

	return taken > 0 ? (double)cohort->survived_bytes / taken : 1;
}

static enum trend_verdict verdict_of(const struct trend *t, double survived, double rise,
				     double min_slope_bytes)
{
	if (t->z < -Z_TREND && t->slope_bytes < -min_slope_bytes)
		return TREND_SHRINKING;
	if (t->z <= Z_TREND || t->slope_bytes <= min_slope_bytes)
		return TREND_PLATEAU;
	if (rise < (survived < REPLACED_SHARE ? REPLACED_RISE_SHARE : RISE_SHARE))
		return TREND_PLATEAU;
	if (t->late_slope_bytes <= LATE_SHARE * t->slope_bytes || survived < SURVIVED_SHARE)
		return TREND_MAY_LEVEL;
	return TREND_STEADY;
}

struct trend trend_of(const uint64_t *bytes, size_t n, const struct trend_cohort *cohort,
		      double min_slope_bytes)
{
	struct trend t = { .verdict = TREND_TOO_SHORT };
	double survived;

	assert(n <= TREND_MAX_SAMPLES);
	assert(!cohort || cohort->index < n);
	t.z = mann_kendall_z(bytes, n);
	t.slope_bytes = sen_slope(NULL, bytes, n);
	t.late_slope_bytes = sen_slope(NULL, bytes + n / 2, n - n / 2);
	if (n < TREND_MIN_SAMPLES)
		return t;
	survived = cohort ? survival(bytes, cohort, t.slope_bytes) : 1;
	t.verdict = verdict_of(&t, survived, late_rise(bytes, n), min_slope_bytes);
	return t;
}

const char *trend_text(enum trend_verdict verdict)
{
	static const char *const texts[] = {
		[TREND_TOO_SHORT] = "too short to tell",
		[TREND_STEADY] = "growing steadily",
		[TREND_MAY_LEVEL] = "growing, may level off",
		[TREND_PLATEAU] = "plateau",
		[TREND_SHRINKING] = "shrinking",
	};

	return texts[verdict];
}
