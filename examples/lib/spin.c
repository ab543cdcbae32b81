// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Computes in steps of some microseconds and looks at the thread's clock after each. */
#include "spin.h"

#include "ledger.h"
#include "site.h"

#define STEPS_PER_LOOK 1000

static _Thread_local volatile uint64_t spun; /* the compiler may not leave the work out */

TRUTH_SITE void spin_cpu(uint64_t cpu_ns)
{
	uint64_t began_ns = thread_cpu_ns();
	uint64_t seed = spun;

	while (thread_cpu_ns() - began_ns < cpu_ns) {
		for (int i = 0; i < STEPS_PER_LOOK; i++)
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	}
	spun = seed;
}
