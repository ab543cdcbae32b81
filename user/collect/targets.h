/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From -p, -n, -s and -- COMMAND to processes: the same for all tools. */
#ifndef COLLECT_TARGETS_H
#define COLLECT_TARGETS_H

#include "host/cli.h"

/* What takes hold of a process; both return an exit status after saying why. */
struct targets_sink {
	int (*add)(void *ctx, pid_t pid);
	/* One below a process asked for (-s): that it ends or cannot be watched is no error. */
	int (*add_descendant)(void *ctx, pid_t pid);
	void *ctx;
};

/*
 * Gives each process that is asked for to @sink, a command's before its first instruction. An exit
 * status; that of the first one that failed, said.
 */
int targets_add(const struct cli_common *c, const struct targets_sink *sink);

/* Why target_open (host/target.h) failed for @pid, and @tgid what it gave. An exit status. */
int targets_say_not_opened(pid_t pid, int err, pid_t tgid);

/* The same for a watch without end, where processes come and go: one line, at -v. */
int targets_pass_over(pid_t pid, int err);

#endif
