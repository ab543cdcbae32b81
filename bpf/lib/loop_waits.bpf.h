/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The calls that a loop waits in: where iterations begin and end. */
#ifndef LIB_LOOP_WAITS_BPF_H
#define LIB_LOOP_WAITS_BPF_H

#include "lib/loop_blocks.bpf.h"
#include "lib/loops.bpf.h"
#include "lib/open_file.bpf.h"

/* include/linux/errno.h: what poll returns, when it may go on by restart_syscall */
#define ERESTART_RESTARTBLOCK (-516)

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

/* Before anything else: most calls are those of others. */
static __always_inline bool is_observed(void)
{
	return filter_target(bpf_get_current_task_btf()->tgid);
}

/*
 * The current thread, which is observed, begins a wait call. @fd: of what it waits on, -1: no
 * descriptor.
 */
static __noinline int wait_begins(__u32 wait, __s32 fd, __u64 timeout_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 instance = wait, now_ns;
	struct loop_state *l;
	__u32 slot = 0;

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
	if (l->busy_since_ns && l->out_ns)
		is_back(l, slot, task, now_ns);
	if (l->busy_since_ns &&
	    (l->instance == instance || (l->is_at_least && wait == LOOP_WAIT_EPOLL)))
		iteration_ends(l, slot, now_ns);
	if (l->instance != instance)
		loop_becomes(l, wait, instance, fd);
	set_deadline(l, slot, now_ns, timeout_ns);
	l->is_waiting = 1;
	l->is_cut = 0;
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
	if (l->wait == LOOP_WAIT_EPOLL)
		l->is_confirmed = l->waits_young >= YOUNG_WAITS &&
				  (l->idle_ns > 0 || l->waits_young >= BUSY_WAITS);
	else
		l->is_confirmed = l->waits_young >= YOUNG_POLLS && splits() &&
				  l->idle_ns > l->part_ns[LOOP_SLEEP];
}

