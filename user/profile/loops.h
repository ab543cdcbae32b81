/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value between collecting and reporting for loop-stall: event loops with their times, and the
 * stalls among their iterations. The collector fills it, reports read it.
 */
#ifndef PROFILE_LOOPS_H
#define PROFILE_LOOPS_H

#include "profile/loop_hist.h"
#include "profile/profile.h"

/* A loop over a span of time: since the attach, or an interval. */
struct loop_times {
	uint64_t window_ns; /* how long it was observed */
	uint64_t waits, iterations, merged;
	uint64_t busy_ns, polling_ns, waiting_ns, idle_ns;
	uint64_t part_ns[LOOP_PARTS]; /* of busy_ns, up to what is not yet over */
	uint64_t stalls, stall_ns;    /* that are over */
	struct loop_hist hists[LOOP_HISTS];
};

struct loop_info {
	pid_t pid, tid;
	const char *process, *thread; /* clean */
	const char *wait;	      /* "epoll", "poll", "select", "io_uring" */
	int fd;			      /* -1: none */
	bool is_ended;
	uint64_t stuck_ns; /* it is in a stall now, for so long; 0: it is not */
	struct loop_times total, interval;
};

/* What was seen in the act. Frames are borrowed. */
struct stall_stack {
	enum loop_part part;
	const char *wait; /* asleep: in what ("fsync", "futex", "page fault"), else "" */
	const char *cut;  /* why it is not whole, NULL */
	uint64_t ns;	/* of LOOP_RUNNING an estimate: the running time shared among the samples */
	uint64_t count; /* samples, or times asleep */
	const struct frame *frames; /* leaf first, kernel frames before user frames */
	size_t depth;
};

/* One stall. Strings are borrowed. */
struct stall {
	size_t loop;	   /* index */
	uint64_t time_ns;  /* CLOCK_REALTIME of its beginning */
	uint64_t began_ns; /* the same, CLOCK_MONOTONIC */
	uint64_t ns;
	bool is_at_least;	      /* it began before the attach: @ns since then */
	bool is_going_on;	      /* @ns so far */
	uint64_t part_ns[LOOP_PARTS]; /* sum: ns; all 0 without a split */
	uint64_t min_faults, maj_faults;
	uint64_t steal_pct; /* of the machine, taken by its host meanwhile: a hint */
	/* the longest time asleep */
	uint64_t longest_ns; /* 0: none */
	enum loop_part longest_part;
	const char *longest_wait;	  /* as above */
	const char *longest_file;	  /* last name of the file's path, "" not known */
	const struct stall_stack *stacks; /* each once, by ns descending */
	size_t stack_count;
};

/* What a stall is mostly made of: the sentence of its line. */
enum stall_verdict {
	STALL_COMPUTING,
	STALL_WAITS_FOR_CPU,
	STALL_IS_THROTTLED,
	STALL_IN_DISK,
	STALL_IN_SLEEP, /* lock, pipe, network, timer: what longest_wait says */
	STALL_IN_CHILD, /* a nested loop, or wait4 */
	STALL_IN_FAULTS,
	STALL_IS_STOPPED,
	STALL_IN_GC,
	STALL_UNKNOWN, /* without a division (all of part_ns is 0) */
	STALL_VERDICTS,
};
enum stall_verdict stall_verdict(const struct stall *s);
/* "computing", "waiting for a CPU: not its own code", ... */
extern const char *const stall_verdict_texts[STALL_VERDICTS];
extern const char
	*const stall_verdict_names[STALL_VERDICTS]; /* "computing", "run_queue", for programs */
/* Is its own code, or what that waits in, to blame? Else no stack is shown as the culprit. */
bool stall_is_own(const struct stall *s);
/* "running", "run_queue", ... for programs; "running", "CPU wait", "disk", ... for people. */
extern const char *const loop_part_names[LOOP_PARTS];
extern const char *const loop_part_texts[LOOP_PARTS];

/* What was observed, and how. Strings are borrowed. */
struct loops_meta {
	const char *version;
	const char *title;		   /* "node (PID 42)", "3 processes, first nginx (PID 7)" */
	uint64_t time_ns;		   /* CLOCK_REALTIME of the start */
	uint64_t duration_ns, interval_ns; /* interval: of this report, 0: none was asked for */
	uint64_t threshold_ns;
	uint64_t frequency_hz; /* of samples, 0: --no-stacks */
	bool has_split;	       /* not --no-split */
	bool has_timers;       /* --timers */
	uint64_t lost_events, lost_stacks, lost_loops;
	uint64_t skipped_stacks; /* beyond so many a second of a loop, by intent */
	uint64_t dropped_stalls; /* in the figures of their loops, not among the stalls below */
	bool is_complete;
	const char *note; /* NULL */
	struct stack_counts stacks;
	uint64_t own_rss_bytes, own_cpu_ns, table_bytes;
};

/* Indices and pointers stay as they are while a report is made. */
struct loops {
	struct loops_meta meta;
	const struct loop_info *loops; /* confirmed ones, by busy time descending */
	size_t loop_count;
	const struct stall *stalls; /* in order of time */
	size_t stall_count;
};

/*
 * Stalled time by stack, as a finished profile: what reports of stacks are made of. A weight is ns
 * of stalls, and the sum of all is theirs; a count is the stalls that the stack was seen in. What
 * has no stack has one frame: "[no sample]" (state and wait as that part's), "[CPU wait]" and
 * "[throttled]" (PROFILE_RUNNABLE), and, of a stall that is not its own doing, "[not to blame]" for
 * all the rest. 0 or -ENOMEM.
 */
int loops_profile(const struct loops *l, struct profile **ret);
/* Was @s of that profile seen, rather than being one of the names above? */
bool loops_is_stack(const struct profile *p, const struct profile_stack *s);

#endif
