// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums and shares of stack ends. */
#include "profile/stack_counts.h"

#include <math.h>
#include <stddef.h>

const char *const stack_end_names[STACK_ENDS] = {
	[STACK_COMPLETE] = "complete",	   [STACK_NO_TABLE] = "no_table",
	[STACK_UNREADABLE] = "unreadable", [STACK_EXPRESSION] = "expression",
	[STACK_TOO_DEEP] = "too_deep",	   [STACK_CORRUPT] = "corrupt",
	[STACK_UNTOLD] = "frame_pointers",
};

const char *const stack_end_texts[STACK_ENDS] = {
	[STACK_COMPLETE] = "complete",
	[STACK_NO_TABLE] = "no unwind table",
	[STACK_UNREADABLE] = "stack memory unreadable",
	[STACK_EXPRESSION] = "rule not expressible",
	[STACK_TOO_DEEP] = "too deep",
	[STACK_CORRUPT] = "stack corrupt",
	[STACK_UNTOLD] = "frame pointers only",
};

void js_counts_add(struct js_counts *into, const struct js_counts *from, uint64_t times)
{
	into->frames += from->frames * times;
	into->unreadable += from->unreadable * times;
}

void stack_counts_add(struct stack_counts *into, const struct stack_counts *from)
{
	for (size_t i = 0; i < STACK_ENDS; i++)
		into->ended[i] += from->ended[i];
	into->by_fp += from->by_fp;
	js_counts_add(&into->js, &from->js, 1);
}

uint64_t stack_counts_total(const struct stack_counts *c)
{
	uint64_t total = 0;

	for (size_t i = 0; i < STACK_ENDS; i++)
		total += c->ended[i];
	return total;
}

double stack_counts_complete_pct(const struct stack_counts *c)
{
	uint64_t known = stack_counts_total(c) - c->ended[STACK_UNTOLD];

	if (!known)
		return 0;
	return floor(1000.0 * (double)c->ended[STACK_COMPLETE] / (double)known) / 10;
}
