// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* /proc/PID/maps from any bytes: what is accepted is ordered and can be found. */
#include "symbol/procmaps.h"

#include "fuzz.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct procmaps maps = { 0 };
	uint64_t offset = UINT64_MAX;
	uint64_t lowest = 0;
	int err = procmaps_parse((struct bytes){ data, size }, &maps, &offset);

	if (err) {
		assert(err == -EBADMSG && offset < size && maps.len == 0);
		return 0;
	}
	for (size_t i = 0; i < maps.len; i++) {
		const struct mapping *m = &maps.at[i];

		assert(m->start >= lowest && m->end > m->start && strlen(m->path) < size);
		assert(procmaps_find(&maps, m->start) == m &&
		       procmaps_find(&maps, m->end - 1) == m);
		assert(procmaps_find(&maps, m->end) != m);
		lowest = m->end;
	}
	procmaps_done(&maps);
	return 0;
}
