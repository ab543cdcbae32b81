/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The current thread's user stack, counted by how its walk ended; user space is asked for mappings
 * it does not know. The includer defines which of its counters these are: COUNTER_LOST_STACKS,
 * COUNTER_STACKS (STACK_ENDS of them), COUNTER_STACKS_BY_FP.
 */
#ifndef LIB_PROCESS_STACK_BPF_H
#define LIB_PROCESS_STACK_BPF_H

#include "lib/process.bpf.h"
#include "lib/stacks.bpf.h"

#ifndef COUNTER_STACKS
#error "define COUNTER_STACKS before including process_stack.bpf.h"
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct code_ranges);
} code SEC(".maps");

/* Its id, STACK_NONE: lost, counted. @slot: of the process's counters, @count. */
static __always_inline __u64 process_stack(void *ctx, __u32 tgid, __u32 slot,
					   struct counter_row *count)
{
	struct stack_taken taken =
		stack_intern(ctx, tgid, bpf_map_lookup_elem(&code, &slot), false);

	if (taken.id == STACK_NONE && !taken.is_unmapped)
		counter_add(count, COUNTER_LOST_STACKS, 1);
	if (taken.end < STACK_ENDS)
		counter_add(count, COUNTER_STACKS + taken.end, 1);
	counter_add(count, COUNTER_STACKS_BY_FP, taken.is_by_fp);
	if (taken.is_unmapped)
		process_ask_for_mappings(slot, tgid);
	return taken.id;
}

/* The stack in the kernel, STACK_NONE: it is not in it, or lost, counted. */
static __always_inline __u64 process_stack_kernel(void *ctx, struct counter_row *count)
{
	bool is_lost = false;
	__u64 id = stack_intern_kernel(ctx, false, &is_lost);

	counter_add(count, COUNTER_LOST_STACKS, is_lost);
	return id;
}

#endif
