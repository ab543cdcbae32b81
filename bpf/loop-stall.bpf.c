// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * loop-stall, kernel side. The time between the return of one wait call on an instance and the next
 * one on it by the same thread is an iteration: then the loop notices nothing. Switches of the
 * thread divide it, a clock looks at it when it is late.
 */
#include "lib/prelude.bpf.h"

#include "abi/loop-stall.h"

#define COUNTER_COUNT	     LOOP_COUNTERS
#define COUNTER_LOST_EVENTS  LOOP_LOST_EVENTS
#define COUNTER_LOST_LOOPS   LOOP_LOST_LOOPS
#define COUNTER_LOST_STACKS  LOOP_LOST_STACKS
#define COUNTER_STACKS	     LOOP_STACKS
#define COUNTER_STACKS_BY_FP LOOP_STACKS_BY_FP
#include "lib/filter.bpf.h"
#include "lib/loop_blocks.bpf.h"
#include "lib/loop_look.bpf.h"
#include "lib/loop_runtime.bpf.h"
#include "lib/loop_waits.bpf.h"
#include "lib/loops.bpf.h"
#include "lib/open_file.bpf.h"
#include "lib/process_stack.bpf.h"

const volatile bool has_stacks = true;
const volatile bool follows_children = false;

/* Stacks at switch-outs: one each so long on average, so many at once. */
#define TOKEN_NS    1000000ull
#define TOKEN_BURST 50

/* --- off the CPU ------------------------------------------------------------------------------ */

static __always_inline bool may_take_stack(struct loop_state *l, __u64 now_ns)
{
	__u64 from_ns = now_ns - TOKEN_BURST * TOKEN_NS;

	if (l->tokens_ns > now_ns)
		return false;
	l->tokens_ns = (l->tokens_ns > from_ns ? l->tokens_ns : from_ns) + TOKEN_NS;
	return true;
}

/* What it waits in is to be seen now: when it is back, it has gone on. */
static __always_inline void look_at_switch(void *ctx, struct loop_state *l, __u64 now_ns)
{
	__u32 tgid = l->tgid;
	struct target_state *target = filter_target(tgid);
	struct counter_row *count = target ? counters_row(target->slot) : NULL;

	l->out_user = l->out_kernel = STACK_NONE;
	if (!count)
		return;
	if (!may_take_stack(l, now_ns)) {
		counter_add(count, LOOP_SKIPPED_STACKS, 1);
		return;
	}
	l->out_kernel = process_stack_kernel(ctx, count);
	l->out_user = process_stack(ctx, tgid, target->slot, count);
}

static __always_inline void leaves(void *ctx, struct task_struct *prev, unsigned int state)
{
	struct loop_state *l;
	__u32 slot = 0;
	__u64 now_ns;

	if (state & TASK_STATE_ENDING)
		return;
	l = loop_of(prev, &slot);
	if (!l || (!l->is_waiting && !l->busy_since_ns))
		return;
	now_ns = bpf_ktime_get_ns();
	if (l->out_ns)
		is_back(l, slot, prev, now_ns);
	l->out_ns = now_ns;
	l->out_syscall = off_cpu_syscall(prev);
	l->out_part = part_of(prev, state, l->out_syscall);
	if (l->out_part > LOOP_THROTTLED) /* else it still is on its way from the last wake-up */
		l->woken_ns = 0;
	l->queue_part = l->out_part == LOOP_THROTTLED ? LOOP_THROTTLED : LOOP_RUN_QUEUE;
	if (has_stacks && !l->is_waiting && l->out_part > LOOP_THROTTLED &&
	    (l->is_confirmed || l->is_at_least))
		look_at_switch(ctx, l, now_ns);
}

static __always_inline void comes_back(struct task_struct *next)
{
	struct loop_state *l;
	__u32 slot = 0;

	l = loop_of(next, &slot);
	if (l && l->out_ns)
		is_back(l, slot, next, bpf_ktime_get_ns());
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool is_preempted, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	leaves(ctx, prev, is_preempted ? 0 : prev_state);
	comes_back(next);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	struct loop_state *l;
	__u32 slot;

	l = loop_of(task, &slot);
	if (!l || !l->out_ns || l->woken_ns)
		return 0;
	l->woken_ns = bpf_ktime_get_ns();
	if (off_cpu_is_throttled(task))
		l->queue_part = LOOP_THROTTLED;
	return 0;
}

/* --- on the CPU ------------------------------------------------------------------------------- */

SEC("perf_event")
int on_clock(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now_ns = bpf_ktime_get_ns();
	struct target_state *target;
	struct counter_row *count;
	struct loop_state *l;
	__u32 slot = 0;

	l = loop_of(task, &slot);
	if (l && l->out_ns)
		is_back(l, slot, task, now_ns);
	if (!l || l->is_waiting || !l->busy_since_ns || !(l->is_confirmed || l->is_at_least) ||
	    now_ns - l->busy_since_ns <= threshold_ns / 2)
		return 0;
	target = filter_target(task->tgid);
	count = target ? counters_row(target->slot) : NULL;
	if (!count)
		return 0;
	l->out_part = LOOP_RUNNING;
	l->out_syscall = -1;
	l->out_kernel = process_stack_kernel(ctx, count);
	l->out_user = process_stack(ctx, task->tgid, target->slot, count);
	tell_sample(l, slot, now_ns, 0);
	return 0;
}

/* --- processes -------------------------------------------------------------------------------- */

/* The thread is no loop any more: it ended, or executes another program. */
static __always_inline void loop_ends(struct task_struct *task)
{
	struct event_header e = { .kind = LOOP_EVENT_ENDED, .tgid = task->tgid };
	struct loop_state *l;
	__u32 slot = 0;

	l = loop_of(task, &slot);
	if (!l)
		return;
	(void)bpf_task_storage_delete(&threads, task);
	l->is_ended = 1; /* from now on user space may give the slot to another */
	e.time_ns = bpf_ktime_get_ns();
	if (!events_send(&e, sizeof(e), false))
		lose_event(task->tgid); /* user space looks for ended ones, too */
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct target_state *target;

	if (parent->tgid == child->tgid)
		return 0;
	target = filter_target(parent->tgid);
	if (target && follows_children)
		process_tell(target->slot, PROCESS_FORK, parent->tgid, child->tgid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	struct target_state *target = filter_target(task->tgid);

	if (!target)
		return 0;
	loop_ends(task);
	process_tell(target->slot, PROCESS_EXEC, task->tgid, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	loop_ends(task);
	return 0;
}
