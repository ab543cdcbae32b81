/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which processes count. User space fills the map "targets" (by tgid in the initial PID namespace)
 * before it attaches; the kernel side only ever marks one as stopped.
 */
#ifndef LIB_FILTER_BPF_H
#define LIB_FILTER_BPF_H

#include "abi/target.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct target_state);
} targets SEC(".maps");

/* The state of process @tgid when it is observed and not stopped, else NULL. */
static __always_inline struct target_state *filter_target(__u32 tgid)
{
	struct target_state *t = bpf_map_lookup_elem(&targets, &tgid);

	return t && !t->is_stopped ? t : NULL;
}

/* The same, also while user space is still getting ready for it: what it does is told of. */
static __always_inline struct target_state *filter_known(__u32 tgid)
{
	struct target_state *t = bpf_map_lookup_elem(&targets, &tgid);

	return t && t->is_stopped != TARGET_STOPPED ? t : NULL;
}

#endif
