// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * memleak-trace, kernel side: the ledger of live blocks. A block enters when its allocation
 * returns, so a failed one never does, and leaves when its free is entered, so that nobody else can
 * have been given the address yet. A resized block leaves at entry and comes back if that failed.
 */
#include "lib/prelude.bpf.h"

#include "abi/memleak-trace.h"

#define COUNTER_COUNT	    LEAK_COUNTERS
#define COUNTER_LOST_EVENTS LEAK_LOST_EVENTS
#include "lib/counters.bpf.h"
#include "lib/events.bpf.h"
#include "lib/filter.bpf.h"
#include "lib/inflight.bpf.h"
#include "lib/process.bpf.h"
#include "lib/stacks.bpf.h"

/* Below this an allocation fails only when the machine has no memory left at all. */
#define NEW_SURE_BYTES (64ull << 20)

const volatile __u64 min_size_bytes = 0;
const volatile __u64 max_size_bytes = ~0ull;
const volatile bool follows_children = false;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 21);
	__type(key, struct block_key);
	__type(value, struct block);
} blocks SEC(".maps");

/* One thread's open call and what it asked for. */
struct thread {
	struct inflight call;
	__u64 bytes;
	__u64 wants_nothing;	  /* a size of 0: a resize that frees */
	__u64 out;		  /* where the result will be stored, 0: it is returned */
	struct block_key old_key; /* addr 0: nothing is being resized */
	struct block old;
	__u64 is_old_known;
	struct inflight map_call; /* only is_open is used */
	struct map_event map;
	__u64 freed_addr; /* last block freed and where, to know free called by delete */
	__u64 freed_sp;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64); /* bpf_get_current_pid_tgid() */
	__type(value, struct thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct code_ranges);
} code SEC(".maps");

static const struct thread new_thread = {};

/* What each allocator probe begins with. */
struct hit {
	__u32 tgid;
	__u32 slot;
	struct counter_row *count;
	struct thread *thread;
};

static __always_inline bool hit_begin(struct hit *hit)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct target_state *target;

	hit->tgid = id >> 32;
	target = filter_target(hit->tgid);
	if (!target)
		return false;
	hit->slot = target->slot;
	hit->count = counters_row(target->slot);
	if (!hit->count)
		return false; /* a slot is always inside the array: for the verifier */
	counter_add(hit->count, LEAK_HITS, 1);
	hit->thread = bpf_map_lookup_elem(&threads, &id);
	if (hit->thread)
		return true;
	if (bpf_map_update_elem(&threads, &id, &new_thread, BPF_NOEXIST) == 0)
		hit->thread = bpf_map_lookup_elem(&threads, &id);
	if (!hit->thread)
		counter_add(hit->count, LEAK_LOST_THREADS, 1);
	return hit->thread != NULL;
}

/*
 * Each register is read first and chosen after: clang would otherwise choose the address to read
 * from, and the verifier refuses a computed context address.
 */
static __always_inline __u64 argument(struct pt_regs *ctx, __u64 index)
{
	__u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx);
	__u64 third = PT_REGS_PARM3(ctx), fourth = PT_REGS_PARM4(ctx);

	barrier_var(first);
	barrier_var(second);
	barrier_var(third);
	barrier_var(fourth);
	return index == 0 ? first : index == 1 ? second : index == 2 ? third : fourth;
}

/* The current stack's id, and what is to be counted of it. */
static __always_inline __u64 take_stack(void *ctx, __u32 tgid, __u32 slot,
					struct counter_row *count, bool is_return)
{
	struct stack_taken taken =
		stack_intern(ctx, tgid, bpf_map_lookup_elem(&code, &slot), is_return);

	if (taken.id == STACK_NONE)
		counter_add(count, LEAK_LOST_STACKS, 1);
	if (taken.end < STACK_ENDS)
		counter_add(count, LEAK_STACKS + taken.end, 1);
	counter_add(count, LEAK_STACKS_BY_FP, taken.is_by_fp);
	if (taken.is_unmapped)
		process_ask_for_mappings(slot, tgid);
	return taken.id;
}

