/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* loop-stall's reports: a value in, a format out. Same input, same bytes. docs/formats.md. */
#ifndef REPORT_LOOP_REPORT_H
#define REPORT_LOOP_REPORT_H

#include "profile/loops.h"

#include <stdio.h>

/* docs/schema/loop-stall.schema.json says the same */
#define LOOP_REPORT_SCHEMA "loop-stall/2"

struct loop_report_style {
	size_t top;    /* culprits and stalls shown */
	bool has_list; /* every stall */
};

/* All return 0, -ENOMEM, or -EIO when @out failed. */
int loop_report_text(const struct loops *l, const struct loop_report_style *style, FILE *out);
/* What one interval was like: a line for each loop. */
int loop_report_interval(const struct loops *l, FILE *out);
/* One stall: a line, its division, and the stack it was seen in. */
int loop_report_stall(const struct loops *l, const struct stall *s, FILE *out);
/* One object on one line. */
int loop_report_json(const struct loops *l, FILE *out);
/* Stalled ns by stack: "comm-PID/TID;thread;root;...;leaf NS", and as a flame graph. */
int loop_report_folded(const struct loops *l, FILE *out);
int loop_report_svg(const struct loops *l, const char *title, FILE *out);
/* Chrome's trace-event format: opens in Perfetto and speedscope. Stalls with their parts and
 * stacks. */
int loop_report_trace(const struct loops *l, FILE *out);

#endif
