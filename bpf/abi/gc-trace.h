/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side of gc-trace tells of V8's collections. A collection is a pause as V8 counts
 * it: from GCTracer::StartObservablePause to GCTracer::StopObservablePause in one thread.
 */
#ifndef ABI_GC_TRACE_H
#define ABI_GC_TRACE_H

#include "abi/stacks.h"
#include "abi/target.h"

/* What ran inside a pause: bits, by the collector's own function. */
enum gc_ran {
	GC_RAN_SCAVENGE = 1,
	GC_RAN_MINOR = 2, /* MinorMarkCompact, MinorMarkSweep */
	GC_RAN_MARK_COMPACT = 4,
};

/* A probed function of V8; each has a counter of hits. */
enum gc_probe {
	GC_PROBE_PAUSE_BEGINS,
	GC_PROBE_PAUSE_ENDS,
	GC_PROBE_COLLECT, /* Heap::CollectGarbage */
	GC_PROBE_COLLECT_END,
	GC_PROBE_PERFORM, /* Heap::PerformGarbageCollection */
	GC_PROBE_SCAVENGE,
	GC_PROBE_MINOR,
	GC_PROBE_MARK_COMPACT,
	GC_PROBE_SIZE, /* return of Heap::SizeOfObjects */
	GC_PROBE_STEP, /* IncrementalMarking::Step */
	GC_PROBE_STEP_END,
	GC_PROBE_MARKING, /* IncrementalMarking::Start */
	GC_PROBE_NEAR_LIMIT,
	GC_PROBE_OUT_OF_MEMORY,
	GC_PROBE_STATISTICS, /* Isolate::GetHeapStatistics and its return */
	GC_PROBE_STATISTICS_END,
	GC_PROBE_SPACE, /* Isolate::GetHeapSpaceStatistics and its return */
	GC_PROBE_SPACE_END,
	GC_PROBES,
};

/*
 * Attach cookie: where the arguments are. A clone may have lost some of them, and on versions
 * before 12 (node 22) the pause is not told the time.
 */
#define GC_COOKIE_HAS_ARGUMENTS 1
#define GC_COOKIE_HAS_TIME	2

enum gc_event_kind {
	GC_EVENT_PAUSE = 16,
	GC_EVENT_MARKING, /* incremental marking starts */
	GC_EVENT_NEAR_LIMIT,
	GC_EVENT_OUT_OF_MEMORY,
	GC_EVENT_STATISTICS,
	GC_EVENT_SPACE,
};

#define GC_REASON_UNKNOWN 0xff
#define GC_TEXT_MAX	  96
/* Of the GCTracer object, from here on: somewhere in it are the sizes of this collection. */
#define GC_TRACER_FIRST 0x20
#define GC_TRACER_WORDS 12

struct gc_pause_event {
	struct event_header header;	 /* time_ns: the pause's end */
	__u64 began_ns;			 /* CLOCK_MONOTONIC */
	__u64 began_us, ended_us;	 /* V8's own clock, 0: it does not tell */
	__u64 heap;			 /* address of the Heap, 0 not known */
	__u64 tracer;			 /* of its GCTracer */
	__u64 before_bytes, after_bytes; /* of objects, when sizes > 0 */
	__u64 step_ns;			 /* incremental steps since the pause before */
	__u64 stack;			 /* of the call that collects, STACK_NONE */
	__u32 tid;
	__u32 steps;
	__u32 sizes; /* how often the size was asked for */
	__u8 ran;    /* enum gc_ran */
	__u8 reason; /* V8's GarbageCollectionReason */
	__u8 pad[2];
	char thread[16]; /* its name */
	__u64 words[GC_TRACER_WORDS];
	char text[GC_TEXT_MAX]; /* V8's further reason, "" */
};
ABI_SIZE(struct gc_pause_event, 16 + 9 * 8 + 32 + GC_TRACER_WORDS * 8 + GC_TEXT_MAX);

/* GC_EVENT_MARKING, GC_EVENT_NEAR_LIMIT, GC_EVENT_OUT_OF_MEMORY. */
struct gc_moment_event {
	struct event_header header;
	__u64 heap; /* of a near limit, else 0 */
	__u64 stack;
	__u32 tid;
	__u32 reason;		/* of marking, else GC_REASON_UNKNOWN */
	char text[GC_TEXT_MAX]; /* out of memory: where */
};
ABI_SIZE(struct gc_moment_event, 40 + GC_TEXT_MAX);

/* v8::HeapStatistics, as far as all versions have it (v8-statistics.h), in bytes. */
enum gc_statistic {
	GC_STATISTIC_TOTAL,
	GC_STATISTIC_EXECUTABLE,
	GC_STATISTIC_PHYSICAL,
	GC_STATISTIC_AVAILABLE,
	GC_STATISTIC_USED,
	GC_STATISTIC_LIMIT,
	GC_STATISTICS,
};

struct gc_statistics_event {
	struct event_header header;
	__u32 tid;
	__u32 pad;
	__u64 values[GC_STATISTICS];
};
ABI_SIZE(struct gc_statistics_event, 24 + 8 * GC_STATISTICS);

/* v8::HeapSpaceStatistics: its name, then these. */
struct gc_space_event {
	struct event_header header;
	__u32 tid;
	__u32 pad;
	__u64 committed_bytes, used_bytes, available_bytes, physical_bytes;
	char name[GC_TEXT_MAX];
};
ABI_SIZE(struct gc_space_event, 24 + 32 + GC_TEXT_MAX);

/* Per-CPU counters of one process. */
enum gc_counter {
	GC_HITS, /* GC_PROBES of them */
	GC_LOST_EVENTS = GC_HITS + GC_PROBES,
	GC_LOST_STACKS,
	GC_LOST_THREADS,
	GC_LOST_ENDS,	/* pauses whose end was not seen */
	GC_LOST_BEGINS, /* ends of pauses that began before the attach, or were lost */
	GC_STACKS_BY_FP,
	GC_STACKS, /* STACK_ENDS of them: taken, by how they ended */
	GC_COUNTERS = GC_STACKS + STACK_ENDS,
};

#endif
