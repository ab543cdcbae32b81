// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/inflight.bpf.h for inflight_test.c. */
#include "lib/prelude.bpf.h"

#include "lib/inflight.bpf.h"

struct inflight call;
__u64 sp;
bool is_lost;

/* An entry with stack pointer @sp; 1: it counts. */
SEC("syscall")
int enter(void *ctx)
{
	bool lost, counts = inflight_enter(&call, sp, &lost);

	is_lost = lost;
	return counts;
}

/* A return with stack pointer @sp; 1: it closes the open call. */
SEC("syscall")
int leave(void *ctx)
{
	bool lost, closes = inflight_leave(&call, sp, &lost);

	is_lost = lost;
	return closes;
}
