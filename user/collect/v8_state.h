/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the memory of a process with V8 says of its heaps, read from outside: nothing is probed and
 * nothing is stopped. Figures that V8 works out by its own functions are worked out by the same
 * functions, executed on our side (symbol/getter.h).
 */
#ifndef COLLECT_V8_STATE_H
#define COLLECT_V8_STATE_H

#include "host/target.h"
#include "profile/gc_heaps.h"
#include "profile/memory.h"

struct v8_function {
	uint64_t address; /* in the process, 0: the build does not name it */
	size_t len;
};

#define V8_TEXTS_MAX 16

/* Where V8 and node have what is read, in one process. */
struct v8_places {
	int fd;		/* of the file that holds V8, -1 */
	char path[256]; /* clean */
	struct v8_function limit, used, total, statistics, release;
	/* from V8 12 on asking for figures gives back what is free of the areas that are
	 * allocated from: of all, of one */
	struct v8_function free_areas, free_area;
	uint64_t allocators[2]; /* tables of functions that node's allocators of buffers begin with
				 */
	struct v8_text {
		uint64_t start, end, offset;
	} texts[V8_TEXTS_MAX]; /* its executable mappings */
	size_t text_count;
	/* found in those functions; has_...: it was */
	struct getter_member_place {
		bool is_known;
		uint64_t isolate; /* the Heap lies so far inside its isolate */
		uint64_t offset;  /* of what is external, from the Heap */
	} external;
	bool has_areas;
	uint64_t area; /* of an area, from what allocates from it */
	bool has_counter;
	uint64_t counter; /* of the allocator's bytes, from the allocator */
};

void v8_places_done(struct v8_places *p);

/* 0; -ENODATA: nothing of V8 in the process; or why it could not be looked through. */
int v8_places_find(const struct target *t, struct v8_places *ret);

/* The memory of @t, which is borrowed. */
struct reader v8_reader(const struct target *t);

/* --max-old-space-size of process @pid (command line, NODE_OPTIONS), bytes; 0: not given. */
uint64_t v8_option_limit(pid_t pid);

/* What V8 calls heap_size_limit, by its function at @f; 0: cannot be told. */
uint64_t v8_limit(const struct reader *memory, const struct v8_function *f, uint64_t heap);

/* Node's allocator of the buffers of the isolate of @heap; 0: not found, ask again later. */
uint64_t v8_allocator(const struct reader *memory, const struct v8_places *p, uint64_t heap);

/* Fills in the figures and the spaces of the heap @found; @ret->allocator is as v8_allocator says.
 */
void v8_heap_read(const struct target *t, const struct v8_places *p,
		  const struct gc_found_heap *found, struct memory_heap *ret);

#endif
