/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Work on input that nobody vouches for, in a process of its own that can do nothing else (rule S34
 * of the threat model): what it needs is opened before.
 */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

#include <stdbool.h>

#define WORKER_NO_SANDBOX (-1)

/*
 * Runs @work in a child that opens no further file and gains no privileges, and that is nobody when
 * we are root and not @keep_root. Waits for it; a SIGINT, SIGTERM or SIGHUP that comes meanwhile
 * ends it. Returns what @work returned (0 to 125), 128 + N when a signal ended it, and
 * WORKER_NO_SANDBOX when it could not be shut in, or -errno when it could not be started.
 */
int worker_run(int (*work)(void *ctx), void *ctx, bool keep_root);

/*
 * An exit status of what worker_run returned: @status itself when the work returned it, else what
 * fits, after saying what has happened. The tool's option --as-root is @keep_root.
 */
int worker_conclude(int status);

#endif
