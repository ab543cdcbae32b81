// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Series as a line of heights. */
#include "report/sparkline.h"

#include "tap.h"

int main(void)
{
	char line[SPARKLINE_LEN];
	uint64_t many[1000] = { 0 };

	is_text(sparkline(NULL, 0, line), "", "nothing");
	is_text(sparkline((const uint64_t[]){ 5 }, 1, line), "▄", "one");
	is_text(sparkline((const uint64_t[]){ 0, 0 }, 2, line), "▄▄", "zeros");
	is_text(sparkline((const uint64_t[]){ 0, 1, 2, 3, 4, 5, 6, 7 }, 8, line), "▁▂▃▄▅▆▇█",
		"each height");
	is_text(sparkline((const uint64_t[]){ 1000000, 1000001 }, 2, line), "▄▄",
		"less than one in a hundred is no range");
	is_text(sparkline((const uint64_t[]){ UINT64_MAX, 0 }, 2, line), "█▁", "the largest");
	many[500] = 7;
	is_text(sparkline(many, 1000, line), "▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁", "a peak is not lost");
	return tap_done();
}
