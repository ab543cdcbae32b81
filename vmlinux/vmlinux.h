/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of the kernel we rely on: only the fields that are read, found at load time by CO-RE
 * whatever their offset. Everything with a stable layout comes from the UAPI headers instead.
 */
#ifndef VMLINUX_H
#define VMLINUX_H
#define __VMLINUX_H__ /* bpf_tracing.h: pt_regs has the kernel's field names */

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip, sp;
};
#elif defined(__TARGET_ARCH_arm64)
/* arch/arm64/include/uapi/asm/ptrace.h; context accesses go through it */
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};
struct pt_regs {
	struct user_pt_regs user_regs;
};
#else
#error "this architecture's pt_regs are not described here"
#endif

typedef struct {
	int counter;
} atomic_t;

/* include/linux/sched/signal.h */
struct signal_struct {
	atomic_t live; /* threads not yet exiting */
};

/* include/linux/mm_types.h */
struct mm_struct {
	unsigned long brk; /* end of the heap */
};

/* include/linux/uprobes.h: a call whose return a tracer waits for */
struct return_instance {
	unsigned long stack; /* where its return address was */
	unsigned long orig_ret_vaddr;
	struct return_instance *next;
};

struct uprobe_task {
	struct return_instance *return_instances; /* innermost first */
};

/* include/linux/sched.h */
struct task_struct {
	int pid;
	int tgid;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct signal_struct *signal;
	struct uprobe_task *utask;
};

#pragma clang attribute pop

#endif