static __always_inline void count_wait(struct loop_state *l, __u32 slot, __u64 now_ns, long result)
{
	__u64 ns = now_ns - l->wait_began_ns;
	bool has_split_now = splits();
	bool has_slept = has_split_now ? l->slept_ns > 0 : l->timeout_ns > 0;
	bool is_polling = l->wait == LOOP_WAIT_IO_URING ? !has_slept : !l->timeout_ns;

	l->waits++;
	if (is_polling)
		l->polling_ns += ns;
	else
		l->waiting_ns += ns;
	l->idle_ns += has_split_now ? l->slept_ns : is_polling ? 0 : ns;
	if (l->woken_ns)
		hist_add(slot, LOOP_HIST_WAKE_LAG, now_ns - l->woken_ns, now_ns);
	if (result == 0 && l->timeout_ns && l->timeout_ns != NO_TIMEOUT) {
		if (ns > l->timeout_ns)
			hist_add(slot, LOOP_HIST_EXPIRY, ns - l->timeout_ns, now_ns);
		l->deadline_ns = 0;
	}
	l->is_cut = result == ERESTART_RESTARTBLOCK;
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

	l = loop_of(task, &slot);
	if (!l || slot >= LOOPS_MAX || !l->is_waiting || l->wait != wait ||
	    !filter_target(task->tgid))
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (l->out_ns)
		is_back(l, slot, task, now_ns);
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

/* Of no descriptors: that is a sleep, unless the thread is known to wait for events. */
static __always_inline bool is_wait(__u64 descriptors)
{
	struct loop_state *l;
	__u32 slot;

	if (!is_observed())
		return false;
	if (descriptors)
		return true;
	l = loop_of(bpf_get_current_task_btf(), &slot);
	return l && l->is_confirmed;
}

/*
 * Where each call is seen: by its tracepoints, or by its function. While any tracepoint of system
 * calls is in use, all calls of all processes go the slow way through the kernel; a function that
 * is probed costs those alone who call it. But a thread that is inside the call when that begins is
 * not seen to leave it. The programs of functions are off until user space asks for them.
 */
#if defined(__TARGET_ARCH_x86)
#define BY_FUNCTION(name, function, result_of)                                                     \
	SEC("?fentry/" function)                                                                   \
	int BPF_PROG(in_##name, const struct pt_regs *r)                                           \
	{                                                                                          \
		const unsigned long args[] = { PT_REGS_PARM1_SYSCALL(r), PT_REGS_PARM2_SYSCALL(r), \
					       PT_REGS_PARM3_SYSCALL(r), PT_REGS_PARM4_SYSCALL(r), \
					       PT_REGS_PARM5_SYSCALL(r) };                         \
                                                                                                   \
		return begin_##name(args);                                                         \
	}                                                                                          \
	AFTER_FUNCTION(name, function, result_of)
#define AFTER_FUNCTION(name, function, result_of)                                                  \
	SEC("?fexit/" function)                                                                    \
	int BPF_PROG(out_##name, const void *argument, long result)                                \
	{                                                                                          \
		return result_of;                                                                  \
	}
#else
#define BY_FUNCTION(name, function, result_of)
#define AFTER_FUNCTION(name, function, result_of)
#endif

/* Copied, since a context may only be read where it is; what is not used is not read. */
#define ARGS_OF(ctx)                                                                               \
	{                                                                                          \
		(ctx)->args[0], (ctx)->args[1], (ctx)->args[2], (ctx)->args[3], (ctx)->args[4]     \
	}

#define WAIT_CALL(name, wait, descriptors, fd, timeout_ns)                                         \
	static __always_inline int begin_##name(const unsigned long *args)                         \
	{                                                                                          \
		return is_wait(descriptors) ? wait_begins((wait), (fd), (timeout_ns)) : 0;         \
	}                                                                                          \
	SEC("tracepoint")                                                                          \
	int enter_##name(struct trace_event_raw_sys_enter *ctx)                                    \
	{                                                                                          \
		const unsigned long args[] = ARGS_OF(ctx);                                         \
                                                                                                   \
		return begin_##name(args);                                                         \
	}                                                                                          \
	SEC("tracepoint")                                                                          \
	int exit_##name(struct trace_event_raw_sys_exit *ctx)                                      \
	{                                                                                          \
		return wait_ends((wait), ctx->ret);                                                \
	}                                                                                          \
	BY_FUNCTION(name, "__x64_sys_" #name, wait_ends((wait), result))

WAIT_CALL(epoll_wait, LOOP_WAIT_EPOLL, 1, (__s32)args[0], timeout_of_ms(args[3]))
WAIT_CALL(epoll_pwait, LOOP_WAIT_EPOLL, 1, (__s32)args[0], timeout_of_ms(args[3]))
WAIT_CALL(epoll_pwait2, LOOP_WAIT_EPOLL, 1, (__s32)args[0], timeout_of_struct(args[3], 1))
WAIT_CALL(poll, LOOP_WAIT_POLL, args[1], -1, timeout_of_ms(args[2]))
WAIT_CALL(ppoll, LOOP_WAIT_POLL, args[1], -1, timeout_of_struct(args[2], 1))
WAIT_CALL(select, LOOP_WAIT_SELECT, args[0], -1, timeout_of_struct(args[4], 1000))
WAIT_CALL(pselect6, LOOP_WAIT_SELECT, args[0], -1, timeout_of_struct(args[4], 1))

/* include/uapi/linux/io_uring.h */
#define RING_GETEVENTS	     (1u << 0)
#define RING_REGISTERED_RING (1u << 4)

/*
 * Whether it waits is seen when it sleeps, never by its arguments; without this flag it cannot, and
 * looks for no events.
 */
static __always_inline int begin_io_uring_enter(const unsigned long *args)
{
	__u64 flags = args[3];

	if (!(flags & RING_GETEVENTS) || !is_observed())
		return 0;
	return wait_begins(LOOP_WAIT_IO_URING, flags & RING_REGISTERED_RING ? -1 : (__s32)args[0],
			   NO_TIMEOUT);
}

SEC("tracepoint")
int enter_io_uring_enter(struct trace_event_raw_sys_enter *ctx)
{
	const unsigned long args[] = ARGS_OF(ctx);

	return begin_io_uring_enter(args);
}

SEC("tracepoint")
int exit_io_uring_enter(struct trace_event_raw_sys_exit *ctx)
{
	return wait_ends(LOOP_WAIT_IO_URING, ctx->ret);
}

BY_FUNCTION(io_uring_enter, "__x64_sys_io_uring_enter", wait_ends(LOOP_WAIT_IO_URING, result))

/* A stopped thread's poll goes on by this call, when it is let go on. */
static __always_inline int poll_goes_on(void)
{
	__u64 now_ns = bpf_ktime_get_ns(), left_ns = NO_TIMEOUT;
	struct loop_state *l;
	__u32 slot;

	l = loop_of(bpf_get_current_task_btf(), &slot);
	if (!l || !l->is_cut || !is_observed())
		return 0;
	if (l->deadline_ns)
		left_ns = l->deadline_ns > now_ns ? l->deadline_ns - now_ns : 0;
	return wait_begins(LOOP_WAIT_POLL, -1, left_ns);
}

SEC("tracepoint")
int enter_restart_syscall(struct trace_event_raw_sys_enter *ctx)
{
	return poll_goes_on();
}

SEC("tracepoint")
int exit_restart_syscall(struct trace_event_raw_sys_exit *ctx)
{
	return wait_ends(LOOP_WAIT_POLL, ctx->ret);
}

#if defined(__TARGET_ARCH_x86)
SEC("?fentry/do_restart_poll")
int BPF_PROG(in_restart_poll, const void *restart)
{
	return poll_goes_on();
}
#endif

AFTER_FUNCTION(restart_poll, "do_restart_poll", wait_ends(LOOP_WAIT_POLL, result))

/*
 * A new instance may be where the one of the loop was, in memory too: what comes before the first
 * wait on it is no iteration.
 */
static __always_inline int instance_is_new(long fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct loop_state *l;
	__u32 slot;

	l = loop_of(task, &slot);
	if (l && fd >= 0 && l->wait == LOOP_WAIT_EPOLL &&
	    l->instance == (__u64)open_file_of(task, fd))
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

AFTER_FUNCTION(epoll_create, "__x64_sys_epoll_create", instance_is_new(result))
AFTER_FUNCTION(epoll_create1, "__x64_sys_epoll_create1", instance_is_new(result))

#endif
