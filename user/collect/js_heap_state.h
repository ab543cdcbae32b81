/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to collect/js_heap*.c: what they share. */
#ifndef COLLECT_JS_HEAP_STATE_H
#define COLLECT_JS_HEAP_STATE_H

#include "collect/js_heap.h"
#include "host/standstill.h"
#include "host/target.h"
#include "profile/gc_heaps.h"
#include "symbol/v8_census.h"

#define JS_HEAP_ISOLATE_BYTES 0x14000u /* before the Heap in its isolate */
#define JS_HEAP_BEHIND_BYTES  0x4000u  /* from where the Heap begins */
#define JS_HEAP_CHUNKS_MAX    65536    /* of 256 KiB: 16 GiB */

/* Of addresses. */
struct js_heap_range {
	uint64_t start, end;
};

/* Pages and their content as they were at one time. */
struct js_heap_copy {
	struct v8_pages pages;
	struct v8_gaps gaps;
	struct {
		struct v8_copied_page *at;
		size_t len, cap;
	} copied;
	struct {
		struct js_heap_range *at;
		size_t len, cap;
	} ranges; /* of memory outside of the heap that may point into it */
	struct {
		struct v8_copied_page *at; /* the ranges as copied */
		size_t len, cap;
	} outside;
	struct v8_gaps seeds; /* isolates and stacks */
	struct v8_gaps left;  /* pages that objects moved out of */
	struct v8_roots roots;
	uint64_t roots_bytes;
	uint8_t *room; /* mapped, and touched: no page of it is missing when the clock runs */
	size_t room_bytes, used_bytes;
	struct {
		uint8_t **at;
		size_t len, cap;
	} constants;		  /* V8's own pages, allocated */
	uint64_t committed_bytes; /* of all spaces, as V8 has it */
	uint64_t total_bytes, code_bytes, unused_bytes;
	uint64_t pause_ns;
};

struct js_heap_reader {
	struct target target;
	struct v8_layout layout;
	const struct v8_page_layout *at_pages;
	struct gc_heaps heaps;
	uint64_t *chunks;
	struct js_heap_copy copy;
	struct strings names;
	struct {
		struct js_heap_row *at;
		size_t len, cap;
	} rows; /* by name */
	struct js_heap value;
	char description[128];
};

/* js_heap_copy.c: where pages may begin, into @r->chunks. 0 or -errno. */
int js_heap_list_chunks(struct js_heap_reader *r, size_t *ret_count);

/*
 * The pages, without their content, of a process that runs or stands still. 0 or
 * -errno.
 */
int js_heap_survey(struct js_heap_reader *r);

/* Bytes that a copy of the pages surveyed takes. */
uint64_t js_heap_content_bytes(const struct js_heap_copy *c);

/*
 * Stops the process, copies, lets it go on. 0; -ENOBUFS: @r->copy has not room enough, and the
 * survey says how much it takes; or -errno of host/standstill.h and of reading.
 */
int js_heap_copy_take(struct js_heap_reader *r);

/* Room for @bytes. 0 or -ENOMEM. */
int js_heap_copy_make_room(struct js_heap_copy *c, size_t bytes);
void js_heap_copy_done(struct js_heap_copy *c);

/* js_heap_roots.c: where memory is that may point into the pages surveyed. 0 or -errno. */
int js_heap_roots_find(struct js_heap_reader *r);
uint64_t js_heap_roots_bytes(const struct js_heap_copy *c);
/* Copies it behind the content of the pages, as much as there is room for; 0 or -ENOMEM. */
int js_heap_roots_copy(struct js_heap_reader *r);
/* Notes what of it points into the heap in any case. 0 or -ENOMEM. */
int js_heap_roots_note(struct js_heap_reader *r, const struct standstill *still);
/* What all of it says, into @r->copy.roots. 0 or -ENOMEM. */
int js_heap_roots_take(struct js_heap_reader *r);

/* As struct v8_copy (symbol/v8_objects.h) wants it: memory that was not copied. */
int js_heap_read_rest(void *arg, uint64_t address, void *into, size_t size);

#endif
