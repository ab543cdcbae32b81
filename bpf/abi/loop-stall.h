/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* loop-stall: what is known of each event loop, its histograms, and the events of a stall. */
#ifndef ABI_LOOP_STALL_H
#define ABI_LOOP_STALL_H

#include "abi/log_buckets.h"
#include "abi/stacks.h"
#include "abi/target.h"

#define LOOP_COMM     16  /* TASK_COMM_LEN */
#define LOOPS_MAX     256 /* loops observed at a time */
#define LOOP_FILE_LEN 40

/* Where the time between two waits went. The parts of a stall sum to it. */
enum loop_part {
	LOOP_RUNNING,	/* on a CPU (what a hypervisor took is in it) */
	LOOP_RUN_QUEUE, /* could have run, waited for a CPU */
	LOOP_THROTTLED, /* the same, its cgroup's quota was used up */
	LOOP_DISK,	/* asleep in a system call, uninterruptible (D) */
	LOOP_SLEEP,	/* asleep in a system call, interruptible (S), or until a child executes */
	LOOP_NESTED,	/* asleep in a wait call on another epoll instance */
	LOOP_FAULT,	/* asleep in no system call: a page fault that reads */
	LOOP_STOPPED,	/* by a signal, a tracer or the freezer */
	LOOP_GC,	/* in V8's garbage collector, running or waiting for its helpers */
	LOOP_PARTS,
};

/* What a loop waits in. */
enum loop_wait {
	LOOP_WAIT_NONE,
	LOOP_WAIT_POLL,	    /* poll, ppoll */
	LOOP_WAIT_SELECT,   /* select, pselect6 */
	LOOP_WAIT_IO_URING, /* io_uring_enter that slept */
	LOOP_WAIT_EPOLL,    /* epoll_wait, epoll_pwait, epoll_pwait2 */
};

/* Histograms of a loop: map "loop_hists", index slot * LOOP_HISTS + which. All in ns. */
enum loop_hist_kind {
	LOOP_HIST_GAP,	    /* busy time of the iterations */
	LOOP_HIST_WAKE_LAG, /* from the wake-up until the wait call returned */
	LOOP_HIST_EXPIRY,   /* waits that timed out: how late they returned */
	LOOP_HIST_PASSED, /* deadlines that passed while it was busy: how long ago, at the next wait
			   */
	LOOP_HIST_TIMER,  /* libuv's timers, the first of those run together: how late */
	LOOP_HISTS,
};

/* 32 buckets per power of two: at most 3.1 % wide; the last holds what is above 2^40 ns (18 min).
 */
#define LOOP_HIST_SUB_BITS 5
#define LOOP_HIST_BUCKETS  ((40 - LOOP_HIST_SUB_BITS + 1) << LOOP_HIST_SUB_BITS)

struct loop_hist {
	__u64 count, sum;
	__u64 max, max_at_ns; /* the largest, and its end (CLOCK_MONOTONIC) */
	struct {
		__u64 count, sum;
	} buckets[LOOP_HIST_BUCKETS];
};
ABI_SIZE(struct loop_hist, 32 + 16 * LOOP_HIST_BUCKETS);

/* A time asleep in the present iteration. */
struct loop_block {
	__u64 ns;
	__s32 syscall; /* number, -1: in none */
	__u32 part;    /* enum loop_part */
	/* last name of the path of the file that its first argument is a descriptor of, as the
	 * kernel has it; also when that argument is something else, and happens to be the number of
	 * one */
	char file[LOOP_FILE_LEN];
};
ABI_SIZE(struct loop_block, 56);

/* Map "loops", by slot. Written by the kernel side; user space reads it at any time. */
struct loop_state {
	__u32 tgid, tid;      /* tid 0: the slot is free */
	char comm[LOOP_COMM]; /* of the thread */
	__u64 instance;	      /* identity of what it waits on; 0 unknown */
	__s32 fd;	      /* of that, -1 */
	__u32 wait;	      /* enum loop_wait */
	__u32 is_confirmed;   /* it behaves like a loop: some waits, one of which slept */
	__u32 is_waiting;     /* in the wait call */
	__u32 is_at_least;    /* busy since it was first looked at, if not longer */
	__u32 is_ended;	      /* the thread has */

