// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/counters.bpf.h for counters_test.c. */
#include "lib/prelude.bpf.h"

#define COUNTER_COUNT 3
#include "lib/counters.bpf.h"

__u32 slot;
__u32 which;
__u64 amount;
__u32 times;

static long add_one(__u32 index, struct counter_row **row)
{
	if (which < COUNTER_COUNT)
		counter_add(*row, which, amount);
	return 0;
}

static __always_inline int add_times(struct counter_row *row)
{
	if (!row)
		return -1;
	bpf_loop(times, add_one, &row, 0);
	return 0;
}

/* Adds @amount @times times; -1: there is no such slot. */
SEC("syscall")
int add(void *ctx)
{
	return add_times(counters_row(slot));
}

/* The same in CPU 0's row whatever CPU runs it, as a thread that preempts another on its CPU does.
 */
SEC("syscall")
int add_on_cpu_0(void *ctx)
{
	return add_times(bpf_map_lookup_percpu_elem(&counters, &slot, 0));
}
