/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space is told of observed processes, by the ring buffer. The includer defines
 * COUNTER_LOST_EVENTS, which of its counters an event that found no room adds to.
 */
#ifndef LIB_PROCESS_BPF_H
#define LIB_PROCESS_BPF_H

#include "lib/counters.bpf.h"
#include "lib/events.bpf.h"
#include "lib/filter.bpf.h"
#include "lib/unwind.bpf.h"

#ifndef COUNTER_LOST_EVENTS
#error "define COUNTER_LOST_EVENTS before including process.bpf.h"
#endif

/* @child: of a PROCESS_FORK. */
static __always_inline void process_tell(struct target_state *target, __u32 kind, __u32 tgid,
					 __u32 child)
{
	struct process_event event = {
		.header = { .kind = kind, .tgid = tgid, .time_ns = bpf_ktime_get_ns() },
		.child = child,
	};
	struct counter_row *count = counters_row(target->slot);

	if (!events_send(&event, sizeof(event), true) && count)
		counter_add(count, COUNTER_LOST_EVENTS, 1);
}

/*
 * So long after the mappings changed they are not asked for; twice as long after each time that
 * brought nothing new, up to once a second (a broken stack leads anywhere, and maps may be long).
 */
#define PROCESS_ASK_AGAIN_NS  (20 * 1000000ull)
#define PROCESS_ASK_SHIFT_MAX 6

/* A stack led to code that is new: user space is to read the mappings. */
static __always_inline void process_ask_for_mappings(__u32 tgid)
{
	struct unwind_process *process = bpf_map_lookup_elem(&unwind_processes, &tgid);
	struct target_state *target = filter_target(tgid);
	__u64 now_ns = bpf_ktime_get_ns();

	if (!process || !target ||
	    now_ns - process->asked_ns < PROCESS_ASK_AGAIN_NS << (process->ask_shift & 7))
		return;
	if (process->ask_shift < PROCESS_ASK_SHIFT_MAX)
		process->ask_shift++;
	process->asked_ns = now_ns;
	process_tell(target, PROCESS_MAPPED, tgid, 0);
}

#endif
