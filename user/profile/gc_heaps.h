/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The heaps of V8 in a process, found in its memory, without a probe and without symbols. V8 takes
 * memory in chunks that begin at multiples of 256 KiB; the head of each, or a description that the
 * head points to (V8 13 and later), has a pointer to the Heap it belongs to. That something is a
 * Heap is told by its spaces (profile/gc_spaces.h): nothing else is taken for one.
 */
#ifndef PROFILE_GC_HEAPS_H
#define PROFILE_GC_HEAPS_H

#include "base/bytes.h"
#include "profile/gc_spaces.h"

#include <stdbool.h>

#define GC_CHUNK_BYTES (256u << 10)
#define GC_HEAPS_MAX   64  /* isolates: the main thread's and workers' */
#define GC_CHUNK_TRIES 256 /* chunks looked into before there is none */
#define GC_HEAD_WORDS  8   /* of a chunk that are looked at */
#define GC_NOTE_WORDS  24  /* of a description */
#define GC_CHUNK_LINKS 4   /* words of a head that may point to the description */
#define GC_NO_LINK     UINT32_MAX

/* Where in a chunk the pointer to its Heap is. */
struct gc_chunk_layout {
	bool is_known;
	uint32_t link; /* index of the word that points to the description, or GC_NO_LINK */
	uint32_t word; /* index in the head, or in the description */
};

struct gc_heaps {
	struct gc_chunk_layout chunks;
	struct gc_found_heap {
		uint64_t address;
		struct gc_layout layout;
	} at[GC_HEAPS_MAX];
	size_t len;
};

/* The Heap that the chunk at @address belongs to, as its head says; 0: none, or not readable. */
uint64_t gc_chunk_heap(const struct reader *memory, const struct gc_chunk_layout *layout,
		       uint64_t address);

/*
 * Adds to @h the heaps of the @count @chunks (addresses, multiples of GC_CHUNK_BYTES; likely ones
 * first) that it does not have yet. 0; -ENODATA: no heap among them.
 */
int gc_heaps_find(const struct reader *memory, const uint64_t *chunks, size_t count,
		  struct gc_heaps *h);

#endif
