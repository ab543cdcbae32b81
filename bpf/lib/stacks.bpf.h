/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * User stacks, interned by content: a 64-bit hash over process and frames is the key, so no stack
 * displaces another as in the kernel's own stack maps (two of 100,000 distinct stacks share a hash
 * with probability 3e-10). They are walked by tables (unwind.bpf.h) or, when user space asks for
 * it, by the kernel's own walk along frame pointers.
 */
#ifndef LIB_STACKS_BPF_H
#define LIB_STACKS_BPF_H

#include "abi/stacks.h"
#include "lib/unwind.bpf.h"

/* How stacks are walked; set before loading. */
const volatile bool stacks_by_kernel = false; /* its walk, frame pointers only */
const volatile bool stacks_may_use_fp = true; /* where there is no table */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536); /* user space may change it before loading */
	__type(key, __u64);
	__type(value, struct stack);
} stacks SEC(".maps");

/*
 * Ids of stacks of processes that run V8 when they are first seen: user space names them before V8
 * throws the functions away. When it is full they are named later, if they still can be.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 128 << 10);
} stacks_fresh SEC(".maps");

/* What became of a stack. */
struct stack_taken {
	__u64 id;  /* STACK_NONE: it could not be walked or kept */
	__u32 end; /* enum stack_end */
	bool is_by_fp;
	bool is_unmapped; /* it led to code of which user space has not told yet */
};

static __always_inline bool code_holds(const struct code_ranges *code, __u64 addr)
{
	return (addr >= code->first[0] && addr < code->end[0]) ||
	       (addr >= code->first[1] && addr < code->end[1]);
}

/*
 * Hashes the frames of the kernel's walk, and ends the stack where it stops being one: a function
 * may use the frame pointer for something else, and then the walk goes on through whatever it
 * points to. Such a chain ends at the first address that cannot be code: otherwise data would make
 * every stack a new one. The first frame is always right. (One loop for both: with two, old
 * verifiers follow each length of the first through the second.)
 */
static __always_inline void stack_clip(struct unwind_walk *w, const struct code_ranges *code,
				       __u32 depth)
{
	bool is_known = code && code->end[0];
	struct stack *stack = &w->parts[0];
	__u64 hash = w->hash[0];
	__u32 i;

	for (i = 0; i < STACK_PART_FRAMES; i++) {
		if (i >= depth || (i && is_known && !code_holds(code, stack->frames[i])))
			break;
		if (i || w->is_return) /* into the call */
			stack->frames[i]--;
		hash = stack_hash_step(hash, stack->frames[i]);
	}
	w->hash[0] = hash;
	w->depth = i;
}

/* The kernel's walk; finds nothing at worst. */
static __always_inline void stack_walk_by_kernel(void *ctx, struct unwind_walk *w,
						 const struct code_ranges *code)
{
	long bytes = bpf_get_stack(ctx, w->parts[0].frames, sizeof(w->parts[0].frames),
				   BPF_F_USER_STACK);

	w->end = bytes > 0 ? STACK_UNTOLD : STACK_UNREADABLE;
	if (bytes > 0)
		stack_clip(w, code, (__u32)bytes / sizeof(__u64));
}

/* One part of a stack, whose continuation has id @next. Returns its id. */
static __always_inline __u64 stack_keep_part(struct stack *part, __u64 hash, __u64 next,
					     __u8 *ret_is_new)
{
	__u64 id;
	long err;

	part->next = next;
	*ret_is_new = 0;
	id = (hash ^ next ^ part->end) * 0x9e3779b97f4a7c15ull;
	id = (id ^ (id >> 32)) ?: 1; /* 0 is STACK_NONE */
	if (bpf_map_lookup_elem(&stacks, &id))
		return id;
	err = bpf_map_update_elem(&stacks, &id, part, BPF_NOEXIST);
	*ret_is_new = err == 0;
	return err == 0 || err == -17 /* EEXIST: another thread was first */ ? id : STACK_NONE;
}

/* Part @i of the stack, which the part with id *id follows; *id becomes its own. */
static __always_inline void stack_keep_next(struct unwind_walk *w, __u32 i, __u32 tgid, __u64 *id)
{
	struct stack *part = &w->parts[i];

	if (i > w->part || (i < w->part && *id == STACK_NONE))
		return;
	part->tgid = tgid;
	part->depth = i == w->part ? w->depth : STACK_PART_FRAMES;
	part->end = w->end;
	part->is_by_fp = w->is_by_fp;
	*id = stack_keep_part(part, w->hash[i], *id, &w->is_new);
}

/* From the root to the leaf, each part pointing to the next. No loop: clang 14 makes one of it that
 * the verifier of 6.1 does not take. */
static __always_inline __u64 stack_keep(struct unwind_walk *w, __u32 tgid)
{
	__u64 id = STACK_NONE;

	_Static_assert(STACK_PARTS == 4, "one line for each");
	stack_keep_next(w, 3, tgid, &id);
	stack_keep_next(w, 2, tgid, &id);
	stack_keep_next(w, 1, tgid, &id);
	stack_keep_next(w, 0, tgid, &id);
	return id;
}

/*
 * Takes the current thread's user stack. @is_return: the program counter is a return address.
 * @code, for the kernel's walk only, may be NULL.
 */
static __always_inline struct stack_taken
stack_intern(void *ctx, __u32 tgid, const struct code_ranges *code, bool is_return)
{
	struct stack_taken taken = { .id = STACK_NONE, .end = STACK_UNREADABLE };
	struct unwind_walk *w = unwind_walk_take();

	if (!w)
		return taken;
	if (stacks_by_kernel) {
		unwind_begin(w, tgid, is_return, true);
		stack_walk_by_kernel(ctx, w, code);
	} else {
		unwind_run(w, tgid, is_return, stacks_may_use_fp);
	}
	taken.end = w->end;
	taken.is_by_fp = w->is_by_fp;
	taken.is_unmapped = w->is_unmapped;
	if (w->part || w->depth)
		taken.id = stack_keep(w, tgid);
	if (w->is_new && w->js.shared)
		(void)bpf_ringbuf_output(&stacks_fresh, &taken.id, sizeof(taken.id), 0);
	unwind_walk_give(w);
	return taken;
}

/*
 * The kernel's own stack, where the thread is in it: by id as well, of process 0. STACK_NONE: it
 * ran in user mode, or it could not be kept (*ret_is_lost).
 */
static __always_inline __u64 stack_intern_kernel(void *ctx, bool is_return, bool *ret_is_lost)
{
	struct unwind_walk *w = unwind_walk_take();
	__u64 id = STACK_NONE;
	long bytes;

	*ret_is_lost = !w;
	if (!w)
		return STACK_NONE;
	unwind_begin(w, 0, is_return, true);
	bytes = bpf_get_stack(ctx, w->parts[0].frames, sizeof(w->parts[0].frames), 0);
	if (bytes > 0) {
		stack_clip(w, NULL, (__u32)bytes / sizeof(__u64));
		w->end = STACK_COMPLETE;
		id = stack_keep(w, 0);
		*ret_is_lost = id == STACK_NONE;
	}
	unwind_walk_give(w);
	return id;
}

#endif
