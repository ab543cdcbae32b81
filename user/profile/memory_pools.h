/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What each mapping of a process is for, and what of it is in memory, so that the pools add up to
 * what is resident. A mapping belongs to one pool as a whole, but one of a file to two: pages as
 * they are in the file, and pages that were written to.
 */
#ifndef PROFILE_MEMORY_POOLS_H
#define PROFILE_MEMORY_POOLS_H

#include "profile/gc_heaps.h"
#include "profile/memory.h"
#include "symbol/smaps.h"

/* What is known of the process besides its mappings; borrowed. */
struct memory_facts {
	const struct reader *memory;	/* NULL: may not be read */
	const struct gc_heaps *heaps;	/* of V8; NULL: none */
	const uint64_t *stack_pointers; /* of its threads, ascending */
	size_t stack_count;
};

/* Sets rss, pss, anonymous, file, shared, swap and the pools of @s. */
void memory_pools_sum(const struct smaps *maps, const struct memory_facts *facts,
		      struct memory_sample *s);

/* Addresses where chunks of V8's may begin, at most @max: multiples of GC_CHUNK_BYTES in anonymous
 * memory; the first of each mapping come first. */
size_t memory_chunks(const struct smaps *maps, uint64_t *ret_chunks, size_t max);

#endif
