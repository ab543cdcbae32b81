/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk of unwind_walk.h in the kernel: the tables are maps, the registers those that the thread
 * had when it last ran in user mode, whatever it does in the kernel now. For any program that runs
 * in the thread's context: uprobes, perf events, sched_switch.
 */
#ifndef LIB_UNWIND_BPF_H
#define LIB_UNWIND_BPF_H

#include "abi/stacks.h"
#include "abi/unwind.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, UNWIND_BLOCKS);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_MMAPABLE);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(__u32));
			/* clang 14 would leave the type a forward declaration */
			__uint(value_size, sizeof(struct unwind_block));
		});
} unwind_blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_PAGES);
	__type(key, __u32);
	__type(value, struct unwind_page);
} unwind_pages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_RULES);
	__type(key, __u32);
	__type(value, struct unwind_rule);
} unwind_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 256); /* user space may change it before loading */
	__type(key, __u32);
	__type(value, struct unwind_process);
} unwind_processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct unwind_js);
} unwind_js SEC(".maps");

struct unwind_walk;

static __always_inline int unwind_read(const struct unwind_walk *w, void *buf, __u32 bytes,
				       __u64 addr)
{
	return bpf_probe_read_user(buf, bytes, (const void *)addr);
}

static __always_inline const struct unwind_page *unwind_page_at(const struct unwind_walk *w,
								__u32 index)
{
	return bpf_map_lookup_elem(&unwind_pages, &index);
}

static __always_inline const struct unwind_row *unwind_rows_of(const struct unwind_walk *w,
							       __u32 block)
{
	void *map = bpf_map_lookup_elem(&unwind_blocks, &block);
	__u32 only = 0;

	return map ? bpf_map_lookup_elem(map, &only) : NULL;
}

static __always_inline const struct unwind_rule *unwind_rule_at(const struct unwind_walk *w,
								__u32 index)
{
	return bpf_map_lookup_elem(&unwind_rules, &index);
}

#if defined(__TARGET_ARCH_x86)

/* psABI figure 3.36, the numbers that rules use. */
static __always_inline int unwind_register(const struct unwind_walk *w, __u32 number,
					   __u64 *ret_value)
{
	struct pt_regs *r = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

#define UNWIND_REGISTER(n, field)                                                                  \
	case n:                                                                                    \
		*ret_value = r->field;                                                             \
		return 0
	switch (number) {
		UNWIND_REGISTER(0, ax);
		UNWIND_REGISTER(1, dx);
		UNWIND_REGISTER(2, cx);
		UNWIND_REGISTER(3, bx);
		UNWIND_REGISTER(4, si);
		UNWIND_REGISTER(5, di);
		UNWIND_REGISTER(8, r8);
		UNWIND_REGISTER(9, r9);
		UNWIND_REGISTER(10, r10);
		UNWIND_REGISTER(11, r11);
		UNWIND_REGISTER(12, r12);
		UNWIND_REGISTER(13, r13);
		UNWIND_REGISTER(14, r14);
		UNWIND_REGISTER(15, r15);
	default:
		return -1;
	}
#undef UNWIND_REGISTER
}

#define UNWIND_START(w, regs)                                                                      \
	do {                                                                                       \
		(w)->pc = (regs)->ip;                                                              \
		(w)->sp = (regs)->sp;                                                              \
		(w)->fp = (regs)->bp;                                                              \
	} while (0)

/* All of them by number, as the thread had them in user mode. */
#define unwind_registers(r, at, pc)                                                                \
	do {                                                                                       \
		const __u64 registers_[16] = { (r)->ax,	 (r)->dx,  (r)->cx,  (r)->bx,              \
					       (r)->si,	 (r)->di,  (r)->bp,  (r)->sp,              \
					       (r)->r8,	 (r)->r9,  (r)->r10, (r)->r11,             \
					       (r)->r12, (r)->r13, (r)->r14, (r)->r15 };           \
		__builtin_memcpy((at), registers_, sizeof(registers_));                            \
		*(pc) = (r)->ip;                                                                   \
	} while (0)

#else /* the tables are those of x86-64: the walk ends at once */

static __always_inline int unwind_register(const struct unwind_walk *w, __u32 number,
					   __u64 *ret_value)
{
	return -1;
}

#define UNWIND_START(w, regs)	    ((w)->pc = 0)
#define unwind_registers(r, at, pc) (*(pc) = 0)

#endif

/* Calls under way whose return is probed are few: they nest as the probed functions do. */
#define UNWIND_MAX_HIJACKED 32

static __always_inline __u64 unwind_hijacked(const struct unwind_walk *w, __u64 slot)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct return_instance *call = BPF_CORE_READ(task, utask, return_instances);

	for (int i = 0; i < UNWIND_MAX_HIJACKED && call; i++) {
		if (BPF_CORE_READ(call, stack) == slot)
			return BPF_CORE_READ(call, orig_ret_vaddr);
		call = BPF_CORE_READ(call, next);
	}
	return 0;
}

#include "lib/unwind_walk.h"

/* One running walk takes one; a CPU has so many because programs interrupt each other. */
#define UNWIND_WALKS 4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, UNWIND_WALKS);
	__type(key, __u32);
	__type(value, struct unwind_walk);
} unwind_walks SEC(".maps");

/* NULL: all are taken. To be given back. */
static __always_inline struct unwind_walk *unwind_walk_take(void)
{
	struct unwind_walk *w;

	for (__u32 i = 0; i < UNWIND_WALKS; i++) {
		__u32 key = i;

		w = bpf_map_lookup_elem(&unwind_walks, &key);
		if (w && __sync_lock_test_and_set(&w->is_taken, 1) == 0)
			return w;
	}
	return NULL;
}

static __always_inline void unwind_walk_give(struct unwind_walk *w)
{
	(void)__sync_lock_test_and_set(&w->is_taken, 0);
}

struct unwind_next {
	struct unwind_walk *walk;
	const struct unwind_process *process;
};

static long unwind_next(__u32 index, void *data)
{
	struct unwind_next *next = data;

	unwind_step(next->walk, next->process);
	return next->walk->end != UNWIND_GOES_ON;
}

/*
 * Walks the current thread's user stack. @is_return: its program counter is a return address (a
 * return probe).
 */
static __always_inline void unwind_run(struct unwind_walk *w, __u32 tgid, bool is_return,
				       bool may_use_fp)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct unwind_next next = { .walk = w };
	const struct unwind_js *js = bpf_map_lookup_elem(&unwind_js, &tgid);

	unwind_begin(w, tgid, is_return, may_use_fp);
	UNWIND_START(w, regs);
	if (js)
		w->js = *js;
	next.process = bpf_map_lookup_elem(&unwind_processes, &tgid);
	if (!next.process) {
		w->end = STACK_NO_TABLE;
		w->is_unmapped = 1;
		return;
	}
	bpf_loop(STACK_MAX_FRAMES + UNWIND_MAX_HIJACKED, unwind_next, &next, 0);
	if (w->end == UNWIND_GOES_ON)
		w->end = STACK_TOO_DEEP;
}

#endif
