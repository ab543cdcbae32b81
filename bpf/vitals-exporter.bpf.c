// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * vitals-exporter, kernel side: processes that execute a program, and children of those that are
 * watched (a server's workers need not execute anything). The reader is not woken: most of what
 * executes on a busy machine is gone again before it looks, and costs it next to nothing then.
 */
#include "lib/prelude.bpf.h"

#include "abi/vitals-exporter.h"

#define COUNTER_COUNT DISCOVERY_COUNTERS
#include "lib/counters.bpf.h"
#include "lib/events.bpf.h"
#include "lib/filter.bpf.h"

static __always_inline void tell(__u32 kind, __u32 tgid, __u32 child)
{
	struct process_event event = {
		.header = { .kind = kind, .tgid = tgid, .time_ns = bpf_ktime_get_ns() },
		.child = child,
	};
	struct counter_row *count = counters_row(0);

	if (!events_send(&event, sizeof(event), false) && count)
		counter_add(count, DISCOVERY_LOST_EVENTS, 1);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	tell(PROCESS_EXEC, task->tgid, 0);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	if (parent->tgid != child->tgid && filter_target(parent->tgid))
		tell(PROCESS_FORK, parent->tgid, child->tgid);
	return 0;
}
