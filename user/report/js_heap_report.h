/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* mem-watch --js-heap's reports: a value in, a format out. Same input, same bytes. */
#ifndef REPORT_JS_HEAP_REPORT_H
#define REPORT_JS_HEAP_REPORT_H

#include "profile/js_heap.h"

#include <stdio.h>

/* docs/schema/js-heap.schema.json says the same */
#define JS_HEAP_REPORT_SCHEMA "js-heap/1"

/* Both return 0, or -EIO when @out failed. @top rows are shown. */
int js_heap_report_text(const struct js_heap *h, uint32_t top, FILE *out);
/* One object on one line, all rows. */
int js_heap_report_json(const struct js_heap *h, FILE *out);

#endif
