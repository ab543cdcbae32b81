/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk of bpf/lib/unwind_walk.h from outside: of a thread that sleeps in a system call, by the
 * registers it had in user mode. Its memory is read now; when it went on since, the stack is of two
 * moments: look afterwards whether it is still where the registers say.
 */
#ifndef PROBE_UNWIND_LOOK_H
#define PROBE_UNWIND_LOOK_H

#include "host/target.h"
#include "probe/stacks.h"
#include "probe/unwind_store.h"

/*
 * @registers: 16 by DWARF number. @maps: with the tables and mappings of @t in them. 0, -ENOENT
 * nothing is known of the process, -ENOMEM.
 */
int unwind_look(const struct unwind_maps *maps, const struct target *t, const __u64 registers[16],
		uint64_t pc, struct stack_frames *ret);

#endif
