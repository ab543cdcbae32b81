// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Shares, bars, titles. */
#include "report/table_text.h"

double table_share_pct(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

const char *table_bar(double pct, int len)
{
	static const char full[TABLE_BAR_MAX + 1] = "########################################";
	int used = (int)((pct * len + 99.999) / 100);

	return full + TABLE_BAR_MAX - (used > len ? len : used);
}

void table_title(const char *what, size_t shown, size_t count, FILE *out)
{
	if (shown < count)
		(void)fprintf(out, "\n%s, the first %zu of %zu:\n", what, shown, count);
	else
		(void)fprintf(out, "\n%s:\n", what);
}
