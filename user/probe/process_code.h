/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The executable mappings of a process, read once for all who need them: the names of its functions
 * (host/symbols) and the walk of its stacks (probe/unwind_tables; abi/stacks.h without those).
 */
#ifndef PROBE_PROCESS_CODE_H
#define PROBE_PROCESS_CODE_H

#include "host/symbols.h"
#include "probe/unwind_tables.h"

#include <stdint.h>

/*
 * Reads the mappings of @t and hands them to both; @unwind may be NULL. 0, or the first error:
 * names are taken even when the tables cannot be.
 */
int process_code_refresh(struct symbols *symbols, struct unwind_tables *unwind,
			 const struct target *t);

/* The same with mappings that were read already. */
int process_code_take(struct symbols *symbols, struct unwind_tables *unwind, const struct target *t,
		      const struct procmaps *maps);

/*
 * For walks by the kernel: tells map "code" (@fd), at @slot, where the code known of @pid lies.
 * 0 or -errno, -ENODATA when none is known.
 */
int process_code_set_ranges(const struct symbols *symbols, pid_t pid, int fd, uint32_t slot);

#endif
