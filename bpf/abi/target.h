/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes are observed: the map "targets" from tgid, and what becomes of them. */
#ifndef ABI_TARGET_H
#define ABI_TARGET_H

#include "abi/base.h"

#define TARGETS_MAX 256 /* processes observed over one run */

enum target_recording {
	TARGET_RECORDS = 0,
	TARGET_STOPPED,	  /* it executed another program or ended, or its probes are going */
	TARGET_ATTACHING, /* its probes or tables are coming; an exec is told of all the same */
};

struct target_state {
	__u32 slot;	  /* index of its counters, < TARGETS_MAX */
	__u32 is_stopped; /* enum target_recording: nothing is recorded unless 0 */
};
ABI_SIZE(struct target_state, 8);

enum process_event_kind {
	PROCESS_FORK = 1,
	PROCESS_EXEC,
	PROCESS_EXIT,
	PROCESS_MAPPED /* code that was not told of */
};

/* First field of every ring-buffer event. */
struct event_header {
	__u32 kind;
	__u32 tgid;    /* the observed process */
	__u64 time_ns; /* CLOCK_MONOTONIC */
};
ABI_SIZE(struct event_header, 16);

struct process_event {
	struct event_header header;
	__u32 child; /* PROCESS_FORK: tgid of the child, else 0 */
	__u32 pad;
};
ABI_SIZE(struct process_event, 24);

#endif
