// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * loop-stall, kernel side. The time between the return of one wait call on an instance and the next
 * one on it by the same thread is an iteration: then the loop notices nothing. Switches of the
 * thread divide it, a clock looks at it when it is late.
 */
#include "lib/prelude.bpf.h"

#include "abi/loop-stall.h"

#define COUNTER_COUNT	     LOOP_COUNTERS
#define COUNTER_LOST_EVENTS  LOOP_LOST_EVENTS
#define COUNTER_LOST_LOOPS   LOOP_LOST_LOOPS
#define COUNTER_LOST_STACKS  LOOP_LOST_STACKS
#define COUNTER_STACKS	     LOOP_STACKS
#define COUNTER_STACKS_BY_FP LOOP_STACKS_BY_FP
#include "lib/filter.bpf.h"
#include "lib/loop_look.bpf.h"
#include "lib/loops.bpf.h"
#include "lib/open_file.bpf.h"
#include "lib/process_stack.bpf.h"

const volatile bool has_split = true;
const volatile bool has_stacks = true;
const volatile bool follows_children = false;

/* Shorter times asleep are not told of one by one. */
#define TOLD_FROM_NS 1000000

/* Stacks at switch-outs: one each so long on average, so many at once. */
#define TOKEN_NS    1000000ull
#define TOKEN_BURST 50

/* --- wait calls ------------------------------------------------------------------------------- */

/*
 * May waits on another instance take the place of those on the present one? When that is not known
 * (busy at the attach) or gone, and as long as it is not clear which one the loop is.
 */
static __always_inline bool is_replaced(struct loop_state *l, struct task_struct *task, __u32 wait,
					__u64 timeout_ns)
{
	if (!l->instance)
		return true;
	if (l->is_confirmed)
		return l->wait == LOOP_WAIT_EPOLL && wait == LOOP_WAIT_EPOLL &&
		       (__u64)open_file_of(task, (__u32)l->fd) != l->instance;
	return wait > l->wait || (wait == l->wait && timeout_ns && !l->idle_ns);
}

static __always_inline void loop_becomes(struct loop_state *l, __u32 wait, __u64 instance, __s32 fd)
{
	l->instance = instance;
	l->wait = wait;
	l->fd = fd;
	l->is_confirmed = 0;
	l->waits_young = 0;
	l->busy_since_ns = 0;
	l->deadline_ns = 0;
	l->is_waiting = 0;
}

/* A deadline that the program was too busy for; and the next one. */
static __always_inline void set_deadline(struct loop_state *l, __u32 slot, __u64 now_ns,
					 __u64 timeout_ns)
{
	if (l->deadline_ns && now_ns > l->deadline_ns) {
		hist_add(slot, LOOP_HIST_PASSED, now_ns - l->deadline_ns, now_ns);
		l->deadline_ns = 0;
	}
	if (timeout_ns)
		l->deadline_ns = timeout_ns == NO_TIMEOUT ? 0 : now_ns + timeout_ns;
}

/* The current thread begins a wait call. @fd: of what it waits on, -1: no descriptor. */
static __noinline int wait_begins(__u32 wait, __s32 fd, __u64 timeout_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 instance = wait, now_ns;
	struct loop_state *l;
	__u32 slot = 0;

	if (!filter_target(task->tgid))
		return 0;
	if (fd >= 0)
		instance = (__u64)open_file_of(task, (__u32)fd);
	if (!instance) /* a call that fails */
		return 0;
	l = loop_of(task, &slot);
	if (!l) {
		l = loop_claim(task, &slot);
		if (!l || !loop_link(l, slot, task))
			return 0;
	}
	if (slot >= LOOPS_MAX)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (l->instance != instance && !is_replaced(l, task, wait, timeout_ns))
		return 0;
	if (l->busy_since_ns &&
	    (l->instance == instance || (l->is_at_least && wait == LOOP_WAIT_EPOLL)))
		iteration_ends(l, slot, now_ns);
	if (l->instance != instance)
		loop_becomes(l, wait, instance, fd);
	set_deadline(l, slot, now_ns, timeout_ns);
	l->is_waiting = 1;
	l->busy_since_ns = 0;
	l->wait_began_ns = now_ns;
	l->timeout_ns = timeout_ns;
	l->slept_ns = 0;
	l->woken_ns = 0;
	l->out_ns = 0;
	return 0;
}

