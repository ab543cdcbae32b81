// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Heights between the lowest and the highest value. */
#include "report/sparkline.h"

#include <stdio.h>
#include <string.h>

#define HEIGHTS 8
#define MIDDLE	3
#define FLAT	100 /* a range of less than one in so many is no range */

char *sparkline(const uint64_t *values, size_t count, char buf[SPARKLINE_LEN])
{
	static const char heights[HEIGHTS][4] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	size_t cells = count < SPARKLINE_CELLS ? count : SPARKLINE_CELLS;
	uint64_t most[SPARKLINE_CELLS] = { 0 }, low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < count; i++) {
		size_t cell = i * cells / count;

		if (values[i] > most[cell])
			most[cell] = values[i];
	}
	for (size_t i = 0; i < cells; i++) {
		low = most[i] < low ? most[i] : low;
		high = most[i] > high ? most[i] : high;
	}
	buf[0] = 0;
	for (size_t i = 0; i < cells; i++) {
		size_t height = MIDDLE;

		if (high - low > high / FLAT)
			height = (size_t)((double)(most[i] - low) / (double)(high - low) *
						  (HEIGHTS - 1) +
					  0.5);
		memcpy(buf + 3 * i, heights[height], 4);
	}
	return buf;
}
