/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tree of dominators by class: what all objects of a class keep alive, by class, and so on
 * down. Small enough to be drawn. Objects that dominate others of their own class are one step.
 *
 * Memory: 4 bytes per node while it is made, 32 per step.
 */
#ifndef HEAP_DOMINATED_H
#define HEAP_DOMINATED_H

#include "heap/heap.h"

#define DOMINATED_MAX_DEPTH 200	       /* what is deeper counts there */
#define DOMINATED_MAX_STEPS (1u << 21) /* what would need more counts to its dominator */

struct dominated_step {
	uint32_t parent; /* smaller than its own index; of the first, the root: itself */
	uint32_t class;	 /* of struct classes; roots have the names of their own */
	uint32_t depth;
	uint64_t bytes; /* shallow, of the objects of this step */
};

struct dominated {
	struct dominated_step *at;
	size_t len, cap;
};

/* @c gets the names of roots. 0 or -ENOMEM; ended by dominated_done. */
int dominated_make(const struct heap *h, struct classes *c, struct dominated *ret);
void dominated_done(struct dominated *d);

#endif
