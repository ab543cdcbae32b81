/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two snapshots of one process, or a series of them: what is new, what is gone, what grows. By id,
 * which V8 gives an object once and for all; the comparison is that of Chrome's DevTools.
 */
#ifndef HEAP_COMPARISON_H
#define HEAP_COMPARISON_H

#include "heap/census.h"
#include "heap/heap.h"
#include "heap/objects.h"

#define COMPARISON_MAX 64 /* snapshots of a series */

struct comparison_row {
	uint32_t class;
	uint64_t new_count, deleted_count, kept_count;
	uint64_t new_bytes, deleted_bytes;
	int64_t kept_bytes_delta;	   /* what kept objects have grown by */
	struct census_total before, after; /* in the first snapshot and in the last */
	bool is_growing;
};

struct comparison_limits {
	uint64_t min_count, min_bytes; /* growth in all that counts: either */
};

struct comparison {
	struct comparison_row *at; /* by what the class grew, then by name; those with any change */
	size_t len;
	bool has_ids; /* else new, deleted and kept are 0: counts alone were compared */
	/* Objects of the first that are in the last too, all of the first, all of the last. */
	uint64_t shared_count, old_count, last_count;
	uint64_t late_count; /* new ones whose ids are older than the first snapshot's newest */
	uint64_t new_count;
};

enum comparison_trust {
	COMPARISON_TRUSTED,
	COMPARISON_FEW_SHARED, /* under half of the objects of the smaller one are in both */
	COMPARISON_OLD_IDS,    /* "new" objects have ids that were given long before */
};

struct comparison_input {
	const struct classes *classes;
	const struct census *series;
	size_t count;
	struct comparison_limits limits;
	const struct objects *before; /* of the first; NULL: counts alone are compared */
	const struct heap *last;
	uint8_t *is_new; /* by node of the last, all false: is set; or NULL */
};

/* 0 or -ENOMEM; ended by comparison_done. */
int comparison_make(const struct comparison_input *in, struct comparison *ret);
void comparison_done(struct comparison *c);

/* Can ids be compared at all? Not when the snapshots come from two processes, or when the map of
 * ids was dropped in between (an inspector session that was closed). */
enum comparison_trust comparison_trust(const struct comparison *c);

/* Does a class grow from each snapshot to the next, and enough? V8's own classes do not count. */
bool comparison_is_growing(const struct comparison_input *in, uint32_t class);

#endif
