/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions (closures) by where they stand in the source: the same text, made how often. */
#ifndef HEAP_FUNCTIONS_H
#define HEAP_FUNCTIONS_H

#include "base/strings.h"
#include "heap/heap.h"

struct functions_row {
	uint32_t script, line, column; /* V8's number of the script; from 0 */
	uint64_t count, bytes, before_count;
	const char *name, *file; /* clean; "" when not known */
};

struct functions {
	struct functions_row
		*at; /* functions_take: by place; functions_order: by growth or count */
	size_t len, cap;
	struct strings texts;
};

/* @f, zeroed before, must not move as long as it lives. 0 or -ENOMEM; ended by functions_done. */
int functions_take(const struct heap *h, struct functions *f);
void functions_done(struct functions *f);

/* Fills in what was there before; NULL: by count alone. */
void functions_order(struct functions *f, const struct functions *before);

#endif
