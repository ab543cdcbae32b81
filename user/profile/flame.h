/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tree of a flame graph: stacks merged from their roots on, with the weight of each. Stacks are
 * added, flame_finish adds up and orders, then the tree is walked:
 *
 *	struct flame *f = flame_new(seed);
 *
 *	flame_add(f, (const char *[]){ "main", "work" }, 2, 17);
 *	flame_finish(f);
 *	for (flame_walk_start(&w, f); flame_walk_next(&w, true);)
 *		... flame_node(f, w.node), w.depth, w.start ...
 *
 * A second weight per stack, of another profile, makes the graph a comparison: "before", while the
 * first one is "now". Nothing here recurses, whatever the input.
 *
 * Memory: 48 bytes per node (a function in its call path), 8 for finding it, and the text of
 * distinct names; a million stacks that differ in their last two of twenty frames take some 130 MB.
 * The limits below hold the whole under 1.5 GB.
 */
#ifndef PROFILE_FLAME_H
#define PROFILE_FLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLAME_MAX_DEPTH 4096	   /* frames of a stack, the root "all" aside */
#define FLAME_MAX_NODES (1u << 24) /* names: see profile/names.h */
#define FLAME_ROOT	0	   /* node of all stacks; as a child or sibling it means "none" */

enum { FLAME_NOW, FLAME_BEFORE, FLAME_WEIGHTS };

struct flame_node {
	uint32_t name; /* for flame_name; of the root: nothing */
	uint32_t parent;
	uint32_t first_child, next_sibling; /* bytewise by name, after flame_finish */
	uint64_t self[FLAME_WEIGHTS];	    /* of stacks that end here */
	uint64_t total[FLAME_WEIGHTS];	    /* with all above; after flame_finish */
};

struct flame;

/* @seed: any; a random one when the names come from a stranger. NULL when out of memory. */
struct flame *flame_new(uint64_t seed);
void flame_free(struct flame *f);
void flame_freep(struct flame **f);

/* Before the first stack: merge from the leaves on, so that the tree shows who calls them. */
void flame_reverse(struct flame *f);

/*
 * A stack, root first; frames are copied. A deeper one than FLAME_MAX_DEPTH is cut and counted. A
 * weight of 0 adds nothing. 0, -ENOMEM, -E2BIG (too many nodes or names), -EOVERFLOW (the sum of
 * all weights is beyond 64 bits).
 */
int flame_add(struct flame *f, const char *const *frames, size_t depth, uint64_t weight);
int flame_add_before(struct flame *f, const char *const *frames, size_t depth, uint64_t weight);

/* Totals and order. Afterwards nothing can be added. 0 or -ENOMEM. */
int flame_finish(struct flame *f);

const struct flame_node *flame_node(const struct flame *f, uint32_t node);
const char *flame_name(const struct flame *f, uint32_t node); /* of the root: "all" */
uint32_t flame_node_count(const struct flame *f);
uint64_t flame_total(const struct flame *f, int weight); /* also before flame_finish */
uint64_t flame_cut_count(const struct flame *f);	 /* stacks that were too deep */

/* A walk over a finished tree, parents first, siblings in order. */
struct flame_walk {
	const struct flame *f; /* borrowed */
	uint32_t node;
	uint32_t depth; /* of @node, the root's is 0 */
	uint64_t start; /* where @node begins, in the weights "now" */
	bool is_started;
	uint64_t next_start[FLAME_MAX_DEPTH + 2]; /* of the next node of that depth */
};

void flame_walk_start(struct flame_walk *w, const struct flame *f);
/* To the next node; without @descend past all above the present one. False: there is none. */
bool flame_walk_next(struct flame_walk *w, bool descend);

#endif
