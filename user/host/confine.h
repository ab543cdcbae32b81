/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a privileged process that runs for weeks gives up once it has started (rule S26), while it
 * goes on attaching to new processes, reading /proc and the files of targets, and starting its
 * unprivileged child again. (A child that needs nothing of this: host/sandbox.h.)
 */
#ifndef HOST_CONFINE_H
#define HOST_CONFINE_H

/*
 * From now on: no capability but those that takes, no new privileges, nothing of it readable by
 * others of its user; no program is executed, no file changed, no socket but its child's made, no
 * process traced: other system calls fail with EPERM. 0 or -errno; it is not to go on then.
 */
int confine_collector(void);

#endif
