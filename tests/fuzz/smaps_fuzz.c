// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* /proc/PID/smaps from any bytes: what is accepted is ordered, and its pools add up. */
#include "symbol/smaps.h"

#include "fuzz.h"
#include "profile/memory_pools.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct memory_facts facts = { 0 };
	struct memory_sample s = { 0 };
	struct smaps maps = { 0 };
	uint64_t offset = UINT64_MAX, lowest = 0, pools = 0;
	uint64_t chunks[64];
	int err = smaps_parse((struct bytes){ data, size }, &maps, &offset);

	if (err) {
		assert(err == -EBADMSG && offset < size && maps.len == 0);
		return 0;
	}
	for (size_t i = 0; i < maps.len; i++) {
		assert(maps.at[i].m.start >= lowest && maps.at[i].m.end > maps.at[i].m.start);
		lowest = maps.at[i].m.end;
	}
	memory_pools_sum(&maps, &facts, &s);
	for (enum memory_figure f = MEMORY_FIRST_POOL; f < MEMORY_END_POOLS; f++)
		pools += s.bytes[f];
	assert(pools == s.bytes[MEMORY_RSS]);
	assert(memory_chunks(&maps, chunks, 64) <= 64);
	smaps_done(&maps);
	return 0;
}
