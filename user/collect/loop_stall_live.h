/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* loop-stall on a screen: its loops, stalls and culprits once an interval, and keys. */
#ifndef COLLECT_LOOP_STALL_LIVE_H
#define COLLECT_LOOP_STALL_LIVE_H

#include "collect/loop_stall.h"

struct loop_stall_live;

/*
 * Takes the terminal and follows @c until the loop ends, which "q" does. A value is taken less
 * often than asked for when that would use more than a twentieth of a CPU. All is borrowed for the
 * life of it. 0 or -errno after saying why.
 */
int loop_stall_live_open(struct loop_stall *c, struct loop *loop, uint64_t interval_ns,
			 struct loop_stall_live **ret);
void loop_stall_live_free(struct loop_stall_live *l);
void loop_stall_live_freep(struct loop_stall_live **l);

#endif
