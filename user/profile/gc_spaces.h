/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The spaces of a V8 heap, found in its memory. A Heap holds an array of pointers to its spaces, by
 * their number; each space begins with its table of functions, the Heap it belongs to, its number,
 * and how much memory it has of the system (V8 10 to 14). Where in the Heap the array lies is found
 * by that: a place where several pointers in a row lead to objects that point back and bear the
 * right number. Nothing else is taken for it.
 */
#ifndef PROFILE_GC_SPACES_H
#define PROFILE_GC_SPACES_H

#include "base/bytes.h"
#include "profile/gc.h"

/* So much of the Heap object is searched. */
#define GC_HEAP_BYTES 8192

struct gc_layout {
	uint32_t first;	  /* where in the Heap the array begins, bytes */
	uint32_t version; /* which numbers the spaces have */
};

/*
 * @memory: the target's, an offset is an address. @heap: of the Heap. 0; -ENODATA: no such array,
 * or the numbers of no V8 we know; or what reading memory gave.
 */
int gc_spaces_find(const struct reader *memory, uint64_t heap, struct gc_layout *ret_layout);

/*
 * Reads the spaces; names are static. *ret_count at most GC_SPACES_MAX. 0, -ENODATA (they are not
 * there any more), or as above.
 */
int gc_spaces_read(const struct reader *memory, uint64_t heap, const struct gc_layout *layout,
		   struct gc_space *ret_spaces, size_t *ret_count);

#endif
