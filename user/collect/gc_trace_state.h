/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to collect/gc_trace*.c: what they share. */
#ifndef COLLECT_GC_TRACE_STATE_H
#define COLLECT_GC_TRACE_STATE_H

#include "abi/gc-trace.h"
#include "collect/gc_trace.h"
#include "collect/processes.h"
#include "collect/stack_names.h"

#include "base/arena.h"
#include "base/strings.h"
#include "host/clock.h"
#include "probe/gc_probes.h"
#include "probe/uprobes.h"
#include "profile/gc_spaces.h"

#include "gc-trace.skel.h"

/* How the pauses of a process are found. */
enum gc_anchor {
	GC_ANCHOR_NONE,	   /* no collection can be seen */
	GC_ANCHOR_PAUSE,   /* V8's own pair of functions */
	GC_ANCHOR_COLLECT, /* the call that collects */
};

/* What is known of a process beside what processes.h holds. */
struct gc_process {
	bool is_attached;
	unsigned int tries; /* to find V8 in it */
	uint64_t tried_ns;
	enum gc_anchor anchor;
	bool is_hit;	  /* that anchor was */
	bool is_switched; /* to the second anchor, since the first was never hit */
	bool has[GC_PROBES];
	char path[256];		 /* of the file that holds V8, clean */
	uint64_t limit_function; /* as in struct gc_places */
	size_t limit_function_bytes;
	uint64_t option_limit_bytes; /* --max-old-space-size, 0: not given */
	int sizes_at;		     /* in the tracer's words, -1: not known */
	bool sizes_differ;	     /* they were seen at more than one place: none is right */
};

struct seen_heap {
	struct gc_heap h;
	struct gc_times before; /* when the interval began */
	uint64_t first_ns;
	enum gc_event_kind moment_kind; /* the last one told, and when */
	uint64_t moment_ns;
	struct gc_layout layout; /* of its memory */
	bool has_layout;
	unsigned int layout_tries;
	char process[64], thread[64], out_of_memory_at[GC_CLEAN_MAX]; /* an endless one's */
};

struct seen_stack {
	uint64_t id; /* the key */
	struct gc_stack s;
	UT_hash_handle hh;
};

struct gc_trace {
	const struct gc_trace_options *options;
	enum stack_method method;
	struct loop *loop;
	struct gc_trace_bpf *skel;
	struct ring_buffer *ring;
	struct processes processes;
	struct unwind_maps unwind_maps;
	struct kernel_symbols *kernel;
	struct stack_names names;
	struct js_names *js; /* NULL: stacks are not walked by us */
	struct js_counts js_counts;
	struct gc_process *by_slot[TARGETS_MAX];
	struct {
		struct gc_heap **at; /* each the first member of a struct seen_heap */
		size_t len, cap;
	} heaps;
	struct {
		struct gc_collection *at;
		size_t len, cap;
	} collections;
	struct {
		struct gc_moment *at;
		size_t len, cap;
	} moments;
	struct {
		struct gc_stack **at;
		size_t len, cap;
	} stacks;
	struct seen_stack *stack_ids;
	uint64_t gone_counters[GC_COUNTERS]; /* of processes that were let go of */
	uint64_t heaps_looked_ns;	     /* whether they have ended, last */
	uint64_t dropped_collections, broken_events;
	struct arena arena;
	struct strings texts;
	struct named_stack *scratch;
	const struct gc_trace_sink *sink;
	uint64_t started_ns, stopped_ns, started_realtime_ns;
	bool has_intervals;
	uint64_t interval_ns;
	char note[512], anchors[512];
};

/* gc_trace_attach.c */
void gc_trace_prepare(struct gc_trace *c);
/* Probes process @p, if it was not yet. 0; -ENODATA no V8, -EOPNOTSUPP nothing to probe; -errno. */
int gc_trace_attach(struct gc_trace *c, struct process *p);
/* All that were not asked yet; and are the probes hit that are there? */
void gc_trace_attach_all(struct gc_trace *c);
void gc_trace_check_anchors(struct gc_trace *c);

/* gc_trace_events.c */
int gc_trace_on_event(struct gc_trace *c, const void *data, size_t size);
/* What is told of with a sink: the value so far. */
void gc_trace_view(const struct gc_trace *c, struct gcs *ret);
void gc_trace_free_events(struct gc_trace *c);
/* Is the thread of @h over, or its process? */
bool gc_trace_has_ended(const struct gc_trace *c, const struct gc_heap *h);
/* An endless one: tells of heaps, and forgets them: of process @pid; and those that have ended. */
void gc_trace_forget_process(struct gc_trace *c, pid_t pid);
void gc_trace_forget_ended(struct gc_trace *c);

/* gc_trace_memory.c */
/* What the memory of @h says of limit and spaces, now. */
void gc_trace_look(struct gc_trace *c, struct gc_heap *h);

#endif
