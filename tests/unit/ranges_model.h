/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the ledger of mapped ranges must agree with: an array that says for each of a few hundred
 * bytes whose it is. For the unit test and the fuzz target.
 */
#ifndef TESTS_UNIT_RANGES_MODEL_H
#define TESTS_UNIT_RANGES_MODEL_H

#include "profile/ranges.h"

#include <stdbool.h>

#define MODEL_BYTES 300

struct ranges_model {
	uint64_t stack[MODEL_BYTES]; /* 0: not mapped */
};

static inline void model_map(struct ranges_model *m, uint64_t start, uint64_t end, uint64_t stack)
{
	for (uint64_t i = start; i < end; i++)
		m->stack[i] = stack;
}

/* Returns how many mapped bytes went. */
static inline uint64_t model_unmap(struct ranges_model *m, uint64_t start, uint64_t end)
{
	uint64_t gone = 0;

	for (uint64_t i = start; i < end; i++) {
		gone += m->stack[i] != 0;
		m->stack[i] = 0;
	}
	return gone;
}

/* Do both say the same, and is the array sorted, without overlaps and empty ranges? */
static inline bool model_agrees(const struct ranges_model *m, const struct ranges *r)
{
	uint64_t at = 0;

	for (size_t i = 0; i < r->len; i++) {
		const struct range *range = &r->at[i];

		if (range->start < at || range->end <= range->start || range->end > MODEL_BYTES)
			return false;
		for (; at < range->start; at++)
			if (m->stack[at])
				return false;
		for (; at < range->end; at++)
			if (m->stack[at] != range->stack)
				return false;
	}
	for (; at < MODEL_BYTES; at++)
		if (m->stack[at])
			return false;
	return true;
}

#endif
