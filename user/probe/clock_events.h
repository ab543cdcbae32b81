/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A perf event on each CPU that runs a BPF program at a steady rate. */
#ifndef PROBE_CLOCK_EVENTS_H
#define PROBE_CLOCK_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/libbpf.h>

struct clock_events {
	struct bpf_link **links; /* one per CPU that is there */
	size_t len;
	bool is_hardware; /* counts cycles, not time */
};

/*
 * Attaches @prog at @frequency_hz on every CPU that is online: by the kernel's software clock, or,
 * with @wants_cycles, by hardware cycles where there are some. 0 or -errno; nothing stays attached
 * on failure.
 */
int clock_events_attach(struct bpf_program *prog, uint64_t frequency_hz, bool wants_cycles,
			struct clock_events *ret);
void clock_events_detach(struct clock_events *c);

#endif
