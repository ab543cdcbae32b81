// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Times calls of our own function with a probe on it. */
#include "probe/cost.h"

#include "base/scope.h"
#include "host/clock.h"
#include "probe/features.h"
#include "probe/self_probe.h"

#include <unistd.h>

#define HITS 1000 /* about 1 ms; a machine that is ten times slower notices nothing either */

uint64_t probe_cost_ns(void)
{
	_release_(self_probe_done) struct self_probe p = { -1, -1, -1 };
	void *(*volatile call)(void *) = self_probed;
	uint64_t start_ns, end_ns;

	if (!features_have_uprobe_multi() || self_probe_open(&p, getpid(), SELF_ENTRY))
		return 0;
	start_ns = clock_process_cpu_ns();
	for (int i = 0; i < HITS; i++)
		(void)call(0);
	end_ns = clock_process_cpu_ns();
	return self_probe_count(&p) == HITS ? (end_ns - start_ns) / HITS : 0;
}
