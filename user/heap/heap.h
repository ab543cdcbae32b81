/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A snapshot with all that is asked of it: classes, sizes, dominators. */
#ifndef HEAP_HEAP_H
#define HEAP_HEAP_H

#include "heap/classes.h"
#include "heap/dominators.h"
#include "heap/snapshot.h"

struct heap {
	struct snapshot snapshot;
	uint32_t *class; /* by node */
	struct dominators dominators;
};

struct heap_input {
	struct json_source source;
	struct classes *classes; /* of all heaps that are to be compared */
	bool is_raw;		 /* as the file has it: see retention.h */
};

/* 0 or as snapshot_read. @h is empty (zeroed) or retired; it is empty after a failure. Ended by
 * heap_done. */
int heap_load(const struct heap_input *in, struct heap *h, struct snapshot_fault *ret_fault);
void heap_done(struct heap *h);

/* Only the memory of its snapshot stays, for the next one. */
void heap_retire(struct heap *h);

/* The file in which function @node (a closure) is, or NULL. */
const char *heap_script_of(const struct snapshot *s, uint32_t node);

#endif
