// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The second number of /proc/self/statm. */
#include "resident.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/scope.h"

uint64_t resident_bytes(void)
{
	_release_(fclosep) FILE *statm = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;

	if (!statm || fscanf(statm, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
