// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any series of maps and unmaps (3 bytes each: what, start, length) agrees with a map of bytes. */
#include "profile/ranges.h"

#include "fuzz.h"
#include "ranges_model.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ranges_model model = { 0 };
	struct ranges ranges = { 0 };

	for (size_t i = 0; i + 3 <= size; i += 3) {
		uint64_t start = data[i + 1], end = start + data[i + 2] % 44;
		uint64_t stack = i + 1;
		int err;

		if (data[i] % 2) {
			err = ranges_map(&ranges, start, end, i, stack);
			assert(err == (start < end ? 0 : -EINVAL));
			model_map(&model, start, end, stack);
		} else {
			assert(ranges_unmap(&ranges, start, end, &err) ==
			       model_unmap(&model, start, end));
			assert(err == 0);
		}
		assert(model_agrees(&model, &ranges));
	}
	ranges_done(&ranges);
	return 0;
}
