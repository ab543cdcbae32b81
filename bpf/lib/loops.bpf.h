/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Event loops by thread, what their iterations are like, and what a thread waits for. The includer
 * defines COUNTER_LOST_LOOPS beside what lib/process.bpf.h asks for.
 */
#ifndef LIB_LOOPS_BPF_H
#define LIB_LOOPS_BPF_H

#include "abi/loop-stall.h"
#include "lib/counters.bpf.h"
#include "lib/events.bpf.h"
#include "lib/off_cpu.bpf.h"
#include "lib/process.bpf.h"

#ifndef COUNTER_LOST_LOOPS
#error "define COUNTER_LOST_LOOPS before including loops.bpf.h"
#endif

const volatile __u64 threshold_ns = 20000000;
const volatile bool has_split = true; /* on_switch and on_wakeup may be there: splits */

#define NO_TIMEOUT (~0ull)

/*
 * A thread is a loop after so many waits on one instance, if it slept in one; or after so many. One
 * that polls is after more: to ask a name server, a thread of a pool polls a few times in a row.
 */
#define YOUNG_WAITS 3
#define YOUNG_POLLS 8
#define BUSY_WAITS  100

/* After an empty poll a shorter iteration is no work: libuv's second poll, a signal's re-entry. */
#define MERGED_BELOW_NS 50000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LOOPS_MAX); /* user space makes it smaller, and what goes with it */
	__type(key, __u32);
	__type(value, struct loop_state);
} loops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LOOPS_MAX *LOOP_HISTS);
	__type(key, __u32);
	__type(value, struct loop_hist);
} loop_hists SEC(".maps");

/* Slots of "loops" that are free and zero; user space fills it. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, LOOPS_MAX);
	__type(value, __u32);
} free_slots SEC(".maps");

/* Not 0: nobody sees the switches now. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} split_off SEC(".maps");

/* By thread: its slot. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} threads SEC(".maps");

static __always_inline bool splits(void)
{
	__u32 only = 0, *is_off;

	if (!has_split)
		return false;
	is_off = bpf_map_lookup_elem(&split_off, &only);
	return is_off && !*is_off;
}

/* A slot that user space took from the thread is another's. */
static __always_inline struct loop_state *loop_of(struct task_struct *task, __u32 *ret_slot)
{
	__u32 *slot = bpf_task_storage_get(&threads, task, 0, 0);
	struct loop_state *l;

	if (!slot)
		return NULL;
	*ret_slot = *slot;
	l = bpf_map_lookup_elem(&loops, slot);
	return l && l->tid == (__u32)task->pid ? l : NULL;
}

static __always_inline struct counter_row *count_of(__u32 tgid)
{
	struct target_state *t = bpf_map_lookup_elem(&targets, &tgid);

	return t ? counters_row(t->slot) : NULL;
}

static __always_inline void hist_add(__u32 slot, __u32 which, __u64 value_ns, __u64 now_ns)
{
	__u32 key = slot * LOOP_HISTS + which;
	__u32 bucket = log_bucket(value_ns, LOOP_HIST_SUB_BITS);
	struct loop_hist *h = bpf_map_lookup_elem(&loop_hists, &key);

	if (!h)
		return;
	if (bucket >= LOOP_HIST_BUCKETS)
		bucket = LOOP_HIST_BUCKETS - 1;
	h->count++;
	h->sum += value_ns;
	h->buckets[bucket].count++;
	h->buckets[bucket].sum += value_ns;
	if (value_ns > h->max) {
		h->max = value_ns;
		h->max_at_ns = now_ns;
	}
}

static __always_inline void lose_event(__u32 tgid)
{
	struct counter_row *count = count_of(tgid);

	if (count)
		counter_add(count, COUNTER_LOST_EVENTS, 1);
}

/* --- iterations ------------------------------------------------------------------------------- */

/* A page that is read from a disk takes about so long. */
#define FAULT_NS 1000000

static __always_inline __u64 run_delay_of(struct task_struct *task)
{
	return bpf_core_field_exists(task->sched_info) ? task->sched_info.run_delay : 0;
}

static __always_inline void send_stall(const struct loop_state *l, __u32 slot, __u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct loop_stall_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		lose_event(l->tgid);
		return;
	}
	e->header.kind = LOOP_EVENT_STALL;
	e->header.tgid = l->tgid;
	e->header.time_ns = now_ns;
	e->tid = l->tid;
	e->slot = slot;
	e->began_ns = l->busy_since_ns;
	__builtin_memcpy(e->part_ns, l->gap_part_ns, sizeof(e->part_ns));
	e->min_faults = task->min_flt - l->min_faults;
	e->maj_faults = task->maj_flt - l->maj_faults;
	__builtin_memcpy(&e->longest, &l->longest, sizeof(e->longest));
	e->is_at_least = l->is_at_least;
	e->pad = 0;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
}

static __always_inline void iteration_begins(struct loop_state *l, __u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();

	l->busy_since_ns = now_ns;
	l->is_at_least = 0;
	l->out_ns = 0;
	__builtin_memset(l->gap_part_ns, 0, sizeof(l->gap_part_ns));
	l->longest.ns = 0;
	l->min_faults = task->min_flt;
	l->maj_faults = task->maj_flt;
	l->run_ns = task->se.sum_exec_runtime;
	l->delay_ns = run_delay_of(task);
	l->sleeps = task->nvcsw;
}

