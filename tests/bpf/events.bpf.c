// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/events.bpf.h for events_test.c. */
#include "lib/prelude.bpf.h"

#include "lib/events.bpf.h"

__u64 number;
bool wakes_reader;

/* Sends @number; 1: sent, 0: the buffer was full. */
SEC("syscall")
int send(void *ctx)
{
	__u64 event[2] = { number, ~number };

	return events_send(event, sizeof(event), wakes_reader);
}
