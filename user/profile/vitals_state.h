/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to profile/vitals*.c: what they share. */
#ifndef PROFILE_VITALS_STATE_H
#define PROFILE_VITALS_STATE_H

#include "profile/vitals.h"

/* Upper bounds of histograms in ns; one bin more than bounds, for what is above. */
#define TIME_BOUNDS  13 /* of loops: 1 ms to 10 s */
#define PAUSE_BOUNDS 11 /* of pauses of the collector: 0.1 ms to 5 s */
extern const uint64_t vitals_time_bounds_ns[TIME_BOUNDS];
extern const uint64_t vitals_pause_bounds_ns[PAUSE_BOUNDS];

/* Of stalls: those of loops from 25 ms on; the default threshold is just below. */
#define FIRST_STALL_BOUND 4

struct time_hist {
	uint64_t counts[TIME_BOUNDS + 1], sums_ns[TIME_BOUNDS + 1]; /* each bin by itself */
};

struct pause_hist {
	uint64_t counts[PAUSE_BOUNDS + 1], sum_ns;
};

void time_hist_add(struct time_hist *h, uint64_t ns);

/* The kinds of prom-client that pauses have. */
enum pause_kind { PAUSE_MINOR, PAUSE_MAJOR, PAUSE_OTHER, PAUSE_KINDS };

/*
 * A thing that counts, and what it had counted when it was read last. (Unions of structs would save
 * little: a loop has most.)
 */
enum meter_kind { METER_FACTS, METER_CGROUP, METER_CGROUP_KILLS, METER_LOOP, METER_HEAP };

enum loop_value {
	LOOP_VALUE_ITERATIONS,
	LOOP_VALUE_BUSY_NS,
	LOOP_VALUE_POLL_NS,
	LOOP_VALUE_OBSERVED_NS,
	LOOP_VALUES,
};

/* Of a loop after its values: bins of iterations (counts, sums) and of lateness (counts, sums). */
#define BINS	     (TIME_BOUNDS + 1)
#define METER_VALUES (LOOP_VALUES + 4 * BINS)

struct meter {
	enum meter_kind kind;
	uint64_t id;
	uint64_t seen; /* by the clock of readings */
	uint64_t last[METER_VALUES];
};

struct loop_sums {
	char name[64];
	uint64_t values[LOOP_VALUES];
	struct time_hist iterations, lateness, stalls;
	uint64_t causes[STALL_VERDICTS], cause_ns[STALL_VERDICTS];
};

/* Counters of a group. */
enum sum {
	SUM_STARTS,
	SUM_CPU_USER,
	SUM_CPU_SYSTEM,
	SUM_RUN_QUEUE,
	SUM_THROTTLED,
	SUM_MINOR_FAULTS,
	SUM_MAJOR_FAULTS,
	SUM_GC_FREED,
	SUM_GC_ALLOCATED,
	SUM_GC_STEPS,
	SUM_GC_STEP_NS,
	SUM_GC_NEAR_LIMIT,
	SUM_GC_OUT_OF_MEMORY,
	SUM_OOM_KILLS,
	SUMS,
};

/* What a loop is now, of a process. */
struct loop_now {
	pid_t tid;
	struct loop_sums *sums;
	uint64_t stuck_ns;
};

/* What a heap was last. */
struct heap_now {
	uint64_t id;
	uint64_t after_full_bytes, limit_bytes, left_ns; /* 0 not known */
	bool is_growing, has_outlook;
};

struct memory_now {
	bool is_known;
	uint64_t bytes[MEMORY_FIGURES];
	uint32_t known, judged, grows; /* a bit for each figure */
	uint64_t heap_limit_bytes;
	uint64_t cgroup_limit_bytes, cgroup_left_ns; /* 0: none */
	struct gc_space spaces[GC_SPACES_MAX];	     /* sums over its heaps */
	size_t space_count;
};

struct vitals_process {
	struct vitals *v;
	struct vitals_group *group;
	struct vitals_process *next;
	struct vitals_birth birth;
	uint64_t ended_ns; /* 0: it runs */
	uint64_t iterations, collections;
	struct vitals_facts facts;
	bool has_facts;
	struct memory_now memory;
	uint64_t outstanding_bytes, outstanding_blocks;
	bool has_outstanding;
	struct {
		struct meter *at;
		size_t len, cap;
	} meters;
	struct {
		struct loop_now *at;
		size_t len, cap;
	} loops;
	struct {
		struct heap_now *at;
		size_t len, cap;
	} heaps;
};

struct vitals_group {
	struct vitals_group *next;
	char name[256];
	uint64_t sums[SUMS];
	struct pause_hist pauses[PAUSE_KINDS];
	/* was any seen: else it has no such series */
	bool has_loops, has_heaps, has_memory, has_run_queue, has_throttled;
	bool is_degraded[VITALS_PARTS];
	struct loop_sums *loops[VITALS_LOOPS_MAX + 3]; /* with main, worker, other */
	size_t loop_count;
};

struct vitals {
	struct vitals_group *groups, **last_group;
	size_t group_count;
	struct vitals_process *processes;
	uint64_t readings; /* the clock of meters */
};

/* The space of that name has so much more. */
void memory_now_add_space(struct memory_now *now, const struct gc_space *s);

/* The meter of @p with that kind and id; *ret_is_new: none was read before. NULL: out of memory. */
struct meter *meter_of(struct vitals_process *p, enum meter_kind kind, uint64_t id,
		       bool *ret_is_new);

/* It has ended; the next of that id begins anew. */
void meter_drop(struct vitals_process *p, struct meter *m);

/*
 * By how much value @which grew up to @now; one that fell is taken to be the same thing counted
 * more exactly, and waited for.
 */
uint64_t meter_grew(struct meter *m, size_t which, uint64_t now);

#endif
