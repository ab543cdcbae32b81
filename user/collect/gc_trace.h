/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The collecting side of gc-trace: its BPF programs, V8's heaps in the processes, and the value
 * that reports are made of (profile/gc.h). Life: open, add processes, start, let the loop run,
 * stop, take.
 */
#ifndef COLLECT_GC_TRACE_H
#define COLLECT_GC_TRACE_H

#include "collect/stack_method.h"
#include "host/loop.h"
#include "profile/gc.h"

struct gc_trace_options {
	enum stack_method stacks;
	bool has_stacks, has_js_tiers, follow_children;
	bool is_command; /* what was started may execute what has a V8 later */
	/*
	 * For weeks: processes come and go by gc_trace_add and gc_trace_remove while it runs, and
	 * collections and what has ended are told to the sink and not kept. No stacks then.
	 */
	bool is_endless;
	uint32_t max_stacks, max_collections;
	uint32_t max_events_bytes; /* ring buffer, a power of two */
};

/* Told of each as it comes; @g as gc_trace_take gives it, but for its sums. Results as of a
 * loop_fn. Any may be NULL. */
struct gc_trace_sink {
	int (*on_collection)(void *ctx, const struct gcs *g, const struct gc_collection *c);
	int (*on_moment)(void *ctx, const struct gcs *g, const struct gc_moment *m);
	/*
	 * An endless one only: its thread has ended, or its process was removed or executes another
	 * program. @h->total is final; it is in no value taken from now on.
	 */
	void (*on_heap_ended)(void *ctx, const struct gc_heap *h);
	void *ctx;
};

struct gc_trace;

/* Loads the programs. 0 or -errno after saying why. Both are borrowed for the life of it. */
int gc_trace_open(const struct gc_trace_options *options, struct loop *loop, struct gc_trace **ret);
void gc_trace_free(struct gc_trace *c);
void gc_trace_freep(struct gc_trace **c);

/* As struct targets_sink wants them (collect/targets.h), @ctx: struct gc_trace. A process asked
 * for that has no V8 is EXIT_UNSUPPORTED; an endless one takes it, since it may load one or execute
 * a program that has one (gc_trace_watches). It says at -v alone why it cannot take a process, and
 * nothing is left of such a one. */
int gc_trace_add(void *ctx, pid_t pid);
int gc_trace_add_descendant(void *ctx, pid_t pid);

/* An endless one only: lets go of a process, which may run on; its heaps are told of as ended. */
void gc_trace_remove(struct gc_trace *c, pid_t pid);

/* Are collections of process @pid seen? */
bool gc_trace_watches(const struct gc_trace *c, pid_t pid);

/* Was there V8 in any process so far? */
bool gc_trace_has_v8(const struct gc_trace *c);

/* From now on. @sink may be NULL, and is borrowed. 0 or -errno after saying why. */
int gc_trace_start(struct gc_trace *c, const struct gc_trace_sink *sink);
void gc_trace_stop(struct gc_trace *c);

const char *gc_trace_describe(struct gc_trace *c);

/* What the figures rest on, as the header says it. Owned by @c, until the next call. */
const char *gc_trace_anchors(struct gc_trace *c);

/*
 * Everything since the start; with @begins_interval, the next call's gc_heap.interval is since this
 * one. *ret is borrowed from @c, until the next call. 0 or -errno after saying why.
 */
int gc_trace_take(struct gc_trace *c, bool begins_interval, struct gcs *ret);

#endif
