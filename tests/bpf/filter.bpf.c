// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/filter.bpf.h for filter_test.c. */
#include "lib/prelude.bpf.h"

#include "lib/filter.bpf.h"

__u32 tgid;

/* The slot of process @tgid, -1: it does not count. */
SEC("syscall")
int look_up(void *ctx)
{
	struct target_state *target = filter_target(tgid);

	return target ? (int)target->slot : -1;
}
