/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Starts the command after "--" as the user who called sudo (SUDO_UID, SUDO_GID and that user's
 * groups, HOME, USER, LOGNAME), not as root, and holds it at its first own instruction: the loader
 * has mapped every library and run nothing of main yet (rule S28). By ptrace, released at
 * spawn_release.
 */
#ifndef HOST_SPAWN_H
#define HOST_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * @leaves_terminal: the terminal is ours alone, and what of its standard input and output would be
 * one is /dev/null. 0 and *ret_pid, held at its entry point. -ENOENT/-EACCES... when it cannot be
 * executed; -ECHILD when it ended before its entry point.
 */
int spawn_held(char *const argv[], bool leaves_terminal, pid_t *ret_pid);

/* Lets it run, untraced from here on. 0 or -errno. */
int spawn_release(pid_t pid);

#endif
