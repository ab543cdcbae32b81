/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Totals by class of a snapshot. Objects of no size are none, as in Chrome's DevTools.
 *
 * Memory: 24 bytes per class.
 */
#ifndef HEAP_CENSUS_H
#define HEAP_CENSUS_H

#include "heap/dominators.h"
#include "heap/snapshot.h"

struct census_total {
	uint64_t count, bytes;
	uint64_t retained; /* what these objects keep alive together, each byte once */
};

struct census {
	struct census_total *classes; /* by class */
	size_t class_count;
	struct census_total all; /* retained: from the root */
};

/* Of one snapshot: @class by node, of @class_count classes. */
struct census_input {
	const struct snapshot *snapshot;
	const uint32_t *class;
	size_t class_count;
	const struct dominators *dominators;
};

/* 0 or -ENOMEM; ended by census_done. */
int census_take(const struct census_input *in, struct census *ret);

void census_done(struct census *c);

/* Of a class that may be newer than the census. */
struct census_total census_of(const struct census *c, uint32_t class);

#endif
