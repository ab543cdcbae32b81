/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A series in one line of text. */
#ifndef REPORT_SPARKLINE_H
#define REPORT_SPARKLINE_H

#include <stddef.h>
#include <stdint.h>

#define SPARKLINE_CELLS 24
/* Eight heights, of three bytes each in UTF-8, and a NUL. */
#define SPARKLINE_LEN (SPARKLINE_CELLS * 3 + 1)

/*
 * The @count @values, oldest first, by the most of each of at most SPARKLINE_CELLS stretches; the
 * lowest of these is the lowest height, unless all are within one in a hundred: a line along the
 * middle then. "" of none. Returns @buf.
 */
char *sparkline(const uint64_t *values, size_t count, char buf[SPARKLINE_LEN]);

#endif
