// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/stacks.bpf.h for stacks_test.c: one thread runs it, so that its scratch may be global. */
#include "lib/prelude.bpf.h"

#include "lib/stacks.bpf.h"

__u32 tgid;
__u64 id;
__u32 hits;
struct stack scratch;

SEC("uprobe")
int take(struct pt_regs *ctx)
{
	id = stack_intern(ctx, tgid, NULL, &scratch);
	hits++;
	return 0;
}
