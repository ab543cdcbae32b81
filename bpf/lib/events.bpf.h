/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ring buffer "events". A frequent event never wakes the reader (a wake-up costs more than all
 * the rest of a probe); it drains on its timer. Rare ones that ask for action do.
 */
#ifndef LIB_EVENTS_BPF_H
#define LIB_EVENTS_BPF_H

#include "abi/base.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024); /* bytes; user space may enlarge it before loading */
} events SEC(".maps");

/* Copies @size bytes of @event to the reader. False: the buffer was full, the caller counts it. */
static __always_inline bool events_send(void *event, __u64 size, bool wakes_reader)
{
	return bpf_ringbuf_output(&events, event, size,
				  wakes_reader ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP) == 0;
}

#endif
