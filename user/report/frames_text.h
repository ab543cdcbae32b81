/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A stack as people read it. */
#ifndef REPORT_FRAMES_TEXT_H
#define REPORT_FRAMES_TEXT_H

#include "symbol/frame.h"

#include <stddef.h>
#include <stdio.h>

/*
 * One line per frame, or two when its name is long, leaf first; the middle of a deep stack is left
 * out. @cut: why the callers of the last are not known, NULL: they are.
 */
void frames_text(const struct frame *frames, size_t depth, const char *cut, FILE *out);

#endif
