// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * gc-trace, kernel side: probes on V8's collector. What is known of a collection is gathered by
 * thread while its pause lasts, and told at its end.
 */
#include "lib/prelude.bpf.h"

#include "abi/gc-trace.h"

#define COUNTER_COUNT	     GC_COUNTERS
#define COUNTER_LOST_EVENTS  GC_LOST_EVENTS
#define COUNTER_LOST_STACKS  GC_LOST_STACKS
#define COUNTER_STACKS	     GC_STACKS
#define COUNTER_STACKS_BY_FP GC_STACKS_BY_FP
#include "lib/filter.bpf.h"
#include "lib/process_stack.bpf.h"

const volatile bool has_stacks = false;
const volatile bool follows_children = false;

/* A thread that collects. */
struct collector {
	struct gc_pause_event pause; /* the next one to tell */
	__u64 step_began_ns;	     /* 0: in no step */
	__u64 statistics;	     /* where the call under way will put its results, 0: none */
	__u64 space;
	__u32 is_open; /* between a pause's begin and its end */
	__u32 nested;  /* calls that collect inside the open one */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64); /* bpf_get_current_pid_tgid() */
	__type(value, struct collector);
} collectors SEC(".maps");

static const struct collector new_collector = {
	.pause = { .header.kind = GC_EVENT_PAUSE, .reason = GC_REASON_UNKNOWN },
};

/* What each probe begins with. */
struct hit {
	__u64 id; /* bpf_get_current_pid_tgid() */
	__u32 slot;
	struct counter_row *count;
	struct collector *collector;
};

static __always_inline bool hit_begin(struct hit *hit, enum gc_probe probe)
{
	struct target_state *target;

	hit->id = bpf_get_current_pid_tgid();
	target = filter_target(hit->id >> 32);
	if (!target)
		return false;
	hit->slot = target->slot;
	hit->count = counters_row(target->slot);
	if (!hit->count)
		return false; /* a slot is always inside the array: for the verifier */
	counter_add(hit->count, GC_HITS + probe, 1);
	hit->collector = bpf_map_lookup_elem(&collectors, &hit->id);
	return true;
}

/* The same, for a thread that has work of its own from here on. */
static __always_inline bool hit_open(struct hit *hit, enum gc_probe probe)
{
	if (!hit_begin(hit, probe))
		return false;
	if (hit->collector)
		return true;
	if (bpf_map_update_elem(&collectors, &hit->id, &new_collector, BPF_NOEXIST) == 0)
		hit->collector = bpf_map_lookup_elem(&collectors, &hit->id);
	if (!hit->collector)
		counter_add(hit->count, GC_LOST_THREADS, 1);
	return hit->collector != NULL;
}

static __always_inline void send(struct hit *hit, void *event, __u64 size, bool wakes_reader)
{
	if (!events_send(event, size, wakes_reader))
		counter_add(hit->count, GC_LOST_EVENTS, 1);
}

static __always_inline void take_stack(void *ctx, struct hit *hit, __u64 *stack)
{
	if (has_stacks && *stack == STACK_NONE)
		*stack = process_stack(ctx, hit->id >> 32, hit->slot, hit->count);
}

/* --- collections ------------------------------------------------------------------------------ */

static __always_inline void begin(struct hit *hit)
{
	struct gc_pause_event *pause = &hit->collector->pause;

	if (hit->collector->is_open)
		counter_add(hit->count, GC_LOST_ENDS, 1);
	hit->collector->is_open = 1;
	pause->began_ns = bpf_ktime_get_ns();
	pause->began_us = pause->ended_us = 0;
	pause->tracer = 0;
	pause->sizes = 0;
	pause->ran = 0;
	pause->text[0] = 0;
}

