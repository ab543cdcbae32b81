/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of a whole as numbers and as bars. */
#ifndef REPORT_SHARE_H
#define REPORT_SHARE_H

#include <stdint.h>

#define SHARE_BAR_LEN 10

/* Per cent; 0 of nothing. */
double share_pct(uint64_t part, uint64_t whole);

/* A bar of at most SHARE_BAR_LEN: rounded up, so that what is there can be seen. */
const char *share_bar(double pct);

#endif
