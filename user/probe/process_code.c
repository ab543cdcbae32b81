// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One reading of /proc/PID/maps; the target's memory map is locked for each. */
#include "probe/process_code.h"

#include "abi/stacks.h"
#include "base/scope.h"

#include <bpf/bpf.h>

int process_code_refresh(struct symbols *symbols, struct unwind_tables *unwind,
			 const struct target *t)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	int err = target_maps(t, &maps);

	return err ? err : process_code_take(symbols, unwind, t, &maps);
}

int process_code_take(struct symbols *symbols, struct unwind_tables *unwind, const struct target *t,
		      const struct procmaps *maps)
{
	int err = symbols_refresh(symbols, t, maps);

	if (!err && unwind)
		err = unwind_tables_refresh(unwind, t, maps);
	return err;
}

int process_code_set_ranges(const struct symbols *symbols, pid_t pid, int fd, uint32_t slot)
{
	struct code_ranges code;
	int err = symbols_code_ranges(symbols, pid, (uint64_t *)code.first, (uint64_t *)code.end);

	return err ? err : bpf_map_update_elem(fd, &slot, &code, BPF_ANY);
}
