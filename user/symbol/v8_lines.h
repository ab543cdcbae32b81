/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Line ends of a script: as V8 noted them, or found in the source. */
#ifndef SYMBOL_V8_LINES_H
#define SYMBOL_V8_LINES_H

#include "symbol/v8_memory.h"

struct v8_lines { /* a vector: positions of line ends, ascending */
	uint32_t *at;
	size_t len, cap;
};

/*
 * Of the script with these two fields, at most @max. 0, a reason, or -ENOMEM; ret_lines is the
 * caller's to free in each case.
 */
int v8_lines_read(struct v8_memory *m, uint64_t line_ends_word, uint64_t source_word, uint32_t max,
		  struct v8_lines *ret_lines);

#endif
