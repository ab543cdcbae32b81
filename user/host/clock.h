/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Time, read in one place. */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <stdint.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

/* CLOCK_MONOTONIC in ns: the clock of bpf_ktime_get_ns(). */
uint64_t clock_monotonic_ns(void);

/* CLOCK_REALTIME in ns since the epoch. */
uint64_t clock_realtime_ns(void);

/* CLOCK_BOOTTIME in ns: what start times in /proc are counted by. */
uint64_t clock_boottime_ns(void);

/* CPU time of this process so far, in ns. */
uint64_t clock_process_cpu_ns(void);

/* CPU time of its children that have ended and were waited for, in ns. */
uint64_t clock_children_cpu_ns(void);

#endif
