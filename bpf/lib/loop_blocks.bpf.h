/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a loop's thread was doing off the CPU, when it is back. */
#ifndef LIB_LOOP_BLOCKS_BPF_H
#define LIB_LOOP_BLOCKS_BPF_H

#include "lib/loops.bpf.h"
#include "lib/open_file.bpf.h"

/* Shorter times asleep are not told of one by one. */
#define TOLD_FROM_NS 1000000

static __always_inline void tell_sample(const struct loop_state *l, __u32 slot, __u64 now_ns,
					__u64 ns)
{
	struct loop_sample_event e = {
		.header = { .kind = LOOP_EVENT_SAMPLE, .tgid = l->tgid, .time_ns = now_ns },
		.tid = l->tid,
		.slot = slot,
		.began_ns = l->busy_since_ns,
		.user = l->out_user,
		.kernel = l->out_kernel,
		.part = l->out_part,
		.syscall = l->out_syscall,
		.ns = ns,
	};

	if (!events_send(&e, sizeof(e), false))
		lose_event(l->tgid);
}

/* @next was asleep for @ns in an iteration. */
static __always_inline void add_block(struct loop_state *l, __u32 slot, struct task_struct *next,
				      __u64 now_ns, __u64 ns)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(next);
	struct file *file = NULL;

	if (!l->in_gc)
		l->gap_part_ns[l->out_part & 15] += ns;
	if (ns > l->longest.ns) {
		l->longest.ns = ns;
		l->longest.syscall = l->out_syscall;
		l->longest.part = l->out_part;
		l->longest.file[0] = 0;
		if (ns >= TOLD_FROM_NS && l->out_syscall >= 0 &&
		    off_cpu_syscall(next) == l->out_syscall)
			file = open_file_of(next, PT_REGS_PARM1_CORE_SYSCALL(regs));
		if (file)
			open_file_name(file, l->longest.file, sizeof(l->longest.file));
	}
	if (ns >= TOLD_FROM_NS && (l->out_user != STACK_NONE || l->out_kernel != STACK_NONE))
		tell_sample(l, slot, now_ns, ns);
}

/*
 * @task, which left at l->out_ns, runs again. Called when it is switched to; and, as on some
 * machines not every switch is traced, at the next thing that it does, if that was not seen.
 */
static __always_inline void is_back(struct loop_state *l, __u32 slot, struct task_struct *task,
				    __u64 now_ns)
{
	__u64 awake_ns = l->out_ns;

	if (l->out_part > LOOP_THROTTLED)
		awake_ns = l->woken_ns > l->out_ns ? l->woken_ns : now_ns;
	if (l->is_waiting)
		l->slept_ns += awake_ns - l->out_ns;
	else if (awake_ns > l->out_ns)
		add_block(l, slot, task, now_ns, awake_ns - l->out_ns);
	if (!l->is_waiting)
		l->gap_part_ns[l->queue_part & 15] += now_ns - awake_ns;
	l->out_ns = 0;
}

#endif
