/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lines of loop-stall's live screen: state in, lines out, for a terminal of any size. */
#ifndef REPORT_LOOP_SCREEN_H
#define REPORT_LOOP_SCREEN_H

#include "base/screen.h"
#include "report/loop_view.h"

/* @v is scrolled so that its cursor is seen. 0 or -ENOMEM. */
int loop_screen_draw(struct loop_view *v, size_t rows, size_t columns, struct screen *ret);

#endif
