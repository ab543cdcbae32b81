/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which places in a program read the same, and in which order they stand. */
#ifndef PROFILE_FRAME_ORDER_H
#define PROFILE_FRAME_ORDER_H

#include "symbol/frame.h"

/*
 * <0, 0, >0 by function, module, file, line, column, kind, whether it is inlined; the offset tells
 * apart only what has no name: two calls on one line are one place.
 */
int frame_compare(const struct frame *a, const struct frame *b);

/*
 * As frame_compare, of the functions: lines and inlining do not count, but for code made
 * at run time, whose line is where its function begins.
 */
int frame_compare_functions(const struct frame *a, const struct frame *b);

#endif