/* The block leaves the ledger. False: it was not there. The value is copied before it goes. */
static __always_inline bool ledger_take(struct counter_row *count, struct block_key *key,
					struct block *ret_block)
{
	struct block *block = bpf_map_lookup_elem(&blocks, key);

	if (!block)
		return false;
	*ret_block = *block;
	if (bpf_map_delete_elem(&blocks, key))
		return false; /* another thread freed it at the same moment: a bug of the target */
	counter_add(count, LEAK_FREES, 1);
	counter_add(count, LEAK_FREE_BYTES, ret_block->bytes);
	return true;
}

static __always_inline void ledger_put(struct counter_row *count, struct block_key *key,
				       struct block *block)
{
	struct block stale;
	long err = bpf_map_update_elem(&blocks, key, block, BPF_NOEXIST);

	if (err == -17 /* EEXIST: handed out again, so it was freed unseen */) {
		counter_add(count, LEAK_LOST_FREES, 1);
		ledger_take(count, key, &stale);
		err = bpf_map_update_elem(&blocks, key, block, BPF_NOEXIST);
	}
	counter_add(count, LEAK_ALLOCS, 1);
	counter_add(count, LEAK_ALLOC_BYTES, block->bytes);
	if (err)
		counter_add(count, LEAK_LOST_BLOCKS, 1);
}

/* Takes the block that is about to be resized off the ledger, and keeps it. */
static __always_inline void resize_begin(struct hit *hit, __u64 addr)
{
	struct thread *t = hit->thread;
	struct block_key key = { .addr = addr, .tgid = hit->tgid };

	/* reallocarray tail-calling realloc: the outer call has taken it already */
	if (t->is_old_known && t->old_key.addr == addr)
		return;
	t->old_key = key;
	t->is_old_known = addr && ledger_take(hit->count, &key, &t->old);
	if (addr && !t->is_old_known)
		counter_add(hit->count, LEAK_FREES_BEFORE_ATTACH, 1);
}

static __always_inline void entered(struct pt_regs *ctx, struct hit *hit, __u64 cookie)
{
	struct thread *t = hit->thread;
	bool is_lost;
	__u64 count = 1;

	if (!inflight_enter(&t->call, PT_REGS_SP(ctx), &is_lost)) {
		counter_add(hit->count, LEAK_NESTED, 1);
		return;
	}
	if (is_lost) {
		counter_add(hit->count, LEAK_LOST_RETURNS, 1);
		t->is_old_known = 0;
	}
	t->bytes = argument(ctx, COOKIE_FIELD(cookie, 0));
	if (COOKIE_FIELD(cookie, 1) != ARG_NONE)
		count = argument(ctx, COOKIE_FIELD(cookie, 1));
	t->wants_nothing = t->bytes == 0 || count == 0;
	t->bytes *= count; /* one that overflows fails, and is dropped */
	t->out = COOKIE_FIELD(cookie, 3) == ARG_NONE ? 0 : argument(ctx, COOKIE_FIELD(cookie, 3));
	if (COOKIE_FIELD(cookie, 2) != ARG_NONE)
		resize_begin(hit, argument(ctx, COOKIE_FIELD(cookie, 2)));
	else
		t->is_old_known = 0;
}

SEC("uprobe")
int alloc_enter(struct pt_regs *ctx)
{
	struct hit hit;

	if (hit_begin(&hit))
		entered(ctx, &hit, bpf_get_attach_cookie(ctx));
	return 0;
}

/* The address the call handed out, 0 when it failed. */
static __always_inline __u64 result_address(struct pt_regs *ctx, struct hit *hit)
{
	__u64 addr = PT_REGS_RC(ctx);

	if (!hit->thread->out)
		return addr;
	if ((__u32)addr != 0) /* posix_memalign returns an error number, an int */
		return 0;
	if (bpf_probe_read_user(&addr, sizeof(addr), (void *)hit->thread->out)) {
		counter_add(hit->count, LEAK_LOST_READS, 1);
		return 0;
	}
	return addr;
}

