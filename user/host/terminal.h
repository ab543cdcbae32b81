/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The terminal as a screen: ncurses, driven by the loop. However the process ends, short of
 * SIGKILL, the terminal is given back as it was: at the loop's end, by a crash, and while it is
 * stopped.
 */
#ifndef HOST_TERMINAL_H
#define HOST_TERMINAL_H

#include "base/screen.h"
#include "host/cli.h"
#include "host/loop.h"

#include <stdbool.h>

/* What the loop calls; results as of a loop_fn. */
struct terminal_events {
	int (*on_key)(void *ctx, int key); /* base/screen.h */
	loop_fn on_redraw;		   /* its size is another, or it shows something else */
	void *ctx;
};

struct terminal;

#define TERMINAL_INTERVAL_NS 1000000000ull /* what is shown is so old, unless -i says otherwise */

/*
 * For --live: ends the program with a usage error unless standard input and output are a terminal,
 * and when @wants_report without -o. Settles the interval.
 */
void terminal_settle(struct cli_common *c, bool wants_report);

/*
 * Takes it, until terminal_free or the end of @loop; log lines are held back as long. One at a
 * time. 0 or -errno after saying why.
 */
int terminal_open(struct loop *loop, const struct terminal_events *events, struct terminal **ret);
void terminal_free(struct terminal *t);
void terminal_freep(struct terminal **t);

void terminal_size(const struct terminal *t, size_t *ret_rows, size_t *ret_columns);
void terminal_show(struct terminal *t, const struct screen *s);

#endif
