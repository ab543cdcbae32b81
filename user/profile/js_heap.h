/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value between collecting and reporting for mem-watch --js-heap: what is in the heaps of V8 of
 * one process, by constructor, once or at two times.
 */
#ifndef PROFILE_JS_HEAP_H
#define PROFILE_JS_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JS_HEAP_READINGS 2

/* Objects themselves, not what they hold. Live: those that can still be reached; the rest was not
 * collected yet. */
struct js_heap_total {
	uint64_t count, bytes;
	uint64_t live_count, live_bytes;
};

struct js_heap_row {
	const char *name;			   /* clean */
	struct js_heap_total at[JS_HEAP_READINGS]; /* of one reading the second is not used */
};

struct js_heap_reading {
	uint64_t time_ns;		  /* CLOCK_REALTIME */
	uint64_t pause_ns;		  /* the process stood still */
	uint64_t took_ns;		  /* with all that was done before and after */
	uint32_t heaps;			  /* isolates: of workers too */
	uint32_t attempts;		  /* more than one: it was in the midst of a collection */
	uint64_t page_count, total_bytes; /* of V8's pages: its heapTotal */
	uint64_t code_bytes;		  /* of pages of code, which are not looked into */
	uint64_t free_bytes;		  /* between objects, and in pages nothing was put into */
	uint64_t unknown_bytes;		  /* that could not be explained */
	uint64_t roots_bytes; /* outside of the heap, searched for what points into it */
	struct js_heap_total all;
};

struct js_heap {
	const char *version; /* of the tool */
	pid_t pid;
	const char *name, *exe; /* clean */
	uint32_t v8_major, v8_minor;
	struct js_heap_reading readings[JS_HEAP_READINGS];
	size_t reading_count;
	struct js_heap_row *rows;
	size_t row_count;
	uint64_t own_rss_bytes, own_cpu_ns;
};

/* Live objects in the last reading, less those in the first. */
int64_t js_heap_count_delta(const struct js_heap_row *row);
int64_t js_heap_bytes_delta(const struct js_heap_row *row);

/* Of one reading by size, of two by growth, largest first; then by name. */
void js_heap_order(struct js_heap *h);

/* How much of what V8 has was not explained, per hundred. */
double js_heap_unknown_pct(const struct js_heap_reading *r);

#endif
