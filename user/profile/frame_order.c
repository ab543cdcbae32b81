// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The one comparison of frames. */
#include "profile/frame_order.h"

#include <string.h>

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Interned strings are often the same pointer. */
static int compare_text(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int compare_names(const struct frame *a, const struct frame *b)
{
	int order = compare_text(a->function, b->function);

	if (!order)
		order = compare_text(a->module, b->module);
	return order ? order : compare_text(a->file, b->file);
}

int frame_compare(const struct frame *a, const struct frame *b)
{
	int order = compare_names(a, b);

	if (!order)
		order = compare_u64(a->line, b->line);
	if (!order)
		order = compare_u64(a->column, b->column);
	if (!order)
		order = compare_u64(a->kind, b->kind);
	if (!order)
		order = compare_u64(a->is_inlined, b->is_inlined);
	if (!order && !a->function[0])
		order = compare_u64(a->offset, b->offset);
	return order;
}

int frame_compare_functions(const struct frame *a, const struct frame *b)
{
	int order = compare_names(a, b);

	if (!order)
		order = compare_u64(a->kind, b->kind);
	if (!order && a->kind == FRAME_JIT) /* that of its beginning: many are "(anonymous)" */
		order = compare_u64(a->line, b->line);
	if (!order && a->kind == FRAME_JIT)
		order = compare_u64(a->column, b->column);
	if (!order && !a->function[0])
		order = compare_u64(a->offset, b->offset);
	return order;
}