/* What the kernel's accounts of the thread tell of its iteration, which took @ns. */
static __always_inline void divide_by_accounts(struct loop_state *l, __u64 ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 awake_ns = task->se.sum_exec_runtime - l->run_ns;
	__u64 queue_ns = run_delay_of(task) - l->delay_ns;
	__u64 asleep_ns;

	awake_ns += queue_ns;
	l->gap_part_ns[LOOP_RUN_QUEUE] = queue_ns;
	asleep_ns = task->nvcsw != l->sleeps && ns > awake_ns ? ns - awake_ns : 0;
	if ((task->maj_flt - l->maj_faults) * FAULT_NS > asleep_ns / 2)
		l->gap_part_ns[LOOP_FAULT] = asleep_ns;
	else
		l->gap_part_ns[LOOP_SLEEP] = asleep_ns;
}

static __always_inline void iteration_ends(struct loop_state *l, __u32 slot, __u64 now_ns)
{
	__u64 ns = now_ns - l->busy_since_ns, rest = ns;

	if (!splits() && l->run_ns)
		divide_by_accounts(l, ns);
	for (int i = LOOP_RUNNING + 1; i < LOOP_PARTS; i++) {
		__u64 part_ns = l->gap_part_ns[i];

		if (part_ns > rest)
			part_ns = rest;
		rest -= part_ns;
		l->gap_part_ns[i] = part_ns;
		l->part_ns[i] += part_ns;
	}
	l->gap_part_ns[LOOP_RUNNING] = rest;
	l->part_ns[LOOP_RUNNING] += rest;
	l->busy_ns += ns;
	if (l->is_delivered || ns >= MERGED_BELOW_NS) {
		l->iterations++;
		hist_add(slot, LOOP_HIST_GAP, ns, now_ns);
	} else {
		l->merged++;
	}
	if (ns < threshold_ns || !(l->is_confirmed || l->is_at_least))
		return;
	l->stalls++;
	l->stall_ns += ns;
	send_stall(l, slot, now_ns);
}

/* A free slot for @task, not yet its own: loop_link. NULL: there is none, counted. */
static __always_inline struct loop_state *loop_claim(struct task_struct *task, __u32 *ret_slot)
{
	struct counter_row *count;
	struct loop_state *l;

	if (bpf_map_pop_elem(&free_slots, ret_slot)) {
		count = count_of(task->tgid);
		if (count)
			counter_add(count, COUNTER_LOST_LOOPS, 1);
		return NULL;
	}
	l = bpf_map_lookup_elem(&loops, ret_slot);
	if (!l)
		return NULL;
	l->tgid = task->tgid;
	l->fd = -1;
	__builtin_memcpy(l->comm, task->comm, sizeof(l->comm));
	l->first_ns = bpf_ktime_get_ns();
	return l;
}

/* From now on it is @task's. False: that has another one meanwhile, or cannot have one. */
static __always_inline bool loop_link(struct loop_state *l, __u32 slot, struct task_struct *task)
{
	__u32 *linked, other = 0;

	l->tid = task->pid;
	linked = bpf_task_storage_get(&threads, task, &slot, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (linked && *linked != slot &&
	    !loop_of(task, &other)) /* the one it had was taken from it */
		*linked = slot;
	if (linked && *linked == slot)
		return true;
	__builtin_memset(l, 0, sizeof(*l));
	(void)bpf_map_push_elem(&free_slots, &slot, 0);
	return false;
}

/* --- what a thread waits for --------------------------------------------------------------- */

/* x86-64 and what has the generic table */
#if defined(__TARGET_ARCH_x86)
#define NR_EPOLL_WAIT  232
#define NR_EPOLL_PWAIT 281
#define NR_CLONE       56
#define NR_VFORK       58
#else
#define NR_EPOLL_WAIT  22
#define NR_EPOLL_PWAIT 22
#define NR_CLONE       220
#define NR_VFORK       220
#endif
#define NR_EPOLL_PWAIT2 441
#define NR_CLONE3	435

static __always_inline bool is_epoll_wait(__s32 syscall)
{
	return syscall == NR_EPOLL_WAIT || syscall == NR_EPOLL_PWAIT || syscall == NR_EPOLL_PWAIT2;
}

/* Calls that sleep until a child has executed: no signal ends that, and no disk is in it. */
static __always_inline bool is_vfork(__s32 syscall)
{
	return syscall == NR_VFORK || syscall == NR_CLONE || syscall == NR_CLONE3;
}

static __always_inline __u32 part_of(struct task_struct *task, unsigned int state, __s32 syscall)
{
	if (!(state & ~0x100u)) /* it can run, whatever made it leave */
		return off_cpu_is_throttled(task) ? LOOP_THROTTLED : LOOP_RUN_QUEUE;
	if (state & TASK_STATE_STOPPED)
		return LOOP_STOPPED;
	if (syscall == -1)
		return LOOP_FAULT;
	if ((state & TASK_STATE_BLOCKED) && !is_vfork(syscall))
		return LOOP_DISK;
	return is_epoll_wait(syscall) ? LOOP_NESTED : LOOP_SLEEP;
}

#endif
