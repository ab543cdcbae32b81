/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Work that costs a known amount of CPU. */
#ifndef EXAMPLE_SPIN_H
#define EXAMPLE_SPIN_H

#include <stdint.h>

/* Until the calling thread has used @cpu_ns more, by its own clock. Waiting for a CPU does not
 * count. */
void spin_cpu(uint64_t cpu_ns);

#endif
