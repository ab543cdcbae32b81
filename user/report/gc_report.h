/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gc-trace's reports: a value in, a format out. Same input, same bytes. docs/formats.md. */
#ifndef REPORT_GC_REPORT_H
#define REPORT_GC_REPORT_H

#include "profile/gc.h"

#include <stdio.h>

/* docs/schema/gc-trace.schema.json says the same */
#define GC_REPORT_SCHEMA "gc-trace/1"

struct gc_report_style {
	size_t top; /* pauses, reasons and stacks shown */
};

/* All return 0, -ENOMEM, or -EIO when @out failed. */
int gc_report_text(const struct gcs *g, const struct gc_report_style *style, FILE *out);
/* Above the first line of a collection: what is watched, what the columns are. */
int gc_report_begin(const struct gcs *g, FILE *out);
/* One collection in a line; below it the stack that triggered it, when that is new. */
int gc_report_collection(const struct gcs *g, const struct gc_collection *c, FILE *out);
int gc_report_moment(const struct gcs *g, const struct gc_moment *m, FILE *out);
/* What one interval was like: a line for each heap. */
int gc_report_interval(const struct gcs *g, FILE *out);
/* One object on one line. */
int gc_report_json(const struct gcs *g, FILE *out);
/* Chrome's trace-event format: opens in Perfetto and speedscope. */
int gc_report_trace(const struct gcs *g, FILE *out);
/* Prometheus' text format 0.0.4. */
int gc_report_prometheus(const struct gcs *g, FILE *out);

#endif
