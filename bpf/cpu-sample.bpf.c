// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * cpu-sample, kernel side. On the CPU: a clock interrupts each CPU and what runs there is counted,
 * by user and kernel stack. Off the CPU: the stack is taken when a thread leaves, and when it is
 * back the time until it was woken, and from then on, is added to it.
 */
#include "lib/prelude.bpf.h"

#include "abi/cpu-sample.h"

#define COUNTER_COUNT	     SAMPLE_COUNTERS
#define COUNTER_LOST_EVENTS  SAMPLE_LOST_EVENTS
#define COUNTER_LOST_STACKS  SAMPLE_LOST_STACKS
#define COUNTER_STACKS	     SAMPLE_STACKS
#define COUNTER_STACKS_BY_FP SAMPLE_STACKS_BY_FP
#include "lib/filter.bpf.h"
#include "lib/off_cpu.bpf.h"
#include "lib/process_stack.bpf.h"

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000

const volatile bool is_system_wide = false;
const volatile bool by_thread = false;
const volatile bool has_user = true, has_kernel = true;
const volatile bool follows_children = false;
const volatile __u32 only_tid = 0;
const volatile __u64 min_wait_ns = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct sample_key);
	__type(value, struct sample_value);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct wait);
} waits SEC(".maps");

/*
 * The last exec of processes that have executed a program since the start, by tgid: a number that
 * grows, so that it tells a process from an earlier one of that tgid too.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u32);
} execs SEC(".maps");

static __u32 exec_count;

/* Is the thread wanted? *ret_target is its process's state. */
static __always_inline bool is_wanted(__u32 tgid, __u32 tid, struct target_state *ret_target)
{
	struct target_state *t;

	if (!tgid || (only_tid && tid != only_tid))
		return false;
	if (is_system_wide) {
		*ret_target = (struct target_state){ .slot = 0 };
		return true;
	}
	t = filter_target(tgid);
	if (t)
		*ret_target = *t;
	return t != NULL;
}

static __always_inline void set_comm(struct sample_key *key, struct task_struct *task)
{
	if (!by_thread)
		task = task->group_leader;
	BPF_CORE_READ_STR_INTO(&key->comm, task, comm);
}

/* The current thread's stacks and names. */
static __always_inline void fill_key(void *ctx, struct sample_key *key, __u32 slot,
				     struct counter_row *count)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tgid = task->tgid, *exec = bpf_map_lookup_elem(&execs, &tgid);

	key->tgid = tgid;
	key->exec = exec ? *exec : 0;
	if (by_thread)
		key->tid = task->pid;
	set_comm(key, task);
	if (has_kernel)
		key->kernel = process_stack_kernel(ctx, count);
	if (has_user && !(task->flags & PF_KTHREAD))
		key->user = process_stack(ctx, key->tgid, slot, count);
}

static __always_inline void add(struct sample_key *key, __u64 ns, struct counter_row *count)
{
	struct sample_value first = { .count = 1, .ns = ns };
	struct sample_value *value = bpf_map_lookup_elem(&samples, key);

	counter_add(count, SAMPLE_TAKEN, 1);
	if (!value) {
		if (bpf_map_update_elem(&samples, key, &first, BPF_NOEXIST) == 0)
			return;
		value = bpf_map_lookup_elem(&samples, key); /* another CPU was first */
	}
	if (!value) {
		counter_add(count, SAMPLE_LOST_SAMPLES, 1);
		return;
	}
	__sync_fetch_and_add(&value->count, 1);
	__sync_fetch_and_add(&value->ns, ns);
}

SEC("perf_event")
int on_clock(struct bpf_perf_event_data *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct sample_key key = { .syscall = -1 };
	struct target_state target;
	struct counter_row *count;

	if (!is_wanted(id >> 32, (__u32)id, &target))
		return 0;
	count = counters_row(target.slot);
	if (!count)
		return 0;
	fill_key(ctx, &key, target.slot, count);
	add(&key, 0, count);
	return 0;
}

/* --- off the CPU ------------------------------------------------------------------------------ */

