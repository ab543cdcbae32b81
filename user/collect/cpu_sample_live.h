/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* cpu-sample on a screen: its figures once an interval, and keys. */
#ifndef COLLECT_CPU_SAMPLE_LIVE_H
#define COLLECT_CPU_SAMPLE_LIVE_H

#include "collect/cpu_sample.h"

struct cpu_sample_live;

/*
 * Takes the terminal and follows @c until the loop ends, which "q" does. Figures are taken less
 * often than asked for when that would use more than a tenth of a CPU. All is borrowed for the
 * life of it. 0 or -errno after saying why.
 */
int cpu_sample_live_open(struct cpu_sample *c, struct loop *loop, uint64_t interval_ns,
			 struct cpu_sample_live **ret);
void cpu_sample_live_free(struct cpu_sample_live *l);
void cpu_sample_live_freep(struct cpu_sample_live **l);

#endif