/* Threads that poll now and then, between sleeping in something else, are no loops. */
static __always_inline void grow_up(struct loop_state *l)
{
	if (l->is_confirmed)
		return;
	l->waits_young++;
	if (l->waits_young < YOUNG_WAITS)
		return;
	if (l->wait == LOOP_WAIT_EPOLL)
		l->is_confirmed = l->idle_ns > 0 || l->waits_young >= BUSY_WAITS;
	else
		l->is_confirmed = has_split && l->idle_ns > l->part_ns[LOOP_SLEEP];
}

static __always_inline void count_wait(struct loop_state *l, __u32 slot, __u64 now_ns, long result)
{
	__u64 ns = now_ns - l->wait_began_ns;
	bool has_slept = has_split ? l->slept_ns > 0 : l->timeout_ns > 0;
	bool is_polling = l->wait == LOOP_WAIT_IO_URING ? !has_slept : !l->timeout_ns;

	l->waits++;
	if (is_polling)
		l->polling_ns += ns;
	else
		l->waiting_ns += ns;
	l->idle_ns += has_split ? l->slept_ns : is_polling ? 0 : ns;
	if (l->woken_ns)
		hist_add(slot, LOOP_HIST_WAKE_LAG, now_ns - l->woken_ns, now_ns);
	if (result == 0 && l->timeout_ns && l->timeout_ns != NO_TIMEOUT) {
		if (ns > l->timeout_ns)
			hist_add(slot, LOOP_HIST_EXPIRY, ns - l->timeout_ns, now_ns);
		l->deadline_ns = 0;
	}
	l->is_delivered = l->wait == LOOP_WAIT_IO_URING
				  ? has_slept
				  : result > 0 || (result == 0 && l->timeout_ns);
}

/* A wait call of the current thread returns @result. */
static __noinline int wait_ends(__u32 wait, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct loop_state *l;
	__u32 slot = 0;
	__u64 now_ns;

	if (!filter_target(task->tgid))
		return 0;
	l = loop_of(task, &slot);
	if (!l || slot >= LOOPS_MAX || !l->is_waiting || l->wait != wait)
		return 0;
	now_ns = bpf_ktime_get_ns();
	count_wait(l, slot, now_ns, result);
	l->is_waiting = 0;
	grow_up(l);
	iteration_begins(l, now_ns);
	return 0;
}

static __always_inline __u64 timeout_of_ms(__u64 arg)
{
	__s32 ms = (__s32)arg;

	return ms < 0 ? NO_TIMEOUT : (__u64)ms * 1000000;
}

/* @arg: a struct of seconds and @unit_ns, NULL: without end. */
static __always_inline __u64 timeout_of_struct(__u64 arg, __u64 unit_ns)
{
	__u64 at[2] = {};

	if (!arg)
		return NO_TIMEOUT;
	(void)bpf_probe_read_user(at, sizeof(at), (const void *)arg); /* else the call fails */
	return at[0] * 1000000000ull + at[1] * unit_ns;
}

#define WAIT_CALL(name, wait, fd, timeout_ns)                                                      \
	SEC("tracepoint")                                                                          \
	int enter_##name(struct trace_event_raw_sys_enter *ctx)                                    \
	{                                                                                          \
		return wait_begins((wait), (fd), (timeout_ns));                                    \
	}                                                                                          \
	SEC("tracepoint")                                                                          \
	int exit_##name(struct trace_event_raw_sys_exit *ctx)                                      \
	{                                                                                          \
		return wait_ends((wait), ctx->ret);                                                \
	}