/* No block came back: what was to be resized is still there, unless it was resized to nothing. */
static __always_inline void allocation_failed(struct hit *hit)
{
	struct thread *t = hit->thread;

	if (t->is_old_known && !t->wants_nothing) {
		counter_add(hit->count, LEAK_FREES, -1);
		counter_add(hit->count, LEAK_FREE_BYTES, -t->old.bytes);
		if (bpf_map_update_elem(&blocks, &t->old_key, &t->old, BPF_NOEXIST))
			counter_add(hit->count, LEAK_LOST_BLOCKS, 1);
	}
	if (!t->wants_nothing)
		counter_add(hit->count, LEAK_FAILED_ALLOCS, 1);
	t->is_old_known = 0;
}

static __always_inline void returned(struct pt_regs *ctx, struct hit *hit)
{
	struct thread *t = hit->thread;
	struct block_key key = {};
	struct block block = {};
	bool is_lost;

	if (!inflight_leave(&t->call, PT_REGS_SP(ctx), &is_lost)) {
		if (is_lost)
			counter_add(hit->count, LEAK_LOST_RETURNS, 1);
		return;
	}
	key.addr = result_address(ctx, hit);
	key.tgid = hit->tgid;
	if (!key.addr) {
		allocation_failed(hit);
		return;
	}
	t->is_old_known = 0;
	t->freed_addr = 0;
	block.bytes = t->bytes;
	if (block.bytes < min_size_bytes || block.bytes > max_size_bytes) {
		counter_add(hit->count, LEAK_FILTERED, 1);
		return;
	}
	block.born_ns = bpf_ktime_get_ns();
	block.stack = take_stack(ctx, hit->tgid, hit->slot, hit->count, true);
	ledger_put(hit->count, &key, &block);
}

SEC("uretprobe")
int alloc_exit(struct pt_regs *ctx)
{
	struct hit hit;

	if (hit_begin(&hit))
		returned(ctx, &hit);
	return 0;
}

/*
 * operator new that may throw, as a session probe (kernel 6.13): both its entry and its return come
 * here, and a 1 from the entry leaves the return alone. An exception cannot pass a function whose
 * return is probed, so what could fail for its size is let through unrecorded, and counted.
 */
SEC("uprobe")
int new_call(struct pt_regs *ctx)
{
	bool is_return = PT_REGS_IP(ctx) != bpf_get_attach_cookie(ctx);
	struct hit hit;

	if (!hit_begin(&hit))
		return 1;
	if (is_return) {
		returned(ctx, &hit);
		return 0;
	}
	if (PT_REGS_PARM1(ctx) > NEW_SURE_BYTES) {
		counter_add(hit.count, LEAK_LOST_BLOCKS, 1);
		return 1;
	}
	entered(ctx, &hit, COOKIE_PLAIN(0));
	return 0;
}

SEC("uprobe")
int free_enter(struct pt_regs *ctx)
{
	__u64 first = PT_REGS_PARM1(ctx), second = PT_REGS_PARM2(ctx), sp = PT_REGS_SP(ctx);
	struct block_key key = {};
	struct block block;
	struct hit hit;

	barrier_var(first);
	barrier_var(second);
	key.addr = bpf_get_attach_cookie(ctx) ? second : first;
	if (!key.addr || !hit_begin(&hit))
		return 0;
	if (inflight_is_nested(&hit.thread->call, sp))
		return 0; /* realloc moving its block: settled when it returns */
	key.tgid = hit.tgid;
	if (!ledger_take(hit.count, &key, &block) &&
	    (hit.thread->freed_addr != key.addr || sp > hit.thread->freed_sp))
		counter_add(hit.count, LEAK_FREES_BEFORE_ATTACH, 1);
	hit.thread->freed_addr = key.addr;
	hit.thread->freed_sp = sp;
	return 0;
}

