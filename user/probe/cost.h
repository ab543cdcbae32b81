/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a probe costs on this machine, measured on ourselves: it differs tenfold between machines.
 */
#ifndef PROBE_COST_H
#define PROBE_COST_H

#include <stdint.h>

/*
 * Mean CPU time in ns of one hit of a minimal program at an emulated instruction: a lower bound for
 * a real one. 0 when it cannot be measured (no uprobe_multi).
 */
uint64_t probe_cost_ns(void);

#endif
