/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is under way at the attach: a walk over all tasks, when user space asks for it. */
#ifndef LIB_LOOP_LOOK_BPF_H
#define LIB_LOOP_LOOK_BPF_H

#include "lib/loops.bpf.h"
#include "lib/open_file.bpf.h"
#include "lib/unwind.bpf.h"

/* include/linux/sched.h, PF_EXITING */
#define TASK_EXITING 0x4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct loop_look);
} looks SEC(".maps");

static __always_inline void fill_look(struct loop_look *look, struct task_struct *task)
{
	struct pt_regs *r = (struct pt_regs *)bpf_task_pt_regs(task);
	long bytes = bpf_get_task_stack(task, look->kernel, sizeof(look->kernel), 0);

	look->tgid = task->tgid;
	look->tid = task->pid;
	look->task_state = BPF_CORE_READ(task, __state);
	look->syscall = off_cpu_syscall(task);
	look->args[0] = PT_REGS_PARM1_CORE_SYSCALL(r);
	look->args[1] = PT_REGS_PARM2_CORE_SYSCALL(r);
	look->args[2] = PT_REGS_PARM3_CORE_SYSCALL(r);
	look->kernel_depth = bytes > 0 ? (__u64)bytes / 8 : 0;
	unwind_registers(r, look->registers, &look->pc);
}

/* What a thread does that was busy with it before it was looked at. */
static __always_inline void begin_with(const struct loop_look *look, struct task_struct *task)
{
	bool is_waiting = is_epoll_wait(look->syscall);
	struct loop_state *l;
	__u32 slot;

	if ((!is_waiting && look->tid != look->tgid) || loop_of(task, &slot) ||
	    (task->flags & TASK_EXITING)) /* its end may have been told of before */
		return;
	l = loop_claim(task, &slot);
	if (!l)
		return;
	if (is_waiting) {
		l->instance = (__u64)open_file_of(task, look->args[0]);
		l->fd = (__s32)look->args[0];
		l->wait = LOOP_WAIT_EPOLL;
		l->waits_young = YOUNG_WAITS - 1;
		l->timeout_ns = NO_TIMEOUT;
		l->is_waiting = 1;
		l->wait_began_ns = l->first_ns;
		l->out_part = LOOP_SLEEP;
		l->out_ns = look->task_state ? l->first_ns : 0;
	} else {
		l->busy_since_ns = l->first_ns;
		l->is_at_least = 1;
		l->is_delivered = 1;
		l->min_faults = task->min_flt;
		l->maj_faults = task->maj_flt;
		l->out_part = part_of(task, look->task_state, look->syscall);
		l->out_syscall = look->syscall;
		l->queue_part = LOOP_RUN_QUEUE;
		l->out_ns = look->task_state ? l->first_ns : 0;
	}
	(void)loop_link(l, slot, task);
}

SEC("iter/task")
int look_at(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct loop_look *look;
	__u32 only = 0;

	if (!task || !filter_target(task->tgid))
		return 0;
	look = bpf_map_lookup_elem(&looks, &only);
	if (!look)
		return 0;
	fill_look(look, task);
	begin_with(look, task);
	bpf_seq_write(ctx->meta->seq, look, sizeof(*look));
	return 0;
}

#endif
