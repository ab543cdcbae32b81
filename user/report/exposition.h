/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an HTTP page for Prometheus says: its text format 0.0.4, and OpenMetrics 1.0.0. A bound of a
 * histogram reads the same in both ("1.0", as OpenMetrics wants it), so that a time series stays
 * the same one whichever of them a scrape asks for.
 */
#ifndef REPORT_EXPOSITION_H
#define REPORT_EXPOSITION_H

#include "profile/series.h"

#include <stdio.h>

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };
#define EXPOSITION_FORMATS 2

/* The value of Content-Type, by enum exposition_format. */
extern const char *const exposition_types[EXPOSITION_FORMATS];

/* The last line of an OpenMetrics page. */
#define EXPOSITION_EOF "# EOF\n"

/* The whole page; families without a sample are left out. 0 or -EIO. */
int exposition_write(const struct series *s, enum exposition_format format, FILE *out);

/* Its families alone, for a page that has more: without the last line. 0 or -EIO. */
int exposition_write_families(const struct series *s, enum exposition_format format, FILE *out);

#endif
