// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Shares, for all tables of a profile alike. */
#include "report/share.h"

double share_pct(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

const char *share_bar(double pct)
{
	static const char full[SHARE_BAR_LEN + 1] = "##########";
	int len = (int)((pct * SHARE_BAR_LEN + 99.999) / 100);

	return full + SHARE_BAR_LEN - (len > SHARE_BAR_LEN ? SHARE_BAR_LEN : len);
}
