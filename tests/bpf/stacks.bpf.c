// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/stacks.bpf.h for stacks_test.c and unwind_test.c. */
#include "lib/prelude.bpf.h"

#include "lib/stacks.bpf.h"

__u32 tgid;
__u64 id;
__u32 end, is_by_fp, is_unmapped;
__u32 hits;

SEC("uprobe")
int take(struct pt_regs *ctx)
{
	struct stack_taken taken = stack_intern(ctx, tgid, NULL, false);

	id = taken.id;
	end = taken.end;
	is_by_fp = taken.is_by_fp;
	is_unmapped = taken.is_unmapped;
	hits++;
	return 0;
}

/* A probe of somebody else. */
SEC("uprobe")
int other(struct pt_regs *ctx)
{
	return 0;
}
