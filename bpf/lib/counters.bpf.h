/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Per-CPU counters, one row per observed process. The includer defines COUNTER_COUNT. Additions
 * are atomic because another thread can preempt a uprobe program on the same CPU.
 */
#ifndef LIB_COUNTERS_BPF_H
#define LIB_COUNTERS_BPF_H

#include "abi/target.h"

#ifndef COUNTER_COUNT
#error "define COUNTER_COUNT before including counters.bpf.h"
#endif

struct counter_row {
	__u64 at[COUNTER_COUNT];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct counter_row);
} counters SEC(".maps");

/* The running CPU's row of process slot @slot; NULL only for a slot that does not exist. */
static __always_inline struct counter_row *counters_row(__u32 slot)
{
	return bpf_map_lookup_elem(&counters, &slot);
}

#define counter_add(row, which, amount) __sync_fetch_and_add(&(row)->at[which], (amount))

#endif
