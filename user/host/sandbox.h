/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a child that reads hostile files, or that answers strangers, gives up before it does: its
 * user, its capabilities, its descriptors, and every system call but the few that its work takes
 * (rules S1-S3, S26, S27).
 */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sandbox_role {
	SANDBOX_READER, /* reads what it has, allocates, writes */
	SANDBOX_SERVER, /* also takes connections, and pages by descriptor; has no BPF map or perf
			 * ring that its parent had mapped */
};

struct sandbox {
	enum sandbox_role role;
	const int *kept_fds; /* all others are closed; NULL: sandbox_keep_fds did that before */
	size_t kept_count;
	pid_t parent;		   /* the child ends with it */
	uint64_t max_memory_bytes; /* data and stack, what it has already among them */
	unsigned int max_cpu_s;	   /* 0: as much as it takes */
	unsigned int max_fds;	   /* none from this number on can be had; 0: none at all */
};

/* Closes every descriptor but those (8 at most): a BPF link kept here would outlive a killed
 * parent. False: it cannot be done. */
bool sandbox_keep_fds(const int *fds, size_t count);

/*
 * For a forked child; there is no way back. Afterwards it is nobody (or who it was, when that was
 * not root), has no capability, can open and execute nothing, and is killed (SIGSYS) for any other
 * system call than those of its role. A reader's questions about paths are answered with EACCES:
 * libdw asks one. False: not all of it could be had, the child must end. Under AddressSanitizer
 * there are no memory limit and no list of calls: it needs more of both.
 */
bool sandbox_enter(const struct sandbox *s);

#endif