/* --- the process itself ---------------------------------------------------------------------- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct target_state *target;

	/* a thread, or a child that shares the memory until it executes (vfork, posix_spawn) */
	if (parent->tgid == child->tgid || parent->mm == child->mm)
		return 0;
	target = filter_target(parent->tgid);
	if (target && follows_children)
		process_tell(target->slot, PROCESS_FORK, parent->tgid, child->tgid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	__u32 tgid = task->tgid, parent_tgid;
	struct target_state *target = filter_known(tgid), *parent;

	if (target) {
		target->is_stopped =
			TARGET_STOPPED; /* the ledger stays: the old program's blocks */
		process_tell(target->slot, PROCESS_EXEC, tgid, 0);
	} else if (follows_children) { /* a child by vfork or posix_spawn is seen here first */
		parent_tgid = task->real_parent->tgid;
		parent = filter_target(parent_tgid);
		if (parent)
			process_tell(parent->slot, PROCESS_FORK, parent_tgid, tgid);
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	__u64 id = (__u64)task->tgid << 32 | (__u32)task->pid;
	struct target_state *target = filter_target(task->tgid);

	if (!target)
		return 0;
	(void)bpf_map_delete_elem(&threads, &id); /* most threads never allocated: no entry */
	if (task->signal->live.counter > 0)
		return 0;
	target->is_stopped = 1;
	process_tell(target->slot, PROCESS_EXIT, task->tgid, 0);
	return 0;
}

/* --- mappings (--mmap) ------------------------------------------------------------------------ */

#if defined(__TARGET_ARCH_x86) /* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_MMAP	  9
#define NR_MUNMAP 11
#define NR_BRK	  12
#define NR_MREMAP 25
#else /* include/uapi/asm-generic/unistd.h */
#define NR_MMAP	  222
#define NR_MUNMAP 215
#define NR_BRK	  214
#define NR_MREMAP 216
#endif

static __always_inline bool map_fill(struct map_event *e, struct pt_regs *regs, long number)
{
	e->addr = PT_REGS_PARM1_CORE_SYSCALL(regs);
	e->bytes = PT_REGS_PARM2_CORE_SYSCALL(regs);
	switch (number) {
	case NR_MMAP:
		e->header.kind = MAP_MMAP;
		e->prot = PT_REGS_PARM3_CORE_SYSCALL(regs);
		e->flags = PT_REGS_PARM4_CORE_SYSCALL(regs);
		e->fd = BPF_CORE_READ(regs, r8);
		return true;
	case NR_MUNMAP:
		e->header.kind = MAP_MUNMAP;
		return true;
	case NR_MREMAP:
		e->header.kind = MAP_MREMAP;
		e->old_addr = e->addr;
		e->old_bytes = e->bytes;
		e->bytes = PT_REGS_PARM3_CORE_SYSCALL(regs);
		e->flags = PT_REGS_PARM4_CORE_SYSCALL(regs);
		return true;
	case NR_BRK:
		e->header.kind = MAP_BRK;
		e->old_addr = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm, brk);
		e->bytes = 0;
		return true;
	default:
		return false;
	}
}

static __always_inline void map_send(struct counter_row *count, struct map_event *e, __u32 tgid)
{
	e->header.tgid = tgid;
	e->header.time_ns = bpf_ktime_get_ns();
	if (!events_send(e, sizeof(*e), false))
		counter_add(count, LEAK_LOST_EVENTS, 1);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(map_enter, struct pt_regs *regs, long number)
{
	struct hit hit;

	if (number != NR_MMAP && number != NR_MUNMAP && number != NR_MREMAP && number != NR_BRK)
		return 0;
	if (!hit_begin(&hit))
		return 0;
	/* the allocator's own business: its arenas are not the program's mappings */
	hit.thread->map_call.is_open = 0;
	if (inflight_is_nested(&hit.thread->call, PT_REGS_SP_CORE(regs)))
		return 0;
	hit.thread->map_call.is_open = map_fill(&hit.thread->map, regs, number);
	if (number == NR_MUNMAP) { /* told now: at its end another thread may have the range */
		hit.thread->map_call.is_open = 0;
		hit.thread->map.stack = STACK_NONE;
		map_send(hit.count, &hit.thread->map, hit.tgid);
	}
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(map_exit, struct pt_regs *regs, long result)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct target_state *target = filter_target(id >> 32);
	struct counter_row *count;
	struct thread *t;

	if (!target)
		return 0;
	t = bpf_map_lookup_elem(&threads, &id);
	count = counters_row(target->slot);
	if (!t || !count || !t->map_call.is_open)
		return 0;
	t->map_call.is_open = 0;
	if (result < 0 && result > -4096)
		return 0; /* failed: nothing changed */
	t->map.addr = result;
	t->map.stack = take_stack(ctx, id >> 32, target->slot, count, false);
	map_send(count, &t->map, id >> 32);
	return 0;
}
