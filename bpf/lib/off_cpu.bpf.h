/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a task leaves the CPU. */
#ifndef LIB_OFF_CPU_BPF_H
#define LIB_OFF_CPU_BPF_H

#include "lib/prelude.bpf.h"

/* include/linux/sched.h */
#define TASK_STATE_SLEEPS  0x0001 /* TASK_INTERRUPTIBLE */
#define TASK_STATE_BLOCKED 0x0002 /* TASK_UNINTERRUPTIBLE */
#define TASK_STATE_STOPPED                                                                         \
	(0x0004 | 0x0008 | 0x8000) /* __TASK_STOPPED, __TASK_TRACED, TASK_FROZEN */
#define TASK_STATE_ENDING (0x0010 | 0x0020 | 0x0080) /* EXIT_DEAD, EXIT_ZOMBIE, TASK_DEAD */

/* Its cgroup has used up its quota; where the kernel cannot tell, never. */
static __always_inline bool off_cpu_is_throttled(struct task_struct *task)
{
	struct sched_entity *entity = &task->se;

	if (bpf_core_field_exists(task->throttled) && task->throttled)
		return true;
	return bpf_core_field_exists(entity->cfs_rq) &&
	       bpf_core_field_exists(((struct cfs_rq *)0)->throttle_count) &&
	       entity->cfs_rq->throttle_count > 0;
}

/* The system call that @task is in, -1: in none. */
static __always_inline __s32 off_cpu_syscall(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

#if defined(__TARGET_ARCH_x86)
	return (__s32)regs->orig_ax;
#else
	return -1; /* it is in no register */
#endif
}

#endif