WAIT_CALL(epoll_wait, LOOP_WAIT_EPOLL, (__s32)ctx->args[0], timeout_of_ms(ctx->args[3]))
WAIT_CALL(epoll_pwait, LOOP_WAIT_EPOLL, (__s32)ctx->args[0], timeout_of_ms(ctx->args[3]))
WAIT_CALL(epoll_pwait2, LOOP_WAIT_EPOLL, (__s32)ctx->args[0], timeout_of_struct(ctx->args[3], 1))
WAIT_CALL(poll, LOOP_WAIT_POLL, -1, timeout_of_ms(ctx->args[2]))
WAIT_CALL(ppoll, LOOP_WAIT_POLL, -1, timeout_of_struct(ctx->args[2], 1))
WAIT_CALL(select, LOOP_WAIT_SELECT, -1, timeout_of_struct(ctx->args[4], 1000))
WAIT_CALL(pselect6, LOOP_WAIT_SELECT, -1, timeout_of_struct(ctx->args[4], 1))
/* whether it waits is seen when it sleeps, never by its arguments */
WAIT_CALL(io_uring_enter, LOOP_WAIT_IO_URING, (__s32)ctx->args[0], NO_TIMEOUT)

/*
 * A new instance may be where the one of the loop was, in memory too: what comes before the first
 * wait on it is no iteration.
 */
static __always_inline int instance_is_new(long fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct loop_state *l;
	__u32 slot;

	if (fd < 0 || !filter_target(task->tgid))
		return 0;
	l = loop_of(task, &slot);
	if (l && l->wait == LOOP_WAIT_EPOLL && l->instance == (__u64)open_file_of(task, fd))
		loop_becomes(l, LOOP_WAIT_NONE, 0, -1);
	return 0;
}

SEC("tracepoint")
int exit_epoll_create(struct trace_event_raw_sys_exit *ctx)
{
	return instance_is_new(ctx->ret);
}

SEC("tracepoint")
int exit_epoll_create1(struct trace_event_raw_sys_exit *ctx)
{
	return instance_is_new(ctx->ret);
}

/* --- off the CPU ------------------------------------------------------------------------------ */

static __always_inline bool may_take_stack(struct loop_state *l, __u64 now_ns)
{
	__u64 from_ns = now_ns - TOKEN_BURST * TOKEN_NS;

	if (l->tokens_ns > now_ns)
		return false;
	l->tokens_ns = (l->tokens_ns > from_ns ? l->tokens_ns : from_ns) + TOKEN_NS;
	return true;
}

/* What it waits in is to be seen now: when it is back, it has gone on. */
static __always_inline void look_at_switch(void *ctx, struct loop_state *l, __u64 now_ns)
{
	__u32 tgid = l->tgid;
	struct target_state *target = filter_target(tgid);
	struct counter_row *count = target ? counters_row(target->slot) : NULL;

	l->out_user = l->out_kernel = STACK_NONE;
	if (!count)
		return;
	if (!may_take_stack(l, now_ns)) {
		counter_add(count, LOOP_SKIPPED_STACKS, 1);
		return;
	}
	l->out_kernel = process_stack_kernel(ctx, count);
	l->out_user = process_stack(ctx, tgid, target->slot, count);
}

static __always_inline void leaves(void *ctx, struct task_struct *prev, unsigned int state)
{
	struct loop_state *l;
	__u32 slot;

	if (state & TASK_STATE_ENDING)
		return;
	l = loop_of(prev, &slot);
	if (!l || (!l->is_waiting && !l->busy_since_ns))
		return;
	l->out_ns = bpf_ktime_get_ns();
	l->woken_ns = 0;
	l->out_syscall = off_cpu_syscall(prev);
	l->out_part = part_of(prev, state, l->out_syscall);
	l->queue_part = l->out_part == LOOP_THROTTLED ? LOOP_THROTTLED : LOOP_RUN_QUEUE;
	if (has_stacks && !l->is_waiting && l->out_part > LOOP_THROTTLED &&
	    (l->is_confirmed || l->is_at_least))
		look_at_switch(ctx, l, l->out_ns);
}