static __always_inline void end(struct hit *hit)
{
	struct gc_pause_event *pause = &hit->collector->pause;

	hit->collector->is_open = 0;
	pause->header.kind = GC_EVENT_PAUSE;
	pause->header.tgid = hit->id >> 32;
	pause->header.time_ns = bpf_ktime_get_ns();
	pause->tid = (__u32)hit->id;
	(void)bpf_get_current_comm(pause->thread, sizeof(pause->thread));
	if (!pause->tracer || bpf_probe_read_user(pause->words, sizeof(pause->words),
						  (const void *)(pause->tracer + GC_TRACER_FIRST)))
		__builtin_memset(pause->words, 0, sizeof(pause->words));
	/* the reader comes by itself: to be woken it would take this thread's CPU within the pause
	 */
	send(hit, pause, sizeof(*pause), false);
	pause->heap = pause->stack = 0;
	pause->steps = 0;
	pause->step_ns = 0;
	pause->reason = GC_REASON_UNKNOWN;
}

static __always_inline void note_call(struct pt_regs *ctx, struct hit *hit)
{
	struct gc_pause_event *pause = &hit->collector->pause;

	pause->heap = PT_REGS_PARM1(ctx);
	if (bpf_get_attach_cookie(ctx) & GC_COOKIE_HAS_ARGUMENTS)
		pause->reason = (__u8)PT_REGS_PARM3(ctx);
	pause->stack = STACK_NONE;
	take_stack(ctx, hit, &pause->stack);
}

/* CollectGarbage(heap, space, reason, ...): before the pause, and the stack is whole here. */
SEC("uprobe")
int collect(struct pt_regs *ctx)
{
	struct hit hit;

	if (hit_open(&hit, GC_PROBE_COLLECT) && !hit.collector->is_open)
		note_call(ctx, &hit);
	return 0;
}

/* The same where the pause itself cannot be probed: the call stands for it. */
SEC("uprobe")
int collect_begins(struct pt_regs *ctx)
{
	struct hit hit;

	if (!hit_open(&hit, GC_PROBE_COLLECT))
		return 0;
	if (hit.collector->is_open) { /* one collection within another */
		hit.collector->nested++;
		return 0;
	}
	note_call(ctx, &hit);
	begin(&hit);
	return 0;
}

SEC("uprobe")
int collect_ends(struct pt_regs *ctx)
{
	struct hit hit;

	if (!hit_begin(&hit, GC_PROBE_COLLECT_END) || !hit.collector || !hit.collector->is_open)
		return 0;
	if (hit.collector->nested)
		hit.collector->nested--;
	else
		end(&hit);
	return 0;
}

/* StartObservablePause(tracer, time) */
SEC("uprobe")
int pause_begins(struct pt_regs *ctx)
{
	struct gc_pause_event *pause;
	struct hit hit;

	if (!hit_open(&hit, GC_PROBE_PAUSE_BEGINS))
		return 0;
	pause = &hit.collector->pause;
	begin(&hit);
	pause->tracer = PT_REGS_PARM1(ctx);
	if (bpf_get_attach_cookie(ctx) & GC_COOKIE_HAS_TIME)
		pause->began_us = PT_REGS_PARM2(ctx);
	take_stack(ctx, &hit, &pause->stack);
	return 0;
}

/* PerformGarbageCollection(heap, collector, reason, text, ...) */
SEC("uprobe")
int perform(struct pt_regs *ctx)
{
	struct gc_pause_event *pause;
	struct hit hit;

	if (!hit_begin(&hit, GC_PROBE_PERFORM) || !hit.collector || !hit.collector->is_open)
		return 0;
	pause = &hit.collector->pause;
	pause->heap = PT_REGS_PARM1(ctx);
	if (!(bpf_get_attach_cookie(ctx) & GC_COOKIE_HAS_ARGUMENTS))
		return 0;
	pause->reason = (__u8)PT_REGS_PARM3(ctx);
	if (!PT_REGS_PARM4(ctx) || bpf_probe_read_user_str(pause->text, sizeof(pause->text),
							   (const void *)PT_REGS_PARM4(ctx)) < 0)
		pause->text[0] = 0;
	return 0;
}

