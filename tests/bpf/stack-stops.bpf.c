// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stacks of one process, as the tools take them, at places where they can be checked. */
#include "lib/prelude.bpf.h"

#include "stack-stops.h"

#include "lib/events.bpf.h"
#include "lib/stacks.bpf.h"

#define ASK_AGAIN_NS (20 * 1000000ull)
#define SIGNAL_URG   23

const volatile __u32 target_tgid = 0;
const volatile __u32 max_stops = 0; /* 0: only counts */
const volatile __u32 one_in = 1;    /* of the stacks that were met before, so many are stopped at */

__u64 stack_ends[STACK_ENDS];
__u64 stack_count, lost_count, by_fp_count, ended_count;
__u32 stop_count;
__u64 asked_ns;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64); /* id of a stack */
	__type(value, __u64);
} met SEC(".maps");

/* Counts the stack. True: for the first time. */
static __always_inline bool meet(__u64 id)
{
	__u64 *count, one = 1;

	if (bpf_map_update_elem(&met, &id, &one, BPF_NOEXIST) == 0)
		return true;
	count = bpf_map_lookup_elem(&met, &id);
	if (count)
		__sync_fetch_and_add(count, 1);
	return false;
}

static __always_inline void ask_for_mappings(void)
{
	struct stops_event event = { .kind = STOPS_UNMAPPED };
	__u64 now_ns = bpf_ktime_get_ns();

	if (now_ns - asked_ns < ASK_AGAIN_NS)
		return;
	asked_ns = now_ns;
	(void)events_send(&event, sizeof(event), true);
}

static __always_inline struct stack_taken take(void *ctx, bool is_return, bool *ret_is_new)
{
	struct stack_taken taken = stack_intern(ctx, target_tgid, NULL, is_return);

	__sync_fetch_and_add(&stack_count, 1);
	if (taken.end < STACK_ENDS)
		__sync_fetch_and_add(&stack_ends[taken.end], 1);
	if (taken.is_by_fp)
		__sync_fetch_and_add(&by_fp_count, 1);
	if (taken.id == STACK_NONE)
		__sync_fetch_and_add(&lost_count, 1);
	*ret_is_new = taken.id != STACK_NONE && meet(taken.id);
	if (taken.is_unmapped)
		ask_for_mappings();
	return taken;
}

/*
 * The signal is delivered before the thread is in user mode again, so that it stops right there: at
 * the return address, or the interrupted instruction. Stacks not seen before come first: rare ones
 * would hardly be met otherwise.
 */
static __always_inline void take_and_stop(void *ctx, __u64 sp, bool is_return)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct stops_event event = { .kind = STOPS_TAKEN, .tid = (__u32)id, .sp = sp };
	struct stack_taken taken;
	bool is_new;

	if (id >> 32 != target_tgid)
		return;
	taken = take(ctx, is_return, &is_new);
	if (stop_count >= max_stops || (!is_new && bpf_get_prandom_u32() % one_in))
		return;
	if (__sync_fetch_and_add(&stop_count, 1) >= max_stops)
		return;
	event.stack = taken.id;
	event.end = taken.end;
	event.is_by_fp = taken.is_by_fp;
	event.is_return = is_return;
	if (events_send(&event, sizeof(event), true))
		(void)bpf_send_signal_thread(SIGNAL_URG);
}

SEC("uretprobe")
int at_return(struct pt_regs *ctx)
{
	take_and_stop(ctx, PT_REGS_SP(ctx), true);
	return 0;
}

SEC("perf_event")
int at_sample(void *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	take_and_stop(ctx, regs->sp, false);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(at_switch, bool preempt, struct task_struct *prev)
{
	bool is_new;

	if ((__u32)prev->tgid != target_tgid)
		return 0;
	if (prev->mm)
		(void)take(ctx, false, &is_new);
	else /* a thread at its end has no stack any more */
		__sync_fetch_and_add(&ended_count, 1);
	return 0;
}
