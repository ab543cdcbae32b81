/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of this process cost, as the kernel counts it: not by default. */
#ifndef PROBE_OWN_PROGRAMS_H
#define PROBE_OWN_PROGRAMS_H

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>

#define OWN_PROGRAMS_MAX 96

/* All programs of that name together. */
struct own_program {
	char name[BPF_OBJ_NAME_LEN];
	uint64_t run_ns, runs;
};

/* How many; 0 too when kernel.bpf_stats_enabled is off. */
size_t own_programs_read(struct own_program ret[OWN_PROGRAMS_MAX]);

#endif
