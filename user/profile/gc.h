/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value between collecting and reporting for gc-trace: V8 heaps (an isolate each: the main
 * one and those of worker threads), their collections, and what these add up to.
 */
#ifndef PROFILE_GC_H
#define PROFILE_GC_H

#include "profile/gc_event.h"
#include "profile/gc_growth.h"
#include "profile/hist.h"
#include "profile/stack_counts.h"
#include "symbol/frame.h"

#include <sys/types.h>

/* A stack that collections were triggered from; borrowed. */
struct gc_stack {
	const struct frame *frames; /* leaf first */
	size_t depth;
	const char *cut;    /* why it is not whole, NULL */
	uint64_t count, ns; /* collections, and their pauses */
	bool is_told;	    /* it was shown when it was new */
};

/* One pause. Strings are borrowed. */
struct gc_collection {
	size_t heap;	  /* index */
	uint64_t time_ns; /* CLOCK_REALTIME of its beginning */
	uint64_t began_ns, pause_ns;
	enum gc_kind kind;
	const char *reason; /* V8's words, NULL not known */
	const char *detail; /* its further reason, "" */
	bool has_sizes, has_committed;
	uint64_t before_bytes, after_bytes; /* objects */
	uint64_t committed_before_bytes, committed_after_bytes;
	uint32_t steps; /* of incremental marking since the pause before */
	uint64_t step_ns;
	const struct gc_stack *stack; /* NULL: none taken */
};

/* Sums over a span of time: since the attach, or an interval. */
struct gc_times {
	uint64_t window_ns; /* how long it was observed */
	uint64_t count[GC_KINDS], pause_ns[GC_KINDS], freed_bytes[GC_KINDS];
	uint64_t steps, step_ns;
	uint64_t allocated_bytes; /* between collections with sizes, and over how long */
	uint64_t allocating_ns;
};

/* A space of the heap. */
struct gc_space {
	const char *name; /* V8's: "old_space" */
	uint64_t address; /* of its object; 0: what told of it does not say */
	uint64_t committed_bytes;
	uint64_t used_bytes; /* only when has_used */
	bool has_used;
};
#define GC_SPACES_MAX 24

/* Upper bounds of the buckets that Prometheus is told of, ns. */
#define GC_BOUNDS 14
extern const uint64_t gc_bounds_ns[GC_BOUNDS];

/* Where something was read. */
enum gc_source {
	GC_UNKNOWN,
	GC_BY_OPTION,	  /* --max-old-space-size of its command line or NODE_OPTIONS */
	GC_BY_STATISTICS, /* the application asked V8 for it */
	GC_BY_MEMORY,	  /* read from the heap's memory */
};
extern const char *const gc_source_names[]; /* for programs */

struct gc_heap {
	pid_t pid, tid;
	const char *process, *thread; /* clean */
	bool is_worker;
	bool is_ended;
	uint64_t address; /* of V8's Heap, 0 not known */
	struct gc_times total, interval;
	struct hist pauses[GC_KINDS];	      /* ns */
	uint64_t within[GC_KINDS][GC_BOUNDS]; /* pauses of so much at most */
	uint64_t last_ns, last_after_bytes;   /* of the last with sizes, CLOCK_MONOTONIC */
	bool has_last;
	struct gc_growth growth;
	uint64_t limit_bytes; /* 0 not known */
	enum gc_source limit_source;
	uint64_t old_limit_bytes; /* of the old generation alone, 0 not known */
	struct gc_space spaces[GC_SPACES_MAX];
	size_t space_count;
	enum gc_source space_source;
	/* of the old generation after a full collection, and what was in it; 0 not known */
	uint64_t old_committed_bytes, old_used_bytes;
	/* what the application was told when it asked last, 0: it did not ask */
	uint64_t asked_ns, asked_used_bytes, asked_total_bytes;
	uint64_t near_limits, out_of_memory, markings;
	const char *out_of_memory_at; /* "" */
};

/* What happened besides collections. */
struct gc_moment {
	size_t heap;
	enum gc_event_kind kind; /* NEAR_LIMIT, OUT_OF_MEMORY */
	uint64_t time_ns;	 /* CLOCK_REALTIME */
	const char *text;	 /* where memory ran out, "" */
	const struct gc_stack *stack;
};

/* What was observed, and how. Strings are borrowed. */
struct gcs_meta {
	const char *version;
	const char *title;
	const char *anchors; /* what the figures rest on, a sentence */
	uint64_t time_ns;    /* CLOCK_REALTIME of the start */
	uint64_t duration_ns, interval_ns;
	bool has_stacks;
	uint64_t lost_events, lost_stacks, lost_threads, lost_ends;
	uint64_t begun_before;	      /* pauses under way at the attach: not counted */
	uint64_t broken_events;	      /* that made no sense */
	uint64_t dropped_collections; /* in the figures, not among those below */
	bool is_complete;
	const char *note; /* NULL */
	struct stack_counts stacks;
	uint64_t own_rss_bytes, own_cpu_ns, table_bytes;
};

struct gcs {
	struct gcs_meta meta;
	struct gc_heap *const *heaps; /* as they were seen */
	size_t heap_count;
	const struct gc_collection *collections; /* in order of time */
	size_t collection_count;
	const struct gc_moment *moments;
	size_t moment_count;
	struct gc_stack *const *stacks;
	size_t stack_count;
};

/* Counts @c in its heap @h. */
void gc_heap_add(struct gc_heap *h, const struct gc_collection *c);

/* The figures of the heap since @before, an earlier reading. */
struct gc_times gc_times_since(const struct gc_times *now, const struct gc_times *before);

uint64_t gc_times_count(const struct gc_times *t);
uint64_t gc_times_pause_ns(const struct gc_times *t);
/* Of the time observed: pauses, and with marking steps. 0 of none. */
double gc_times_share_pct(const struct gc_times *t);
double gc_times_rate(const struct gc_times *t);	      /* collections a second */
double gc_times_allocation(const struct gc_times *t); /* bytes a second, 0 not known */

/* The limit of the old generation, else that of the heap. 0: not known. */
uint64_t gc_heap_limit(const struct gc_heap *h);

/*
 * So many bytes of objects reach it: V8 counts the pages of the old generation, and these are never
 * quite full. As full as they were after the last full collection, but at least four fifths, since
 * what is empty by then is filled again. 0: the limit is not known.
 */
uint64_t gc_heap_room(const struct gc_heap *h);

/* The spaces were read after a full collection. */
void gc_heap_note_pages(struct gc_heap *h);

/*
 * Where the sizes stand in a GCTracer: as its first word of objects before the collection, those
 * after it, and committed memory before and after follow (V8 10 to 14). @words: from
 * GC_TRACER_FIRST on. The index of the first; -1: it is not laid out like that.
 */
int gc_find_sizes(const uint64_t words[GC_TRACER_WORDS], uint64_t before_bytes,
		  uint64_t after_bytes);

/*
 * --max-old-space-size of a command line (NUL-separated, as in /proc/PID/cmdline) or of
 * NODE_OPTIONS (separated by blanks): the last one counts. Bytes; 0: not given.
 */
uint64_t gc_option_limit(struct bytes text, char separator);

#endif