	/* the wait call under way, or the last one */
	__u64 wait_began_ns; /* CLOCK_MONOTONIC, all of them */
	__u64 timeout_ns;    /* ~0: none */
	__u64 deadline_ns;   /* the earliest that was asked for and did not come; 0: none */
	__u64 slept_ns, woken_ns;
	__u32 is_delivered; /* it returned events, or in time */
	__u32 is_cut;	    /* by a signal, after which the kernel may go on with it */
	__u32 waits_young;  /* until it is confirmed */
	__u32 pad;

	/* since it was first seen */
	__u64 first_ns;
	__u64 waits, iterations, merged; /* merged: gaps after an empty poll, too short to count */
	__u64 busy_ns;			 /* between waits */
	__u64 polling_ns;		 /* in waits with timeout 0 */
	__u64 waiting_ns;		 /* in the others */
	__u64 idle_ns;			 /* of both, asleep */
	__u64 part_ns[LOOP_PARTS];	 /* of busy_ns */
	__u64 stalls, stall_ns;

	/* the present iteration */
	__u64 busy_since_ns; /* 0: not known */
	__u64 gap_part_ns[LOOP_PARTS];
	__u64 min_faults, maj_faults; /* of the thread when it began; so these, for use without */
	__u64 run_ns, delay_ns; /* switches: on a CPU (but for the last tick), waiting for one, */
	__u64 sleeps;		/* times asleep */
	struct loop_block longest;

	/* off the CPU */
	__u64 out_ns;	/* since when; 0: it is on one */
	__u32 out_part; /* enum loop_part */
	__s32 out_syscall;
	__u64 out_user, out_kernel; /* stacks, STACK_NONE */
	__u32 queue_part;	    /* LOOP_RUN_QUEUE or LOOP_THROTTLED, when it can run */
	__u32 in_gc;
	__u64 gc_began_ns, gc_queue_ns; /* and run queue, throttled by then */
	__u64 tokens_ns;		/* token bucket of stacks at switch-outs */
};
ABI_SIZE(struct loop_state, 504);

enum loop_event_kind {
	LOOP_EVENT_STALL = 32, /* behind those of abi/target.h */
	LOOP_EVENT_SAMPLE,
	LOOP_EVENT_ENDED, /* the thread has; its slot waits to be read and freed */
};

/* An iteration at or above the threshold. */
struct loop_stall_event {
	struct event_header header; /* time_ns: its end */
	__u32 tid, slot;
	__u64 began_ns;
	__u64 part_ns[LOOP_PARTS];
	__u64 min_faults, maj_faults;
	struct loop_block longest;
	__u32 is_at_least;
	__u32 pad;
};
ABI_SIZE(struct loop_stall_event, 184);

/* A look at a loop that is late already. It belongs to the stall of @tid that began at @began_ns.
 */
struct loop_sample_event {
	struct event_header header;
	__u32 tid, slot;
	__u64 began_ns;
	__u64 user, kernel; /* stacks, STACK_NONE */
	__u32 part;	    /* LOOP_RUNNING: one tick of the clock; else asleep, ns */
	__s32 syscall;
	__u64 ns;
};
ABI_SIZE(struct loop_sample_event, 64);

/*
 * What the iterator over tasks tells of each thread of a target, as it is now: in the order of the
 * kernel's list, one behind the other.
 */
#define LOOP_LOOK_FRAMES 32

struct loop_look {
	__u32 tgid, tid;
	__u32 task_state; /* as the kernel has it: 0 running or ready */
	__s32 syscall;	  /* number, -1: in none */
	__u64 args[3];
	__u64 registers[16]; /* of user mode, by DWARF number */
	__u64 pc;
	__u64 kernel_depth;
	__u64 kernel[LOOP_LOOK_FRAMES]; /* its stack in the kernel, leaf first; return addresses */
};
ABI_SIZE(struct loop_look, 16 + 24 + 128 + 16 + 8 * LOOP_LOOK_FRAMES);

enum loop_counter {
	LOOP_LOST_EVENTS,
	LOOP_LOST_STACKS,
	LOOP_LOST_LOOPS,     /* no slot was free */
	LOOP_SKIPPED_STACKS, /* switch-outs beyond the token bucket */
	LOOP_STACKS_BY_FP,
	LOOP_STACKS, /* STACK_ENDS of them */
	LOOP_COUNTERS = LOOP_STACKS + STACK_ENDS,
};

#endif
