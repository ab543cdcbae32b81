/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many descriptors a process has open, and how many of them are TCP connections. The kernel
 * lists connections by network namespace, and all of one: what was read serves every process of it,
 * until it is old.
 */
#ifndef HOST_SOCKETS_H
#define HOST_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Zeroed at birth. */
struct sockets {
	uint64_t namespace_inode, read_ns; /* of the list below */
	uint64_t *at;			   /* inodes of established sockets, ascending */
	size_t len, cap;
};

void sockets_done(struct sockets *s);

/* 0 or -errno (-ESRCH when it is gone). Without its namespace's list *ret_has_connections is false.
 */
int sockets_count(struct sockets *s, pid_t pid, uint32_t *ret_fds, uint32_t *ret_connections,
		  bool *ret_has_connections);

#endif
