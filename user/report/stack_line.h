/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every tool says of the stacks it took. */
#ifndef REPORT_STACK_LINE_H
#define REPORT_STACK_LINE_H

#include "base/json.h"
#include "profile/stack_counts.h"

#include <stdio.h>

#define STACK_LINE_INDENT 12 /* of a second line */

/* "complete: 99.2 % of 12345; no unwind table 80, ..." and a line feed; "none taken". */
void stack_line_text(const struct stack_counts *c, FILE *out);

/* An object as the next value: a count per end, complete_pct, by_frame_pointer. */
void stack_line_json(const struct stack_counts *c, struct json *j);

#endif
