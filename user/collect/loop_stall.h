/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The collecting side of loop-stall: its BPF programs, the event loops they find, and the value
 * that reports are made of (profile/loops.h). Life: open, add processes, start, let the loop run,
 * stop, take.
 */
#ifndef COLLECT_LOOP_STALL_H
#define COLLECT_LOOP_STALL_H

#include "collect/stack_method.h"
#include "host/loop.h"
#include "profile/loops.h"

struct loop_stall_options {
	enum stack_method stacks;
	uint64_t threshold_ns;
	uint64_t frequency_hz; /* of looks at a late loop */
	bool has_js_tiers;     /* names of JavaScript functions tell the tier of their code */
	bool has_stacks, has_split, follow_children;
	bool is_live; /* the loop goes on when all processes have ended */
	/*
	 * For weeks: processes come and go by loop_stall_add and loop_stall_remove while it runs,
	 * and nothing of what has ended is kept once the sink was told. No stacks then.
	 */
	bool is_endless;
	bool has_timers; /* how late libuv's timers run: a probe per iteration */
	uint32_t max_stacks, max_loops, max_stalls;
	uint32_t max_events_bytes; /* ring buffer, a power of two */
};

/* Any may be NULL. */
struct loop_stall_sink {
	/* Told of each stall when it is over, and when one lasts; the value is as loop_stall_take
	 * gives it. Results as of a loop_fn. */
	int (*on_stall)(void *ctx, const struct loops *l, const struct stall *s);
	/*
	 * An endless one only: the thread has ended, or its process was removed or executes another
	 * program. @l->total is final; it is in no value taken from now on.
	 */
	void (*on_loop_ended)(void *ctx, const struct loop_info *l);
	void *ctx;
};

struct loop_stall;

/* Loads the programs. 0 or -errno after saying why. Both are borrowed for the life of it. */
int loop_stall_open(const struct loop_stall_options *options, struct loop *loop,
		    struct loop_stall **ret);
void loop_stall_free(struct loop_stall *c);
void loop_stall_freep(struct loop_stall **c);

/* As struct targets_sink wants them (collect/targets.h), @ctx: struct loop_stall. An endless one
 * says at -v alone why it cannot, and nothing is left of a process it did not take. */
int loop_stall_add(void *ctx, pid_t pid);
int loop_stall_add_descendant(void *ctx, pid_t pid);

/* An endless one only: lets go of a process, which may run on; its loops are told of as ended. */
void loop_stall_remove(struct loop_stall *c, pid_t pid);

/*
 * With options.has_split, at any time: whether switches of threads divide stalls from now on. What
 * that costs, all processes of the machine pay at each switch. An endless one divides them without,
 * too, by the kernel's own accounts of the thread: running, waiting for a CPU (or throttled),
 * asleep, collecting garbage. 0 or -errno after saying why.
 */
int loop_stall_set_split(struct loop_stall *c, bool has_split);

/* From now on. @sink may be NULL, and is borrowed. 0 or -errno after saying why. */
int loop_stall_start(struct loop_stall *c, const struct loop_stall_sink *sink);
void loop_stall_stop(struct loop_stall *c);

const char *loop_stall_describe(struct loop_stall *c);

/* Loops and stalls so far, for a progress line. */
void loop_stall_counts(const struct loop_stall *c, size_t *ret_loops, uint64_t *ret_stalls,
		       uint64_t *ret_lost);

/*
 * Everything since the start; with @begins_interval, the next call's loop_info.interval is since
 * this one. *ret is borrowed from @c, until the next call; an endless one's only until the loop
 * goes on. 0 or -errno after saying why.
 */
int loop_stall_take(struct loop_stall *c, bool begins_interval, struct loops *ret);

#endif
