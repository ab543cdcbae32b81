/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value between collecting and reporting for mem-watch: processes, the figures of their memory
 * over time, and whether each of them grows.
 */
#ifndef PROFILE_MEMORY_H
#define PROFILE_MEMORY_H

#include "profile/gc.h"
#include "profile/leaks.h"
#include "profile/trend.h"

#include <stdbool.h>
#include <sys/types.h>

enum memory_figure {
	MEMORY_RSS,
	MEMORY_PSS,
	MEMORY_ANONYMOUS,
	MEMORY_FILE,
	MEMORY_SHARED,
	MEMORY_SWAP,
	/* pools: they add up to MEMORY_RSS */
	MEMORY_POOL_V8,
	MEMORY_POOL_CODE,
	MEMORY_POOL_MALLOC_HEAP,
	MEMORY_POOL_MALLOC_ARENAS,
	MEMORY_POOL_MALLOC_LARGE,
	MEMORY_POOL_STACKS,
	MEMORY_POOL_DATA,
	MEMORY_POOL_FILES,
	MEMORY_POOL_SHARED,
	MEMORY_POOL_OTHER,
	/* of the main thread's V8 heap, as process.memoryUsage() calls them */
	MEMORY_HEAP_TOTAL,
	MEMORY_HEAP_USED,
	MEMORY_EXTERNAL,
	MEMORY_ARRAY_BUFFERS,
	/* of the heaps of all worker threads together */
	MEMORY_WORKERS_TOTAL,
	MEMORY_WORKERS_USED,
	MEMORY_CGROUP,
	MEMORY_FIGURES,
};
#define MEMORY_FIRST_POOL MEMORY_POOL_V8
#define MEMORY_END_POOLS  MEMORY_HEAP_TOTAL

struct memory_figure_words {
	const char *name; /* for programs: "heap_total" */
	const char *text; /* for people */
};
extern const struct memory_figure_words memory_figures[MEMORY_FIGURES];

/* One look at a process. */
struct memory_sample {
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint64_t at_ns;	  /* CLOCK_MONOTONIC */
	uint64_t took_ns; /* to read all of it */
	uint64_t cpu_ns;  /* of that, CPU time of the reader */
	uint64_t bytes[MEMORY_FIGURES];
	uint32_t known; /* a bit for each figure */
	uint32_t threads, mappings;
	uint64_t minor_faults, major_faults; /* since it began */
};

bool memory_is_known(const struct memory_sample *s, enum memory_figure f);
void memory_set(struct memory_sample *s, enum memory_figure f, uint64_t bytes);

/* A heap of V8, as it was last. */
struct memory_heap {
	uint64_t address;
	pid_t tid; /* of its thread, 0 not known */
	bool is_worker;
	uint64_t allocator;   /* node's, of buffers; 0 not known */
	uint64_t limit_bytes; /* 0 not known */
	bool has_total, has_used, has_external, has_array_buffers;
	uint64_t total_bytes, used_bytes, external_bytes, array_buffers_bytes;
	struct gc_space spaces[GC_SPACES_MAX];
	size_t space_count;
};

/* The cgroup with the least room above the process, or its own when none is limited. */
struct memory_cgroup {
	int version; /* 0: not known */
	const char *path;
	uint64_t limit_bytes; /* 0: none */
	uint64_t high_bytes;  /* where the kernel begins to throttle, 0: none */
	uint64_t used_bytes;
	uint64_t reclaimable_bytes; /* of it: files that can be read again */
	uint64_t oom_kills, limit_hits;
	bool has_pressure;
	double some_pct, full_pct; /* of the last 10 seconds: some, all tasks waited for memory */
};

/* Buffers and ArrayBuffers of a node that were made since they are watched. */
struct memory_buffers {
	const struct leak_row *makers; /* frames[0]: the function; most bytes first */
	size_t maker_count;
	uint64_t bytes, blocks; /* that live, of all makers */
	/* what V8 says itself: arrayBuffers of all its heaps, now and at the attach, if known */
	bool has_pool, has_pool_first;
	uint64_t pool_bytes, pool_first_bytes;
	uint64_t window_ns, interval_ns; /* watched; between samples of the trends, 0 of none */
	struct leak_counts counts;
	double lost_pct;  /* of allocations and frees; of all processes together */
	bool is_complete; /* as in struct leak_report */
	const char *note; /* the same */
	size_t top;	  /* text shows so many makers */
};

struct memory_process {
	pid_t pid;
	const char *name, *exe; /* clean */
	bool is_ended;
	bool has_v8;
	const char *v8_note; /* why its figures are missing, NULL */
	uint64_t peak_bytes; /* of rss, as the kernel has it; 0 not known */
	uint64_t option_limit_bytes;
	struct memory_heap *heaps;
	size_t heap_count;
	struct memory_cgroup cgroup;
	const struct memory_buffers *buffers; /* NULL: not asked for, or it makes none */
	struct memory_sample *samples;	      /* at about equal distances, oldest first */
	size_t sample_count;
	uint64_t taken;	    /* samples, also those that are not kept any more */
	uint32_t kept_each; /* of so many one is kept */
};

struct memory_meta {
	const char *version;
	const char *title;
	uint64_t time_ns; /* CLOCK_REALTIME of the start */
	uint64_t duration_ns, interval_ns;
	uint64_t missed; /* looks that came too late, or failed */
	const char *note;
	uint64_t own_rss_bytes, own_cpu_ns;
};

struct memory {
	struct memory_meta meta;
	struct memory_process *const *processes;
	size_t process_count;
};

/* What became of a figure. */
struct memory_trend {
	bool is_known;
	uint64_t first_bytes, last_bytes, min_bytes, max_bytes;
	struct trend trend; /* of what it falls back to: the least of each stretch of samples */
	double slope_bytes_per_s;
	bool grows;
};

struct memory_trend memory_trend_of(const struct memory_process *p, enum memory_figure f);

/* Time until @f has grown by @room_bytes more; 0: it does not grow. */
uint64_t memory_time_left_ns(const struct memory_trend *t, uint64_t room_bytes);

/* What is left below the limit of @c, 0 of none. */
uint64_t memory_cgroup_room(const struct memory_cgroup *c);

/* Faults a second between the two last samples. */
struct memory_faults {
	double minor_per_s, major_per_s;
};
struct memory_faults memory_fault_rates(const struct memory_process *p, size_t from, size_t to);

/* What the pools say together: a sentence for people, and what to use next. */
enum memory_suspect {
	MEMORY_TOO_SHORT,
	MEMORY_NOTHING_GROWS,
	MEMORY_OBJECTS,	 /* V8's heap: JavaScript objects */
	MEMORY_BUFFERS,	 /* ArrayBuffers and Buffers, which lie outside of V8's heap */
	MEMORY_NATIVE,	 /* malloc, without that V8's figures grow */
	MEMORY_MAPPINGS, /* memory that was mapped by other means, stacks, generated code */
	MEMORY_FILES,	 /* files that are mapped, shared memory: may be given back */
	MEMORY_SUSPECTS,
};
extern const char *const memory_suspect_names[MEMORY_SUSPECTS];
extern const char *const memory_suspect_texts[MEMORY_SUSPECTS];
enum memory_suspect memory_suspect_of(const struct memory_process *p);

#endif
