/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The value between collecting and reporting for cpu-sample: stacks with a count and a weight,
 * merged by what they read like. A collector adds samples (already symbolised), profile_finish puts
 * them in order, reports read them.
 */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include "profile/stack_counts.h"
#include "symbol/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROFILE_MAX_DEPTH 1024 /* frames of one stack, kernel, user and inlined ones together */

/* What the thread did while it had this stack. */
enum profile_state {
	PROFILE_ON_CPU,	  /* it ran (or, sampled, was seen running) */
	PROFILE_BLOCKED,  /* it waited for something */
	PROFILE_RUNNABLE, /* it could have run, and waited for a CPU */
};

/* One sample, or many equal ones. Strings and frames are borrowed for the call and copied. */
struct profile_sample {
	pid_t pid, tid;	     /* tid 0: threads are not told apart */
	const char *process; /* name of the process, clean */
	const char *thread;  /* of the thread, clean; "" when tid is 0 */
	enum profile_state state;
	const char
		*wait;	 /* PROFILE_BLOCKED: what it waited in ("futex", "D epoll_wait"), else "" */
	const char *cut; /* why the user stack is not whole, NULL: it is */
	const struct frame *frames; /* leaf first, kernel frames before user frames */
	size_t depth;
	uint64_t count;	 /* samples, or waits */
	uint64_t weight; /* in the profile's unit: ns */
};

/* As struct profile_sample, owned by the profile; frames are indices for profile_frame(). */
struct profile_stack {
	pid_t pid, tid;
	const char *process, *thread;
	enum profile_state state;
	const char *wait, *cut;
	const uint32_t *frames; /* leaf first */
	size_t depth;
	uint64_t count, weight;
};

/* What was sampled, and how; filled by the collector, read by the reports. Strings are borrowed. */
struct profile_meta {
	const char *version; /* of the tool */
	const char *event;   /* "cpu-clock", "cycles", "off-cpu", "wall" */
	const char *title;   /* "node (PID 42)", "all processes" */
	uint64_t time_ns;    /* CLOCK_REALTIME of the start */
	uint64_t duration_ns;
	uint64_t frequency_hz;	    /* 0 when not sampled */
	uint64_t period_ns;	    /* weight of one sample, 0 when not sampled */
	uint64_t lost;		    /* samples or waits that were not recorded */
	bool is_complete;	    /* the losses are within --max-loss */
	const char *note;	    /* what to know, NULL */
	struct stack_counts stacks; /* how the walks ended */
	uint64_t own_rss_bytes, own_cpu_ns, table_bytes;
	/*
	 * Build id of what frames call @module, the kernel's or a process's, in lower-case hex;
	 * NULL: unknown. Itself NULL: none is known.
	 */
	const char *(*build_id)(void *ctx, const char *module, bool is_kernel);
	void *build_id_ctx;
};

struct profile;

struct profile *profile_new(void);
void profile_free(struct profile *p);
void profile_freep(struct profile **p);

/*
 * Merges with what reads the same: ids and names of process and thread, state, wait, cut and all
 * frames (frame_compare). Of frames that read the same the smallest offset is kept. Names that are
 * not clean become so, and shorter than TEXT_MAX. 0, -ENOMEM (nothing was added), -E2BIG (deeper
 * than PROFILE_MAX_DEPTH).
 */
int profile_add(struct profile *p, const struct profile_sample *s);

/*
 * Orders the stacks: by weight descending, then by what they read like; and the frames as they
 * first occur in them. The order in which samples came leaves no trace. More may be added later,
 * and finished again; indices and pointers are valid until then. 0 or -ENOMEM.
 */
int profile_finish(struct profile *p);

size_t profile_stack_count(const struct profile *p);
const struct profile_stack *profile_stack(const struct profile *p, size_t index);
size_t profile_frame_count(const struct profile *p);
const struct frame *profile_frame(const struct profile *p, uint32_t index);
uint64_t profile_total_weight(const struct profile *p);
uint64_t profile_total_count(const struct profile *p);

/* A function over all stacks: what has the same name, module, file and kind (offset: no name). */
struct profile_function {
	uint32_t frame; /* one of its frames: function, module, file of the function; line is not
			   its own */
	uint64_t self_weight, total_weight; /* a recursive function counts once per stack */
	uint64_t self_count, total_count;
	uint64_t blocked_weight, runnable_weight; /* of total_weight */
	/*
	 * Where it was the leaf and ran, or waited and was the innermost outside the kernel, whose
	 * frames are the same for all waits. Over all functions that is what they weigh together.
	 */
	uint64_t own_weight;
	uint64_t own_blocked_weight, own_runnable_weight; /* of own_weight */
};

struct profile_functions {
	struct profile_function *at; /* by self_weight descending, then total, then name */
	size_t len, cap;
};

/* 0 or -ENOMEM. */
int profile_functions(const struct profile *p, struct profile_functions *ret);
void profile_functions_done(struct profile_functions *f);

/*
 * The neighbours of one function in all stacks. Of callers and callees the total_ figures are those
 * of the stacks in which they stand next to it (once per stack); they have no others. A function
 * that calls itself is its own caller and callee.
 */
struct profile_calls {
	struct profile_function of;		   /* itself; all 0 when it is in no stack */
	struct profile_functions callers, callees; /* by total_weight descending, then name */
	uint64_t uncalled_weight; /* of stacks that begin with it: no caller is known */
};

/* Of what reads the same as @function (frame_compare_functions), which may come from another
 * profile. 0 or -ENOMEM. */
int profile_calls(const struct profile *p, const struct frame *function, struct profile_calls *ret);
void profile_calls_done(struct profile_calls *c);

/* A thread, or a process when its threads are not told apart. */
struct profile_task {
	pid_t pid, tid;
	const char *process, *thread; /* the name with which it was seen most */
	uint64_t count, weight;
	uint64_t blocked_weight, runnable_weight; /* of weight */
};

struct profile_tasks {
	struct profile_task *at; /* by weight descending, then pid, tid */
	size_t len, cap;
};

/* 0 or -ENOMEM. */
int profile_tasks(const struct profile *p, struct profile_tasks *ret);
void profile_tasks_done(struct profile_tasks *t);

/* Where the time went: on the CPU, runnable, blocked in this and that. */
struct profile_wait {
	enum profile_state state;
	const char *wait; /* "" but for PROFILE_BLOCKED */
	uint64_t count, weight;
};

struct profile_waits {
	struct profile_wait *at; /* by weight descending, then state, wait */
	size_t len, cap;
};

/* 0 or -ENOMEM. */
int profile_waits(const struct profile *p, struct profile_waits *ret);
void profile_waits_done(struct profile_waits *w);

#endif
