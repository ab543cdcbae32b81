/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Histograms of loop times (struct loop_hist, abi/loop-stall.h): a count and a sum per bucket, so
 * that what an arrival at a random moment meets can be told, not only what iterations are like.
 */
#ifndef PROFILE_LOOP_HIST_H
#define PROFILE_LOOP_HIST_H

#include "abi/loop-stall.h"

#include <stdint.h>

void loop_hist_add(struct loop_hist *h, uint64_t value_ns, uint64_t at_ns);

/*
 * What came since @earlier, an older reading of the same: counts and sums are exact; max is @h's
 * when it came since, else the upper bound of the highest bucket that grew (of one value: itself),
 * at a time that is not known: 0.
 */
void loop_hist_since(const struct loop_hist *h, const struct loop_hist *earlier,
		     struct loop_hist *ret);

/* Of the values: @q from 0 to 1, by the mean of the bucket, never above max. 0 when empty. */
uint64_t loop_hist_quantile(const struct loop_hist *h, double q);

/*
 * The lag x that an arrival meets with probability @q or less, arrivals being independent of the
 * loop and @window_ns what was observed: P(lag > x) = (S(x) - x N(x)) / window, with S and N the
 * sum and number of values above x. Free of omission: a long value counts by its length. 0: the
 * loop is idle with at least probability @q. A window shorter than all values together (one began
 * before it) is taken to be as long as they are.
 */
uint64_t loop_hist_lag_quantile(const struct loop_hist *h, uint64_t window_ns, double q);

#endif
