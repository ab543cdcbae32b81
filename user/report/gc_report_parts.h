/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What several of gc-trace's reports are made of. */
#ifndef REPORT_GC_REPORT_PARTS_H
#define REPORT_GC_REPORT_PARTS_H

#include "profile/gc.h"

#include <stdio.h>

#define GC_TEXT_LEN 512

/* "node (PID 42)", "node (PID 42), worker thread 57". Returns @buf. */
char *gc_heap_name(const struct gc_heap *h, char buf[GC_TEXT_LEN]);

/* "allocation failure; GC in old space requested"; "unknown". Returns @buf. */
char *gc_reason(const struct gc_collection *c, char buf[GC_TEXT_LEN]);

/* Does a heap of the value have a thread of its own to be named in lines? */
bool gc_has_many(const struct gcs *g);

#define GC_QUANTILES 3
extern const double gc_quantiles[GC_QUANTILES];

/* A section of a text report: the figures of heap @index. */
void gc_put_figures(const struct gcs *g, size_t index, FILE *out);

#endif
