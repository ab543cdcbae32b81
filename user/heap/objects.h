/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The objects of a snapshot by id: all that remains of it, to be compared with a later one. Objects
 * of no size are none, as in Chrome's DevTools.
 *
 * Memory: 3 to 5 bytes per object as they usually are, 20 at most; 16 more while they are sorted.
 */
#ifndef HEAP_OBJECTS_H
#define HEAP_OBJECTS_H

#include "heap/snapshot.h"

struct objects {
	size_t len;
	uint32_t newest; /* the largest id of a JavaScript object: those are odd; or 0 */
	uint8_t *packed; /* of each object the step from the last id, its class, its bytes */
	size_t packed_len;
};

/* Those of @s, by ascending id: the id in the upper half, the node in the lower. The array is the
 * caller's to free. 0 or -ENOMEM. */
int objects_sort(const struct snapshot *s, uint64_t **ret_keys, size_t *ret_len);

/* @class by node. 0 or -ENOMEM; ended by objects_done. */
int objects_pack(const struct snapshot *s, const uint32_t *class, struct objects *ret);
void objects_done(struct objects *o);

/* One object after the other; begins with objects_begin. */
struct objects_cursor {
	const uint8_t *at, *end;
	uint32_t id, class;
	uint64_t bytes;
};

static inline struct objects_cursor objects_begin(const struct objects *o)
{
	return (struct objects_cursor){ .at = o->packed, .end = o->packed + o->packed_len };
}

/* The next one, by ascending id; false when there is none. */
bool objects_next(struct objects_cursor *c);

#endif
