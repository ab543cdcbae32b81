/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who made the Buffers: its part of mem-watch's report. */
#ifndef REPORT_MEMORY_BUFFERS_H
#define REPORT_MEMORY_BUFFERS_H

#include "base/json.h"
#include "profile/memory.h"

#include <stdio.h>

/* Nothing when they were not watched. */
void memory_buffers_text(const struct memory_buffers *b, FILE *out);

/* The next value, null when they were not watched. */
void memory_buffers_json(const struct memory_buffers *b, struct json *j);

/* What programs compare, of enum trend_verdict: also of mem-watch's figures. */
extern const char *const memory_trend_names[];

#endif
