/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who alone keeps whom alive: the tree of dominators, and what each node retains, which is what
 * would be free if it were gone. By the Semi-NCA algorithm (Georgiadis, "Linear-Time Algorithms for
 * Dominators and Related Problems", 2005), without recursion: chains of millions are usual.
 *
 * Memory: 24 bytes per node, 8 when the tree is dropped; while it is made 24 and 4 per edge, then
 * 28 per node.
 */
#ifndef HEAP_DOMINATORS_H
#define HEAP_DOMINATORS_H

#include "heap/snapshot.h"

struct dominators {
	uint32_t *order;    /* all nodes, a dominator before what it dominates; the root first */
	uint32_t *of;	    /* by node; the root's is the root */
	uint64_t *retained; /* bytes, by node */
	/* The same as a tree, to be walked: SNAPSHOT_NONE is the end. */
	uint32_t *first_child, *next_sibling;
};

/*
 * Over the edges that are not EDGE_IDLE. What no such edge leads to counts as the root's; of what
 * only keeps itself, in circles, each node does, and keeps nothing else. 0 or -ENOMEM; ended by
 * dominators_done.
 */
int dominators_find(const struct snapshot *s, struct dominators *d);
void dominators_done(struct dominators *d);

/* Only what is retained stays. */
void dominators_drop_tree(struct dominators *d);

/*
 * The next node of a walk from the root (0) on, parents first, or SNAPSHOT_NONE. @leave is called
 * for each node whose subtree is done, the innermost first.
 */
uint32_t dominators_next(const struct dominators *d, uint32_t node,
			 void (*leave)(void *ctx, uint32_t node), void *ctx);

#endif