static __always_inline void leaves(void *ctx, struct task_struct *prev, unsigned int prev_state)
{
	__u32 tid = prev->pid;
	struct target_state target;
	struct counter_row *count;
	struct wait wait = {};

	if ((prev_state & TASK_STATE_ENDING) || (prev->flags & PF_KTHREAD) ||
	    !is_wanted(prev->tgid, tid, &target))
		return;
	count = counters_row(target.slot);
	if (!count)
		return;
	wait.since_ns = bpf_ktime_get_ns();
	wait.key.syscall = -1;
	if (prev_state & (CPU_SAMPLE_INTERRUPTIBLE | CPU_SAMPLE_UNINTERRUPTIBLE)) {
		wait.key.task_state = prev_state & 3;
		wait.key.syscall = off_cpu_syscall(prev);
	} else {
		wait.woken_ns = wait.since_ns; /* it could go on at once: preempted */
	}
	fill_key(ctx, &wait.key, target.slot, count);
	if (bpf_map_update_elem(&waits, &tid, &wait, BPF_ANY))
		counter_add(count, SAMPLE_LOST_WAITS, 1);
}

static __always_inline void add_wait(struct wait *wait, __u64 now_ns, struct counter_row *count)
{
	__u64 woken_ns = wait->woken_ns ?: now_ns;

	if (now_ns - wait->since_ns < min_wait_ns) {
		counter_add(count, SAMPLE_SHORT_WAITS, 1);
		return;
	}
	if (woken_ns > wait->since_ns) {
		wait->key.state = CPU_SAMPLE_BLOCKED;
		add(&wait->key, woken_ns - wait->since_ns, count);
	}
	if (now_ns > woken_ns) {
		wait->key.state = CPU_SAMPLE_RUNNABLE;
		wait->key.task_state = 0;
		wait->key.syscall = -1;
		add(&wait->key, now_ns - woken_ns, count);
	}
}

static __always_inline void comes_back(struct task_struct *next)
{
	__u32 tid = next->pid;
	struct wait *found = bpf_map_lookup_elem(&waits, &tid), wait;
	struct target_state target;
	struct counter_row *count;

	if (!found)
		return;
	wait = *found;
	(void)bpf_map_delete_elem(&waits, &tid); /* it is there */
	if (!is_wanted(next->tgid, tid, &target))
		return;
	count = counters_row(target.slot);
	if (count)
		add_wait(&wait, bpf_ktime_get_ns(), count);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool is_preempted, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	leaves(ctx, prev, is_preempted ? 0 : prev_state);
	comes_back(next);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	__u32 tid = task->pid;
	struct wait *wait = bpf_map_lookup_elem(&waits, &tid);

	if (wait && !wait->woken_ns)
		wait->woken_ns = bpf_ktime_get_ns();
	return 0;
}

/* --- processes -------------------------------------------------------------------------------- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct target_state *target;

	if (parent->tgid == child->tgid)
		return 0;
	target = filter_known(parent->tgid);
	if (target && follows_children)
		process_tell(target->slot, PROCESS_FORK, parent->tgid, child->tgid);
	return 0;
}

/*
 * Its registers are the new program's from here on. What tells how to walk the old one's stacks
 * goes at once: it would lead astray until user space has looked.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	__u32 tgid = task->tgid, exec, slot;
	struct target_state *target = filter_known(tgid);
	struct counter_row *count;

	if (!target && !is_system_wide)
		return 0;
	slot = target ? target->slot : 0;
	exec = __sync_fetch_and_add(&exec_count, 1) + 1;
	count = counters_row(slot);
	if (bpf_map_update_elem(&execs, &tgid, &exec, BPF_ANY) && count)
		counter_add(count, SAMPLE_LOST_EVENTS, 1);
	(void)bpf_map_delete_elem(&unwind_processes,
				  &tgid); /* not there when walked by the kernel */
	process_tell(slot, PROCESS_EXEC, tgid, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	__u32 tgid = task->tgid, tid = task->pid;

	(void)bpf_map_delete_elem(&waits, &tid); /* mostly not there */
	if (task->signal->live.counter > 0)
		return 0;
	(void)bpf_map_delete_elem(&execs, &tgid); /* mostly not there */
	if (bpf_map_lookup_elem(&unwind_processes, &tgid))
		process_tell(0, PROCESS_EXIT, tgid, 0);
	return 0;
}
