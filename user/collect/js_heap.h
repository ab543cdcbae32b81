/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is in the heaps of V8 of a running process, by constructor, read from outside: the process
 * stands still while its pages are copied, and nothing in it is changed. What is wrong is said
 * where it is found.
 */
#ifndef COLLECT_JS_HEAP_H
#define COLLECT_JS_HEAP_H

#include "profile/js_heap.h"

struct js_heap_reader;

/* What a reading would do. */
struct js_heap_estimate {
	uint64_t copied_bytes; /* taken in our memory */
	uint64_t pause_ns;
	uint32_t threads, heaps;
};

/*
 * Takes hold of @pid and finds its heaps; it is not stopped yet. An exit status (host/cli.h); said.
 */
int js_heap_open(pid_t pid, struct js_heap_reader **ret);
void js_heap_free(struct js_heap_reader *r);
void js_heap_freep(struct js_heap_reader **r);

/* By copying some of it while it runs. An exit status; said. */
int js_heap_estimate(struct js_heap_reader *r, struct js_heap_estimate *ret);

/* Reads it, the first or the second time. An exit status; said. */
int js_heap_read(struct js_heap_reader *r);

/* The process's descriptor, readable once it has ended; and what to call it. */
int js_heap_pidfd(const struct js_heap_reader *r);
const char *js_heap_describe(const struct js_heap_reader *r);

/* What was read, ordered: after the last reading. *ret is borrowed from @r. */
void js_heap_take(struct js_heap_reader *r, struct js_heap *ret);

#endif