static __always_inline void tell_sample(const struct loop_state *l, __u32 slot, __u64 now_ns,
					__u64 ns)
{
	struct loop_sample_event e = {
		.header = { .kind = LOOP_EVENT_SAMPLE, .tgid = l->tgid, .time_ns = now_ns },
		.tid = l->tid,
		.slot = slot,
		.began_ns = l->busy_since_ns,
		.user = l->out_user,
		.kernel = l->out_kernel,
		.part = l->out_part,
		.syscall = l->out_syscall,
		.ns = ns,
	};

	if (!events_send(&e, sizeof(e), false))
		lose_event(l->tgid);
}

/* @next was asleep for @ns in an iteration. */
static __always_inline void add_block(struct loop_state *l, __u32 slot, struct task_struct *next,
				      __u64 now_ns, __u64 ns)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(next);
	struct file *file = NULL;

	if (!l->in_gc)
		l->gap_part_ns[l->out_part & 15] += ns;
	if (ns > l->longest.ns) {
		l->longest.ns = ns;
		l->longest.syscall = l->out_syscall;
		l->longest.part = l->out_part;
		l->longest.file[0] = 0;
		if (ns >= TOLD_FROM_NS && l->out_syscall >= 0)
			file = open_file_of(next, PT_REGS_PARM1_CORE_SYSCALL(regs));
		if (file)
			open_file_name(file, l->longest.file, sizeof(l->longest.file));
	}
	if (ns >= TOLD_FROM_NS && (l->out_user != STACK_NONE || l->out_kernel != STACK_NONE))
		tell_sample(l, slot, now_ns, ns);
}

static __always_inline void comes_back(struct task_struct *next)
{
	__u64 now_ns, awake_ns;
	struct loop_state *l;
	__u32 slot = 0;

	l = loop_of(next, &slot);
	if (!l || !l->out_ns)
		return;
	now_ns = bpf_ktime_get_ns();
	awake_ns = l->out_ns;
	if (l->out_part > LOOP_THROTTLED)
		awake_ns = l->woken_ns > l->out_ns ? l->woken_ns : now_ns;
	if (l->is_waiting)
		l->slept_ns += awake_ns - l->out_ns;
	else if (awake_ns > l->out_ns)
		add_block(l, slot, next, now_ns, awake_ns - l->out_ns);
	if (!l->is_waiting)
		l->gap_part_ns[l->queue_part & 15] += now_ns - awake_ns;
	l->out_ns = 0;
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
	struct loop_state *l;
	__u32 slot;

	l = loop_of(task, &slot);
	if (!l || !l->out_ns || l->woken_ns)
		return 0;
	l->woken_ns = bpf_ktime_get_ns();
	if (off_cpu_is_throttled(task))
		l->queue_part = LOOP_THROTTLED;
	return 0;
}

/* --- on the CPU ------------------------------------------------------------------------------- */

SEC("perf_event")
int on_clock(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now_ns = bpf_ktime_get_ns();
	struct target_state *target;
	struct counter_row *count;
	struct loop_state *l;
	__u32 slot = 0;

	l = loop_of(task, &slot);
	if (!l || l->is_waiting || !l->busy_since_ns || !(l->is_confirmed || l->is_at_least) ||
	    now_ns - l->busy_since_ns <= threshold_ns / 2)
		return 0;
	target = filter_target(task->tgid);
	count = target ? counters_row(target->slot) : NULL;
	if (!count)
		return 0;
	l->out_part = LOOP_RUNNING;
	l->out_syscall = -1;
	l->out_kernel = process_stack_kernel(ctx, count);
	l->out_user = process_stack(ctx, task->tgid, target->slot, count);
	tell_sample(l, slot, now_ns, 0);
	return 0;
}

/* --- garbage collection ------------------------------------------------------------------------
 */

static __always_inline __u64 queue_ns_of(const struct loop_state *l)
{
	return l->gap_part_ns[LOOP_RUN_QUEUE] + l->gap_part_ns[LOOP_THROTTLED];
}

