/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* cpu-sample's flame graph: a finished profile in, an SVG out. */
#ifndef REPORT_PROFILE_FLAMEGRAPH_H
#define REPORT_PROFILE_FLAMEGRAPH_H

#include "profile/profile.h"

#include <stdio.h>

/* @title: NULL: what was sampled. 0, -ENOMEM, or -EIO when @out failed. */
int profile_flamegraph(const struct profile *p, const struct profile_meta *m, const char *title,
		       FILE *out);

#endif
