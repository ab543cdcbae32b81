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

/* include/linux/dcache.h */
struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name; /* the last component of its path */
};

/* include/linux/path.h, fs.h, fdtable.h */
struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

/* kernel/sched/sched.h; not in kernels without CONFIG_CFS_BANDWIDTH */
struct cfs_rq {
	int throttle_count; /* of the group and those above it */
};

struct sched_entity {
	__u64 sum_exec_runtime;
	struct cfs_rq *cfs_rq;
};

/* include/linux/sched.h, CONFIG_SCHED_INFO */
struct sched_info {
	unsigned long long run_delay;
};

/* include/linux/sched.h */
struct task_struct {
	unsigned int __state;
	int pid;
	int tgid;
	unsigned long min_flt, maj_flt;
	struct sched_entity se;
	struct sched_info sched_info;
	unsigned long nvcsw;
	_Bool throttled; /* since 6.18 */
	struct files_struct *files;
	unsigned int flags;
	char comm[16];
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct uprobe_task *utask;
};

/* include/trace/syscall.h: struct trace_entry is 8 bytes of every kernel we know */
struct trace_event_raw_sys_enter {
	__u64 ent;
	long id;
	unsigned long args[6];
};

struct trace_event_raw_sys_exit {
	__u64 ent;
	long id;
	long ret;
};

/* kernel/bpf/task_iter.c */
struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
