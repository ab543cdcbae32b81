// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A library that cpu-work loads in the middle of its run. */
#include <stdint.h>

static volatile uint64_t sum;

__attribute__((noinline)) static void plugin_round(uint64_t seed)
{
	for (uint64_t i = 0; i < 20000; i++)
		sum = sum * 6364136223846793005ull + (seed ^ i);
}

void plugin_work(void);
void plugin_work(void)
{
	for (uint64_t i = 0; i < 10; i++)
		plugin_round(i);
}
