// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways to take a stack, one program each, for the kernel to measure. */
#include "lib/prelude.bpf.h"

#include "lib/stacks.bpf.h"

__u32 tgid;
__u32 frames, end; /* of the last stack: what was found, enum stack_end */
__u64 id;	   /* of the last one kept */
__u64 stack_ends[STACK_ENDS];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64); /* id of a stack */
	__type(value, __u64);
} counts SEC(".maps");

/* What the measuring itself takes. */
SEC("uprobe")
int nothing(void *ctx)
{
	return 0;
}

SEC("uprobe")
int walk(void *ctx)
{
	struct unwind_walk *w = unwind_walk_take();

	if (!w)
		return 0;
	unwind_run(w, tgid, false, true);
	frames = w->part * STACK_PART_FRAMES + w->depth;
	end = w->end;
	unwind_walk_give(w);
	return 0;
}

/* As the tools do. */
SEC("uprobe")
int intern(void *ctx)
{
	struct stack_taken taken = stack_intern(ctx, tgid, NULL, false);

	id = taken.id;
	end = taken.end;
	return 0;
}

SEC("uprobe")
int kernel(void *ctx)
{
	struct unwind_walk *w = unwind_walk_take();
	long bytes;

	if (!w)
		return 0;
	bytes = bpf_get_stack(ctx, w->parts[0].frames, sizeof(w->parts[0].frames),
			      BPF_F_USER_STACK);
	frames = bytes > 0 ? (__u32)bytes / sizeof(__u64) : 0;
	end = STACK_UNTOLD;
	unwind_walk_give(w);
	return 0;
}

SEC("perf_event")
int sample(void *ctx)
{
	struct stack_taken taken = stack_intern(ctx, tgid, NULL, false);
	__u64 *count, one = 1;

	if (taken.end < STACK_ENDS)
		__sync_fetch_and_add(&stack_ends[taken.end], 1);
	if (taken.id == STACK_NONE ||
	    bpf_map_update_elem(&counts, &taken.id, &one, BPF_NOEXIST) == 0)
		return 0;
	count = bpf_map_lookup_elem(&counts, &taken.id);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
