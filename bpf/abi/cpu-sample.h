/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* cpu-sample: what is counted, its counters. */
#ifndef ABI_CPU_SAMPLE_H
#define ABI_CPU_SAMPLE_H

#include "abi/stacks.h"
#include "abi/target.h"

#define CPU_SAMPLE_COMM 16 /* TASK_COMM_LEN */

enum cpu_sample_state {
	CPU_SAMPLE_RUNNING,  /* seen on a CPU */
	CPU_SAMPLE_BLOCKED,  /* off it, from the switch until it was woken */
	CPU_SAMPLE_RUNNABLE, /* off it, and could have run */
};

/* Task states as the kernel has them (include/linux/sched.h), those that are told apart. */
#define CPU_SAMPLE_INTERRUPTIBLE   1
#define CPU_SAMPLE_UNINTERRUPTIBLE 2

/* Map "samples": what is equal is one element. */
struct sample_key {
	__u64 user, kernel; /* ids in "stacks", STACK_NONE */
	__u32 tgid;
	__u32 tid;  /* 0: threads are not told apart */
	__u32 exec; /* which of its programs: as in "execs" at that time, else 0 */
	__u32 pad;
	__u16 state;	  /* enum cpu_sample_state */
	__u16 task_state; /* CPU_SAMPLE_BLOCKED: why it waited */
	__s32 syscall; /* CPU_SAMPLE_BLOCKED: orig_ax of its registers: a system call's number, if
			* it is in one; -1 */
	char comm[CPU_SAMPLE_COMM]; /* of the thread, or of the process where threads are not told
				       apart */
};
ABI_SIZE(struct sample_key, 56);

struct sample_value {
	__u64 count;
	__u64 ns; /* 0 for CPU_SAMPLE_RUNNING: count periods */
};
ABI_SIZE(struct sample_value, 16);

/* Map "waits", by tid: threads that are off the CPU. */
struct wait {
	struct sample_key key;
	__u64 since_ns; /* CLOCK_MONOTONIC, when it left the CPU */
	__u64 woken_ns; /* when it was woken, 0: not yet */
};
ABI_SIZE(struct wait, 72);

/* Per-CPU counters; one row per target, all processes together in row 0 with -a. */
enum sample_counter {
	SAMPLE_TAKEN,	     /* samples of targets, or waits that ended */
	SAMPLE_LOST_SAMPLES, /* "samples" was full */
	SAMPLE_LOST_STACKS,
	SAMPLE_LOST_WAITS, /* "waits" was full */
	SAMPLE_LOST_EVENTS,
	SAMPLE_SHORT_WAITS, /* below the minimum */
	SAMPLE_STACKS_BY_FP,
	SAMPLE_STACKS, /* STACK_ENDS of them: user stacks, by how they ended */
	SAMPLE_COUNTERS = SAMPLE_STACKS + STACK_ENDS,
};

#endif
