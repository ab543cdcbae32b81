/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What each loop has done: every wait, with the time before and after it, and every stall. A loop
 * writes its own log; any thread reads all. Times are CLOCK_MONOTONIC in ns.
 *
 * Written out, a log is lines of
 *	loop,INDEX,TID,THREAD,WAITS_LEFT_OUT,CALLS_LEFT_OUT
 *	wait,INDEX,BEGAN_NS,ENDED_NS
 *	call,INDEX,KIND,BEGAN_NS,ENDED_NS,CPU_NS,SLEPT_NS
 * each kind in the order of time. What a loop did between two of its waits is its gap.
 */
#ifndef STALLS_LOG_H
#define STALLS_LOG_H

#include <stdint.h>
#include <stdio.h>

/* A log is bounded: what comes when it is full is left out and counted. */
#define LOG_WAITS_MAX (4U << 20) /* 64 MiB a loop, taken from the system as they come */
#define LOG_CALLS_MAX (64U << 10)

struct stall_call {
	const char *kind; /* static */
	uint64_t began_ns;
	uint64_t ended_ns;
	uint64_t cpu_ns;   /* of the thread, CLOCK_THREAD_CPUTIME_ID */
	uint64_t slept_ns; /* at least, 0: not known */
};

struct log_counts {
	uint64_t waits;
	uint64_t calls;
	uint64_t waits_left_out;
	uint64_t calls_left_out;
};

/* The memory for the log of @loop; 0 or -ENOMEM. It is given back with the process. */
int log_start(unsigned int loop);

/* By the loop's own thread, some 20 ns. */
void log_wait(unsigned int loop, uint64_t began_ns, uint64_t ended_ns);
void log_call(unsigned int loop, const struct stall_call *call);

struct log_counts log_count(unsigned int loop);
int log_thread(unsigned int loop); /* its number; 0 before its first wait */

/* What is there by now. 0 or -EIO. */
int log_write(unsigned int loop, FILE *out);

#endif
