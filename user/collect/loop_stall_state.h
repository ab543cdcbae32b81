/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to collect/loop_stall*.c: what they share. */
#ifndef COLLECT_LOOP_STALL_STATE_H
#define COLLECT_LOOP_STALL_STATE_H

#include "abi/loop-stall.h"
#include "collect/loop_stall.h"
#include "collect/processes.h"
#include "collect/stack_names.h"

#include "base/arena.h"
#include "base/strings.h"
#include "host/clock.h"
#include "host/steal.h"
#include "probe/clock_events.h"
#include "probe/uprobes.h"

#include "loop-stall.skel.h"

#define LOOP_WAIT_LINKS 24 /* programs of system calls */

/* Looks at a loop that is late, until it is known whether that is a stall. */
struct pending {
	struct loop_sample_event *at;
	size_t len, cap;
};

/* A loop that was seen. It stays when its thread has ended; its slot goes to another. */
struct seen_loop {
	struct loop_info info;	 /* but for its index and what loops_take fills in */
	struct loop_state state; /* as last read */
	bool is_ended;
	bool may_be_stuck; /* busy at the attach, and no other thread waits in its place */
	uint32_t slot;
	uint64_t ended_ns;
	struct loop_times *before; /* when the interval began; NULL: with the loop */
	struct pending pending;
	uint64_t told_ns;	   /* so long was the stall under way when it was last told of */
	struct stall_stack looked; /* what it was seen asleep in, where no switch told of it */
	uint64_t looked_out_ns;	   /* asleep since then, as in its state */
	size_t index;		   /* in the value taken last */
	char process[4 * LOOP_COMM], thread[4 * LOOP_COMM]; /* an endless one's names, clean */
};

/* A stall, and whose. */
struct seen_stall {
	struct seen_loop *loop;
	struct stall stall;
};

/* A stack by what the kernel side calls it, and as people read it: named once. */
struct named_key {
	uint64_t user, kernel;
	uint32_t tgid, part;
	int32_t syscall;
	uint32_t pad;
};

struct named {
	struct named_key key;
	const struct frame *frames;
	size_t depth;
	const char *cut, *wait;
	UT_hash_handle hh;
};

struct loop_stall {
	const struct loop_stall_options *options;
	enum stack_method method;
	struct loop *loop;
	struct loop_stall_bpf *skel;
	struct ring_buffer *ring;
	struct processes processes;
	struct unwind_maps unwind_maps;
	struct kernel_symbols *kernel;
	struct stack_names names;
	struct js_names *js;	    /* NULL with STACKS_FP */
	struct js_counts js_counts; /* of the stacks of looks */
	struct bpf_link *waits[LOOP_WAIT_LINKS];
	struct clock_events clock;
	struct loop_state *states; /* map "loops" */
	struct loop_hist *hists;   /* map "loop_hists" */
	struct seen_loop *by_slot[LOOPS_MAX];
	struct {
		struct seen_loop **at; /* as they were seen */
		size_t len, cap;
	} loops;
	struct {
		struct seen_stall *at;
		size_t len, cap;
	} stalls;
	uint64_t dropped_stalls;
	uint64_t gone_counters[LOOP_COUNTERS];	    /* of processes that were let go of */
	uint32_t leaving[LOOPS_MAX], leaving_count; /* slots of threads that run on, to be freed */
	size_t ended_loops;			    /* that are kept */
	uint64_t forgotten_loops;		    /* and that are not */
	struct steal steal;
	struct arena arena; /* of stalls: stacks and frames */
	struct strings texts;
	struct named *named;
	struct named_stack *scratch;
	const struct loop_stall_sink *sink;
	bool needs_look;	 /* processes came that may be in the midst of something */
	uint64_t split_since_ns; /* stalls that began before are not divided exactly; 0: none is */
	uint64_t started_ns, stopped_ns, started_realtime_ns;
	struct {
		struct loop_look *at;
		size_t len, cap;
	} looks;
	bool has_intervals;
	uint64_t interval_ns; /* when the present one began */
	struct loop_info *taken_loops;
	struct stall *taken_stalls;
	char note[384];
};

/* loop_stall_attach.c */
/* Before load: by which programs wait calls are seen. 0 or -errno. */
int loop_stall_choose_waits(struct loop_stall *c);
/* 0 or -errno after saying why. */
int loop_stall_attach(struct loop_stall *c);
void loop_stall_detach(struct loop_stall *c);

