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

/* @slot: of the counters of the process that it is about; @child: of a PROCESS_FORK. */
static __always_inline void process_tell(__u32 slot, __u32 kind, __u32 tgid, __u32 child)
{
	struct process_event event = {
		.header = { .kind = kind, .tgid = tgid, .time_ns = bpf_ktime_get_ns() },
		.child = child,
	};
	struct counter_row *count = counters_row(slot);

	if (!events_send(&event, sizeof(event), true) && count)
		counter_add(count, COUNTER_LOST_EVENTS, 1);
}

/*
 * So long after the mappings changed they are not asked for; twice as long after each time that
 * brought nothing new, up to once a second (a broken stack leads anywhere, and maps may be long).
 */
#define PROCESS_ASK_AGAIN_NS  (20 * 1000000ull)
#define PROCESS_ASK_SHIFT_MAX 6

/* Processes that user space does not know yet and was told of. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* tgid */
	__type(value, __u64);
} process_asked SEC(".maps");

/* A stack led to code that is new: user space is to read the mappings. @slot: as above. */
static __always_inline void process_ask_for_mappings(__u32 slot, __u32 tgid)
{
	struct unwind_process *process = bpf_map_lookup_elem(&unwind_processes, &tgid);
	__u64 now_ns = bpf_ktime_get_ns();

	if (!process) {
		if (bpf_map_update_elem(&process_asked, &tgid, &now_ns, BPF_NOEXIST) == 0)
			process_tell(slot, PROCESS_MAPPED, tgid, 0);
		return;
	}
	if (now_ns - process->asked_ns < PROCESS_ASK_AGAIN_NS << (process->ask_shift & 7))
		return;
	if (process->ask_shift < PROCESS_ASK_SHIFT_MAX)
		process->ask_shift++;
	process->asked_ns = now_ns;
	process_tell(slot, PROCESS_MAPPED, tgid, 0);
}

#endif