/* The pause as V8 itself counts it: both are entries, so no return of the target is touched. */
SEC("uprobe")
int gc_begins(struct pt_regs *ctx)
{
	struct loop_state *l;
	__u32 slot;

	l = loop_of(bpf_get_current_task_btf(), &slot);
	if (!l || !l->busy_since_ns)
		return 0;
	l->in_gc = 1;
	l->gc_began_ns = bpf_ktime_get_ns();
	l->gc_queue_ns = queue_ns_of(l);
	return 0;
}

SEC("uprobe")
int gc_ends(struct pt_regs *ctx)
{
	struct loop_state *l;
	__u32 slot;

	l = loop_of(bpf_get_current_task_btf(), &slot);
	if (!l || !l->in_gc)
		return 0;
	l->in_gc = 0;
	l->gap_part_ns[LOOP_GC] +=
		bpf_ktime_get_ns() - l->gc_began_ns - (queue_ns_of(l) - l->gc_queue_ns);
	return 0;
}

/* --- libuv's timers ----------------------------------------------------------------------------
 */

/* Public structures of libuv 1.44 to 1.52, x86-64: include/uv.h, include/uv/unix.h. */
#define UV_LOOP_BACKEND_FD 64
#define UV_LOOP_TIMERS	   520 /* the heap's first: the timer that is due first */
#define UV_LOOP_TIME	   544 /* ms */
#define UV_TIMER_HEAP_NODE 104
#define UV_TIMER_TIMEOUT   128 /* ms, when it is due */

/* uv__run_timers(loop): how late is the first of those that run now? */
SEC("uprobe")
int timers_run(struct pt_regs *ctx)
{
	const char *loop = (const char *)PT_REGS_PARM1_CORE(ctx);
	__u64 node = 0, now_ms = 0, due_ms = 0;
	struct loop_state *l;
	__u32 slot = 0;
	__s32 fd = -1;

	l = loop_of(bpf_get_current_task_btf(), &slot);
	if (!l || !l->busy_since_ns)
		return 0;
	/* are these structures what we take them for? */
	if (bpf_probe_read_user(&fd, sizeof(fd), loop + UV_LOOP_BACKEND_FD) || fd != l->fd ||
	    bpf_probe_read_user(&node, sizeof(node), loop + UV_LOOP_TIMERS) || !node ||
	    bpf_probe_read_user(&now_ms, sizeof(now_ms), loop + UV_LOOP_TIME) ||
	    bpf_probe_read_user(&due_ms, sizeof(due_ms),
				(const void *)(node - UV_TIMER_HEAP_NODE + UV_TIMER_TIMEOUT)))
		return 0;
	if (due_ms <= now_ms)
		hist_add(slot, LOOP_HIST_TIMER, (now_ms - due_ms) * 1000000, bpf_ktime_get_ns());
	return 0;
}

/* --- processes -------------------------------------------------------------------------------- */

/* The thread is no loop any more: it ended, or executes another program. */
static __always_inline void loop_ends(struct task_struct *task)
{
	struct event_header e = { .kind = LOOP_EVENT_ENDED, .tgid = task->tgid };
	struct loop_state *l;
	__u32 slot = 0;

	l = loop_of(task, &slot);
	if (!l)
		return;
	l->is_ended = 1;
	(void)bpf_task_storage_delete(&threads, task);
	e.time_ns = bpf_ktime_get_ns();
	if (!events_send(&e, sizeof(e), false))
		lose_event(task->tgid); /* user space looks for ended ones, too */
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct target_state *target;

	if (parent->tgid == child->tgid)
		return 0;
	target = filter_target(parent->tgid);
	if (target && follows_children)
		process_tell(target->slot, PROCESS_FORK, parent->tgid, child->tgid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	struct target_state *target = filter_target(task->tgid);

	if (!target)
		return 0;
	loop_ends(task);
	process_tell(target->slot, PROCESS_EXEC, task->tgid, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	loop_ends(task);
	return 0;
}