static __always_inline void note_ran(struct pt_regs *ctx, enum gc_probe probe, enum gc_ran ran)
{
	struct hit hit;

	if (!hit_begin(&hit, probe) || !hit.collector || !hit.collector->is_open)
		return;
	hit.collector->pause.ran |= ran;
	hit.collector->pause.heap = PT_REGS_PARM1(ctx);
}

SEC("uprobe")
int scavenge(struct pt_regs *ctx)
{
	note_ran(ctx, GC_PROBE_SCAVENGE, GC_RAN_SCAVENGE);
	return 0;
}

SEC("uprobe")
int minor(struct pt_regs *ctx)
{
	note_ran(ctx, GC_PROBE_MINOR, GC_RAN_MINOR);
	return 0;
}

SEC("uprobe")
int mark_compact(struct pt_regs *ctx)
{
	note_ran(ctx, GC_PROBE_MARK_COMPACT, GC_RAN_MARK_COMPACT);
	return 0;
}

/* SizeOfObjects returns: within a pause the first is what was there before, the last what is left.
 */
SEC("uprobe")
int size_of_objects(struct pt_regs *ctx)
{
	struct gc_pause_event *pause;
	struct hit hit;

	if (!hit_begin(&hit, GC_PROBE_SIZE) || !hit.collector || !hit.collector->is_open)
		return 0;
	pause = &hit.collector->pause;
	if (!pause->sizes++)
		pause->before_bytes = PT_REGS_RC(ctx);
	pause->after_bytes = PT_REGS_RC(ctx);
	return 0;
}

/* StopObservablePause(tracer, collector, time) */
SEC("uprobe")
int pause_ends(struct pt_regs *ctx)
{
	struct hit hit;

	if (!hit_begin(&hit, GC_PROBE_PAUSE_ENDS))
		return 0;
	if (!hit.collector || !hit.collector->is_open) {
		counter_add(hit.count, GC_LOST_BEGINS, 1);
		return 0;
	}
	if (bpf_get_attach_cookie(ctx) & GC_COOKIE_HAS_TIME)
		hit.collector->pause.ended_us = PT_REGS_PARM3(ctx);
	end(&hit);
	return 0;
}

/* --- incremental marking ---------------------------------------------------------------------- */

