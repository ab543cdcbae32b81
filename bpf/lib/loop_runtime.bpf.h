/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What V8 and libuv do in a loop's thread: uprobes, where there are such functions. */
#ifndef LIB_LOOP_RUNTIME_BPF_H
#define LIB_LOOP_RUNTIME_BPF_H

#include "lib/loop_blocks.bpf.h"
#include "lib/loops.bpf.h"

/* --- garbage collection ---------------------------------------------------------------------- */

static __always_inline __u64 queue_ns_of(const struct loop_state *l)
{
	return l->gap_part_ns[LOOP_RUN_QUEUE] + l->gap_part_ns[LOOP_THROTTLED];
}

/* The pause as V8 itself counts it: both are entries, so no return of the target is touched. */
SEC("uprobe")
int gc_begins(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct loop_state *l;
	__u64 now_ns;
	__u32 slot = 0;

	l = loop_of(task, &slot);
	if (!l || !l->busy_since_ns)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (l->out_ns) /* or what it waited before would be taken from the pause */
		is_back(l, slot, task, now_ns);
	l->in_gc = 1;
	l->gc_began_ns = now_ns;
	l->gc_queue_ns = queue_ns_of(l);
	return 0;
}

SEC("uprobe")
int gc_ends(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct loop_state *l;
	__u64 now_ns;
	__u32 slot = 0;

	l = loop_of(task, &slot);
	if (!l || !l->in_gc)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (l->out_ns)
		is_back(l, slot, task, now_ns);
	l->in_gc = 0;
	l->gap_part_ns[LOOP_GC] += now_ns - l->gc_began_ns - (queue_ns_of(l) - l->gc_queue_ns);
	return 0;
}

/* --- libuv's timers -------------------------------------------------------------------------- */

/* Public structures of libuv 1.44 to 1.52, x86-64: include/uv.h, include/uv/unix.h. */
#define UV_LOOP_BACKEND_FD 64
#define UV_LOOP_TIMERS	   520 /* the heap's first: the timer that is due first */
#define UV_LOOP_TIME	   544 /* ms */
#define UV_TIMER_HEAP_NODE 104
#define UV_TIMER_TIMEOUT   128 /* ms, when it is due */

/* uv__run_timers(loop): how late is the first of those that run now? */
SEC("uprobe")
int timers_run(struct pt_regs *ctx)
{
	const char *loop = (const char *)PT_REGS_PARM1_CORE(ctx);
	__u64 node = 0, now_ms = 0, due_ms = 0;
	struct loop_state *l;
	__u32 slot = 0;
	__s32 fd = -1;

	l = loop_of(bpf_get_current_task_btf(), &slot);
	if (!l || !l->busy_since_ns)
		return 0;
	/* are these structures what we take them for? */
	if (bpf_probe_read_user(&fd, sizeof(fd), loop + UV_LOOP_BACKEND_FD) || fd != l->fd ||
	    bpf_probe_read_user(&node, sizeof(node), loop + UV_LOOP_TIMERS) || !node ||
	    bpf_probe_read_user(&now_ms, sizeof(now_ms), loop + UV_LOOP_TIME) ||
	    bpf_probe_read_user(&due_ms, sizeof(due_ms),
				(const void *)(node - UV_TIMER_HEAP_NODE + UV_TIMER_TIMEOUT)))
		return 0;
	if (due_ms <= now_ms)
		hist_add(slot, LOOP_HIST_TIMER, (now_ms - due_ms) * 1000000, bpf_ktime_get_ns());
	return 0;
}

#endif
