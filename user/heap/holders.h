/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who holds objects: for each the shortest way from the roots, and ways that look the same merged
 * into one shape: "1,998 of 2,000 UserSession, each in a Map, which is variable sessions of
 * store.js". Entries of arrays and tables are one step each, whatever their number or key; a chain
 * of the same step (a linked list) is one step.
 *
 * Memory: 12 bytes per node.
 */
#ifndef HEAP_HOLDERS_H
#define HEAP_HOLDERS_H

#include "base/strings.h"
#include "heap/heap.h"

#define HOLDERS_MAX_DEPTH 256	  /* steps of a shape; what is deeper is merged there */
#define HOLDERS_KEY	  "[key]" /* the label of any entry of a large object or a WeakMap */
#define HOLDERS_INDEX	  "[]"	  /* of any numbered entry */

struct holders_shape {
	uint32_t parent; /* shape of the holder, SNAPSHOT_NONE: this is a root */
	uint32_t class;	 /* of the object */
	uint32_t label;	 /* text: the edge by which its holder has it */
	uint8_t edge;	 /* enum edge_type of that */
	bool repeats;	 /* a chain */
	uint16_t depth;
	uint32_t node;	       /* an example */
	uint32_t nodes;	       /* different ones on the ways asked for so far */
	uint64_t count, bytes; /* of the objects asked for that end here */
};

struct holders {
	const struct heap *heap; /* borrowed, as the next */
	struct classes *classes;
	uint32_t *edge;	   /* by node: the last one of its way; SNAPSHOT_NONE */
	uint32_t *shape;   /* by node, SNAPSHOT_NONE: not asked yet */
	uint32_t *scratch; /* after holders_index_scopes: by scope, a function that sees it */
	int stage;	   /* of the search */
	struct strings labels;
	struct id_table ids;
	struct {
		struct holders_shape *at;
		size_t len, cap;
	} shapes;
};

/* @classes: of @heap, gets the names of roots. 0 or -ENOMEM, then @h is empty; ended by
 * holders_done. It must not move in between. */
int holders_init(struct holders *h, const struct heap *heap, struct classes *classes);
void holders_done(struct holders *h);

/* Forgets counts, for the next question. */
void holders_reset(struct holders *h);

/* One of the objects asked for. 0 or -ENOMEM. */
int holders_add(struct holders *h, uint32_t node);

struct holders_list {
	uint32_t *at; /* shapes with a count, the largest first */
	size_t len, cap;
};

/* 0 or -ENOMEM; ended by free(at). */
int holders_list(const struct holders *h, struct holders_list *ret);

/*
 * Where the way of @shape ends for whoever reads the program: the shape, it or one above it, that
 * is the value of a variable of which there is one only. What is made anew by each call (closures'
 * scopes) is passed. Where there is none: the variable or property nearest to the roots; else the
 * root.
 */
uint32_t holders_anchor(const struct holders *h, uint32_t shape);

/* The node from which edge @edge goes. */
uint32_t holders_source(const struct snapshot *s, uint32_t edge);

/* After the last holders_add: finds the functions that see each scope, for holders_script. */
void holders_index_scopes(struct holders *h);

/*
 * Where a variable is: the file of a function that sees scope @context (a "system / Context"), or
 * NULL.
 */
const char *holders_script(const struct holders *h, uint32_t context);

static inline const char *holders_label(const struct holders *h, const struct holders_shape *s)
{
	return h->labels.at[s->label];
}

#endif