SEC("uprobe")
int step_begins(struct pt_regs *ctx)
{
	struct hit hit;

	if (hit_open(&hit, GC_PROBE_STEP))
		hit.collector->step_began_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("uprobe")
int step_ends(struct pt_regs *ctx)
{
	struct hit hit;

	if (!hit_begin(&hit, GC_PROBE_STEP_END) || !hit.collector || !hit.collector->step_began_ns)
		return 0;
	hit.collector->pause.steps++;
	hit.collector->pause.step_ns += bpf_ktime_get_ns() - hit.collector->step_began_ns;
	hit.collector->step_began_ns = 0;
	return 0;
}

/* --- moments ---------------------------------------------------------------------------------- */

static __always_inline void fill_moment(struct gc_moment_event *e, struct hit *hit, __u32 kind)
{
	e->header.kind = kind;
	e->header.tgid = hit->id >> 32;
	e->header.time_ns = bpf_ktime_get_ns();
	e->tid = (__u32)hit->id;
	e->reason = GC_REASON_UNKNOWN;
}

/* Start(marking, [collector,] reason): the cookie is the argument that is the reason. */
SEC("uprobe")
int marking(struct pt_regs *ctx)
{
	struct gc_moment_event e = {};
	__u64 second = PT_REGS_PARM2(ctx), third = PT_REGS_PARM3(ctx);
	struct hit hit;

	barrier_var(second);
	barrier_var(third);
	if (!hit_begin(&hit, GC_PROBE_MARKING))
		return 0;
	fill_moment(&e, &hit, GC_EVENT_MARKING);
	e.reason = (__u8)(bpf_get_attach_cookie(ctx) == 2 ? second : third);
	send(&hit, &e, sizeof(e), false);
	return 0;
}

/* InvokeNearHeapLimitCallback(heap) */
SEC("uprobe")
int near_limit(struct pt_regs *ctx)
{
	struct gc_moment_event e = {};
	struct hit hit;

	if (!hit_begin(&hit, GC_PROBE_NEAR_LIMIT))
		return 0;
	fill_moment(&e, &hit, GC_EVENT_NEAR_LIMIT);
	e.heap = PT_REGS_PARM1(ctx);
	take_stack(ctx, &hit, &e.stack);
	send(&hit, &e, sizeof(e), true);
	return 0;
}

/* FatalProcessOutOfMemory(isolate, location, ...) */
SEC("uprobe")
int out_of_memory(struct pt_regs *ctx)
{
	struct gc_moment_event e = {};
	struct hit hit;

	if (!hit_begin(&hit, GC_PROBE_OUT_OF_MEMORY))
		return 0;
	fill_moment(&e, &hit, GC_EVENT_OUT_OF_MEMORY);
	if (bpf_probe_read_user_str(e.text, sizeof(e.text), (const void *)PT_REGS_PARM2(ctx)) < 0)
		e.text[0] = 0;
	take_stack(ctx, &hit, &e.stack);
	send(&hit, &e, sizeof(e), true);
	return 0;
}

/* --- what the application asks for itself ------------------------------------------------------
 */

/* GetHeapStatistics(isolate, statistics) */
SEC("uprobe")
int statistics_begin(struct pt_regs *ctx)
{
	struct hit hit;

	if (hit_open(&hit, GC_PROBE_STATISTICS))
		hit.collector->statistics = PT_REGS_PARM2(ctx);
	return 0;
}

SEC("uprobe")
int statistics_end(struct pt_regs *ctx)
{
	struct gc_statistics_event e = {};
	struct hit hit;
	long err;

	if (!hit_begin(&hit, GC_PROBE_STATISTICS_END) || !hit.collector ||
	    !hit.collector->statistics)
		return 0;
	err = bpf_probe_read_user(e.values, sizeof(e.values),
				  (const void *)hit.collector->statistics);
	hit.collector->statistics = 0;
	if (err)
		return 0; /* not a pointer: not the function we took it for */
	e.header.kind = GC_EVENT_STATISTICS;
	e.header.tgid = hit.id >> 32;
	e.header.time_ns = bpf_ktime_get_ns();
	e.tid = (__u32)hit.id;
	send(&hit, &e, sizeof(e), false);
	return 0;
}

/* GetHeapSpaceStatistics(isolate, statistics, index) */
SEC("uprobe")
int space_begin(struct pt_regs *ctx)
{
	struct hit hit;

	if (hit_open(&hit, GC_PROBE_SPACE))
		hit.collector->space = PT_REGS_PARM2(ctx);
	return 0;
}

SEC("uprobe")
int space_end(struct pt_regs *ctx)
{
	struct gc_space_event e = {};
	struct hit hit;
	__u64 name = 0, at;

	if (!hit_begin(&hit, GC_PROBE_SPACE_END) || !hit.collector || !hit.collector->space)
		return 0;
	at = hit.collector->space;
	hit.collector->space = 0;
	if (bpf_probe_read_user(&name, sizeof(name), (const void *)at) ||
	    bpf_probe_read_user(&e.committed_bytes, 4 * sizeof(__u64),
				(const void *)(at + sizeof(name))) ||
	    bpf_probe_read_user_str(e.name, sizeof(e.name), (const void *)name) < 0)
		return 0; /* as above */
	e.header.kind = GC_EVENT_SPACE;
	e.header.tgid = hit.id >> 32;
	e.header.time_ns = bpf_ktime_get_ns();
	e.tid = (__u32)hit.id;
	send(&hit, &e, sizeof(e), false);
	return 0;
}

/* --- processes -------------------------------------------------------------------------------- */

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

	if (target)
		process_tell(target->slot, PROCESS_EXEC, task->tgid, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	__u64 id = (__u64)task->tgid << 32 | (__u32)task->pid;

	(void)bpf_map_delete_elem(&collectors, &id); /* most threads never collect: no entry */
	return 0;
}
