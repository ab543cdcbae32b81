/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way from the roots to an object, step by step from the object up. */
#ifndef REPORT_HEAP_WAY_H
#define REPORT_HEAP_WAY_H

#include "heap/findings.h"

#define HEAP_WAY_MAX	 512 /* steps: more than shapes have */
#define HEAP_WAY_SCRIPTS 4   /* variables of which the file is looked for: each takes a while */

struct heap_way_step {
	const char *edge;   /* by which the holder has it: "[]", "sessions" */
	const char *kind;   /* "element", "context", "property", ... */
	const char *class;  /* of the holder */
	const char *script; /* of a variable's scope, clean; NULL */
	uint32_t scopes;    /* in so many there is this variable, on the ways asked for */
	uint32_t node;	    /* an example of the holder */
	enum edge_type type;
	bool repeats; /* the step stands for a chain of such steps */
	bool is_part; /* the holder is an array or V8's own: no one the program knows */
};

struct heap_way {
	struct heap_way_step steps[HEAP_WAY_MAX];
	size_t len, shown; /* shown: up to its anchor (heap/holders.h) */
	char scripts[HEAP_WAY_SCRIPTS][TEXT_MAX];
};

/* Of shape @shape in f->holders. */
void heap_way(const struct findings *f, uint32_t shape, struct heap_way *ret);

#endif
