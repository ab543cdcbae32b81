/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the stacks that were taken ended: the share that is whole stands in every report. */
#ifndef PROFILE_STACK_COUNTS_H
#define PROFILE_STACK_COUNTS_H

#include "abi/stacks.h"

#include <stdint.h>

/* Frames of JavaScript functions in the stacks of a report. */
struct js_counts {
	uint64_t frames, unreadable; /* the second are among the first: they have no name */
};

struct stack_counts {
	uint64_t ended[STACK_ENDS]; /* by enum stack_end */
	uint64_t by_fp;		    /* of them: code without a table was crossed by frame pointer */
	struct js_counts js;
};

void js_counts_add(struct js_counts *into, const struct js_counts *from, uint64_t times);

/* By enum stack_end: "no_table" for programs, "no unwind table" for people. */
extern const char *const stack_end_names[STACK_ENDS];
extern const char *const stack_end_texts[STACK_ENDS];

void stack_counts_add(struct stack_counts *into, const struct stack_counts *from);

/* All stacks taken. */
uint64_t stack_counts_total(const struct stack_counts *c);

/*
 * Whole ones per hundred of those whose end is known, rounded down to a tenth, so that 100 means
 * all of them; 0 without any.
 */
double stack_counts_complete_pct(const struct stack_counts *c);

#endif
