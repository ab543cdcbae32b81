/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The collecting side of mem-watch: processes, looked at from outside at equal intervals. Nothing
 * is probed, nothing in them is stopped or changed, unless Buffers are asked for. Life: open, add
 * processes, start, let the loop run, stop, take.
 */
#ifndef COLLECT_MEM_WATCH_H
#define COLLECT_MEM_WATCH_H

#include "host/loop.h"
#include "profile/memory.h"

struct mem_watch_options {
	uint64_t interval_ns;
	uint32_t max_samples; /* kept of a process; of more every second one goes */
	bool follow_children;
	bool has_buffers;     /* who made node's Buffers, by probes: needs root */
	uint64_t duration_ns; /* for their trends; 0: until stopped */
	uint32_t top;	      /* of struct memory_buffers */
	/*
	 * For weeks: processes come and go by mem_watch_add and mem_watch_remove while it runs, and
	 * nothing is kept of one that has ended once the sink was told.
	 */
	bool is_endless;
};

/* Any may be NULL. */
struct mem_watch_sink {
	/* Told of each look at a process, the last of @p->samples. Results as of a loop_fn. */
	int (*on_sample)(void *ctx, const struct memory *m, const struct memory_process *p);
	/* An endless one only: it has ended, or was removed; it is in no value taken from now on.
	 */
	void (*on_process_ended)(void *ctx, const struct memory_process *p);
	void *ctx;
};

struct mem_watch;

/* 0 or -errno after saying why. Both are borrowed for the life of it. */
int mem_watch_open(const struct mem_watch_options *options, struct loop *loop,
		   struct mem_watch **ret);
void mem_watch_free(struct mem_watch *w);
void mem_watch_freep(struct mem_watch **w);

/* As struct targets_sink wants them (collect/targets.h), @ctx: struct mem_watch. An endless one
 * says at -v alone why it cannot, and nothing is left of a process it did not take. */
int mem_watch_add(void *ctx, pid_t pid);
int mem_watch_add_descendant(void *ctx, pid_t pid);

/* An endless one only: lets go of a process, which may run on. */
void mem_watch_remove(struct mem_watch *w, pid_t pid);

/* Looks at @pid only every @intervals-th time; 1 at first. */
void mem_watch_rarely(struct mem_watch *w, pid_t pid, uint32_t intervals);

/* The first look now, then one each interval. @sink may be NULL, and is borrowed. */
int mem_watch_start(struct mem_watch *w, const struct mem_watch_sink *sink);

/* Takes the probes of Buffers off; what they saw stays readable. */
void mem_watch_stop(struct mem_watch *w);

const char *mem_watch_describe(struct mem_watch *w);

/*
 * Brings the buffers of all processes up to date for the next take, until the next call of this; a
 * ledger is walked and stacks are named: for reports. 0 or -errno after saying why.
 */
int mem_watch_refresh_buffers(struct mem_watch *w);

/* Everything so far. *ret is borrowed from @w, until the next look. */
void mem_watch_take(struct mem_watch *w, struct memory *ret);

#endif
