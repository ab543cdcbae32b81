/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What remains of a snapshot to be compared with another one: totals by class, and its objects by
 * id. Objects of no size are none, as in Chrome's DevTools.
 *
 * Memory: 16 bytes per object, 20 with nodes, 24 per class.
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
	/* Objects by ascending id. */
	size_t len;
	uint32_t *id, *class, *node; /* node: NULL when it was not asked for */
	uint64_t *bytes;
};

/* Of one snapshot: @class by node, of @class_count classes. */
struct census_input {
	const struct snapshot *snapshot;
	const uint32_t *class;
	size_t class_count;
	const struct dominators *dominators;
	bool keep_nodes;
};

/* The totals. 0 or -ENOMEM; ended by census_done. */
int census_take(const struct census_input *in, struct census *ret);

/* The objects too; the tree of dominators is not looked at. 0 or -ENOMEM. */
int census_take_objects(const struct census_input *in, struct census *c);
void census_done(struct census *c);

/* Only the totals stay. */
void census_drop_objects(struct census *c);

/* Of a class that may be newer than the census. */
struct census_total census_of(const struct census *c, uint32_t class);

#endif
