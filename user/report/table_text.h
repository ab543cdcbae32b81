/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tables of text reports share. */
#ifndef REPORT_TABLE_TEXT_H
#define REPORT_TABLE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_BAR_MAX 40

/* @part per hundred of @whole; 0 of nothing. */
double table_share_pct(uint64_t part, uint64_t whole);

/* A bar of at most @len <= TABLE_BAR_MAX for 100 %, rounded up, so that what is there can be seen.
 */
const char *table_bar(double pct, int len);

/* An empty line, and "WHAT, the first 3 of 7:". */
void table_title(const char *what, size_t shown, size_t count, FILE *out);

#endif
