/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a child that reads hostile files gives up before it does: its user, its descriptors, and
 * every system call but the few that reading, allocating and writing take (rules S1-S3).
 */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sandbox {
	const int *kept_fds; /* all others are closed */
	size_t kept_count;
	pid_t parent; /* the child ends with it */
	uint64_t max_memory_bytes;
	unsigned int max_cpu_s;
};

/*
 * For a forked child; there is no way back. Afterwards it is nobody, can open and execute nothing,
 * and is killed (SIGSYS) for any other system call than those on the list. Questions about paths
 * are answered with EACCES: libdw asks one. False: not all of it could be had, the child must end.
 * Under AddressSanitizer there are no memory limit and no list of calls: it needs more of both.
 */
bool sandbox_enter(const struct sandbox *s);

#endif
