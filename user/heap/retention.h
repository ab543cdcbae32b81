/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which edges keep something alive, and whose memory is whose: as Chrome's DevTools see it, so that
 * numbers are the same there and here.
 */
#ifndef HEAP_RETENTION_H
#define HEAP_RETENTION_H

#include "heap/snapshot.h"

/*
 * Sets EDGE_IDLE on edges that keep nothing alive: weak ones; shortcuts that are not the root's;
 * from a node to itself. And unless @is_raw: from a WeakMap's table to a value, which its key
 * holds; from what the program cannot reach (the debugger, V8) to what it can. 0 or -ENOMEM.
 */
int retention_mark(struct snapshot *s, bool is_raw);

static inline bool retention_is_idle(const struct snapshot *s, uint32_t edge)
{
	return s->edge_type[edge] & EDGE_IDLE;
}

/*
 * The sizes of arrays and of V8's own parts that only one object owns become part of that object's
 * (the table of a Map, the elements of an Array). Not in snapshots with V8's internals exposed,
 * which have no user roots. 0 or -ENOMEM.
 */
int retention_own_sizes(struct snapshot *s);

#endif
