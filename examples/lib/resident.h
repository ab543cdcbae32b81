/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How much of this process is in memory. */
#ifndef EXAMPLE_RESIDENT_H
#define EXAMPLE_RESIDENT_H

#include <stdint.h>

/* As the kernel counts it (RSS); 0 when it cannot be read. */
uint64_t resident_bytes(void);

#endif