/* loop_stall_loops.c */
/* Reads the state of a slot, whose thread may have ended: then it is given back. 0 or -ENOMEM. */
int loop_stall_read_loop(struct loop_stall *c, uint32_t slot);
/* All slots. */
int loop_stall_read_loops(struct loop_stall *c);
/* An endless one: tells of those that have ended, and forgets them. */
void loop_stall_forget_ended(struct loop_stall *c);
/* The same for all of process @pid, which the kernel side does not observe any more. */
void loop_stall_forget_process(struct loop_stall *c, pid_t pid);
/* Gives slots back that nothing in the kernel works on any more. 0 or -errno. */
int loop_stall_free_leaving(struct loop_stall *c);
/* Forgets loops that have ended when they are many, with their stalls: counted. */
void loop_stall_limit_loops(struct loop_stall *c);
/*
 * Who was thread @tid with that slot at @at_ns: also when it has ended since, and the slot is
 * another's or nobody's. NULL: it was not read yet, or was no loop.
 */
struct seen_loop *seen_loop_find(const struct loop_stall *c, uint32_t slot, uint32_t tid,
				 uint64_t at_ns);
/* Is it an event loop, as far as is known? */
bool seen_loop_is_loop(const struct seen_loop *l);
/* Fills c->taken_loops with *ret_count, and the index of each. 0 or -ENOMEM. */
int loop_stall_take_loops(struct loop_stall *c, uint64_t now_ns, bool begins_interval,
			  size_t *ret_count);
void loop_stall_free_loops(struct loop_stall *c);

/* loop_stall_stalls.c */
int loop_stall_on_sample(struct loop_stall *c, const struct loop_sample_event *e);
int loop_stall_on_stall(struct loop_stall *c, const struct loop_stall_event *e);
/* The stall that @l is in at @now_ns; false: in none. Its stacks last as long as @c. */
bool loop_stall_under_way(struct loop_stall *c, struct seen_loop *l, uint64_t now_ns,
			  struct stall *ret);
/* Tells of those that last. */
int loop_stall_tell_lasting(struct loop_stall *c);
/* Names what @l was asleep in at the last look: seen_loop.looked. 0 or -ENOMEM. */
int loop_stall_name_look(struct loop_stall *c, struct seen_loop *l);

/* Stalls over, then those under way: c->taken_stalls, *ret_count of them. 0 or -ENOMEM. */
int loop_stall_take_stalls(struct loop_stall *c, uint64_t now_ns, size_t *ret_count);
void loop_stall_free_stalls(struct loop_stall *c);

/* loop_stall_names.c */
/* The text, for as long as what is told of is needed; "" without memory. */
const char *loop_stall_keep(struct loop_stall *c, const char *text);
/* What it was asleep in: as stall_stack.wait. */
const char *loop_stall_wait_text(struct loop_stall *c, uint32_t part, int32_t syscall,
				 const struct named_stack *s);
/* Frames of @s, for as long. NULL without memory. */
const struct frame *loop_stall_keep_frames(struct loop_stall *c, const struct named_stack *s);
const struct named *loop_stall_name(struct loop_stall *c, const struct named_key *key);
/* An endless one: texts and stacks of stalls that were told of are not needed any more. */
void loop_stall_forget_told(struct loop_stall *c);

/* loop_stall_runtime.c */
/* Are V8's pauses looked at? */
bool loop_stall_has_gc(const struct loop_stall_options *o);
/* Before load: how the probes of run times are attached. */
void loop_stall_prepare_runtime(struct loop_stall_bpf *skel);
/* Probes V8's collector and libuv's timers in the processes that have them and were not asked yet.
 */
void loop_stall_attach_runtime(struct loop_stall *c);

/* loop_stall_look.c */
/*
 * What all threads of the targets do now; those that wait, and main threads, become loops. The
 * stacks of those asleep that no switch told of are walked and named at once: once they go on it
 * is too late. 0 or -errno.
 */
int loop_stall_look(struct loop_stall *c);
/* The stack of @l, asleep, appended to @s; false: it was not at the last look, or is no more. */
bool loop_stall_looked_at(struct loop_stall *c, const struct seen_loop *l, struct named_stack *s);

#endif
