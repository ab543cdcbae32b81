/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * User stacks by the kernel's frame-pointer walk, interned by content: a 64-bit hash over process
 * and frames is the key, so no stack displaces another as in the kernel's own stack maps (two of
 * 100,000 distinct stacks share a hash with probability 3e-10).
 */
#ifndef LIB_STACKS_BPF_H
#define LIB_STACKS_BPF_H

#include "abi/stacks.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536); /* user space may change it before loading */
	__type(key, __u64);
	__type(value, struct stack);
} stacks SEC(".maps");

static __always_inline bool code_holds(const struct code_ranges *code, __u64 addr)
{
	return (addr >= code->first[0] && addr < code->end[0]) ||
	       (addr >= code->first[1] && addr < code->end[1]);
}

/*
 * Hashes the frames, and ends the stack where it stops being one: a function may use the frame
 * pointer for something else, and then the walk goes on through whatever it points to. Such a chain
 * ends at the first address that cannot be code: otherwise data would make every stack a new one.
 * The first frame is the direct caller and always right. (One loop for both: with two, old
 * verifiers follow each length of the first through the second.)
 */
static __always_inline __u64 stack_hash(struct stack *s, const struct code_ranges *code)
{
	bool is_known = code && code->end[0];
	__u64 hash = s->tgid;
	__u32 i;

	for (i = 0; i < STACK_DEPTH; i++) {
		if (i >= s->depth || (i && is_known && !code_holds(code, s->frames[i])))
			break;
		hash = (hash ^ s->frames[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	s->depth = i;
	return hash ?: 1; /* 0 is STACK_NONE */
}

/*
 * Takes the current user stack into @scratch (owned by the current thread: per-CPU memory would not
 * do, programs are preemptible) and returns its id; @code may be NULL; STACK_NONE when it could not
 * be walked or kept.
 */
static __always_inline __u64 stack_intern(void *ctx, __u32 tgid, const struct code_ranges *code,
					  struct stack *scratch)
{
	long bytes = bpf_get_stack(ctx, scratch->frames, sizeof(scratch->frames), BPF_F_USER_STACK);
	__u64 id;
	long err;

	if (bytes <= 0)
		return STACK_NONE;
	scratch->tgid = tgid;
	scratch->depth = (__u32)bytes / sizeof(__u64);
	id = stack_hash(scratch, code);
	if (bpf_map_lookup_elem(&stacks, &id))
		return id;
	err = bpf_map_update_elem(&stacks, &id, scratch, BPF_NOEXIST);
	return err == 0 || err == -17 /* EEXIST: another thread was first */ ? id : STACK_NONE;
}

#endif
