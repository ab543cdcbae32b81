/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the host of a virtual machine took of it, from /proc/stat (proc(5): "steal"), noted now and
 * then: a hint, of all CPUs together, in steps of 10 ms.
 */
#ifndef HOST_STEAL_H
#define HOST_STEAL_H

#include <stddef.h>
#include <stdint.h>

#define STEAL_NOTES 1024

struct steal {
	struct steal_note {
		uint64_t at_ns;	      /* CLOCK_MONOTONIC */
		uint64_t stolen, all; /* ticks since the machine started */
	} at[STEAL_NOTES];	      /* the newest, in a ring */
	size_t count;		      /* ever noted */
};

/* Notes how it is at @now_ns. */
void steal_note(struct steal *s, uint64_t now_ns);

/*
 * Per cent of the machine's time between @from_ns and @to_ns, by the notes around them; 0 when it
 * was less, or they are too few.
 */
uint64_t steal_pct(const struct steal *s, uint64_t from_ns, uint64_t to_ns);

#endif
