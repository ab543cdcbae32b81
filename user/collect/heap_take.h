/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Heap snapshots of a running node, taken through its inspector, which SIGUSR1 opens and which is
 * closed again; or written by node itself, at the signal of --heapsnapshot-signal. What is wrong is
 * said where it is found.
 */
#ifndef COLLECT_HEAP_TAKE_H
#define COLLECT_HEAP_TAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HEAP_TAKE_MAX 16 /* snapshots of a series: what heap-diff compares */

struct heap_take_plan {
	pid_t pid;
	uint64_t count, every_ns; /* snapshots, and from the start of one to the next */
	const char *output;	  /* NULL: heap-PID.heapsnapshot */
	bool force;		  /* may replace files */
	bool by_signal;		  /* of --heapsnapshot-signal, not by the inspector */
	bool is_agreed;		  /* else it is told what would happen, and nothing is done */
};

enum heap_take_end {
	HEAP_TAKE_TAKEN = 0,
	HEAP_TAKE_NOT_AGREED = 1,
	HEAP_TAKE_TROUBLE = 2,
};

enum heap_take_end heap_take(const struct heap_take_plan *plan);

#endif
