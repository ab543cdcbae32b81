/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP sockets that wait for connections in the network namespace of a process, and which are its.
 */
#ifndef HOST_LISTENERS_H
#define HOST_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listener {
	uint64_t inode;
	uint32_t address; /* IPv4, in network order; 0 any */
	uint16_t port;
	bool is_v6, is_own;
};

struct listener_list {
	struct listener *at;
	size_t len, cap;
};

/* All of @pid's namespace; is_own: @pid has it open. 0 or -errno (-ESRCH when it is gone). */
int listeners_read(pid_t pid, struct listener_list *ret);
void listener_list_done(struct listener_list *list);

/* The one with @inode, or NULL. */
const struct listener *listeners_find(const struct listener_list *list, uint64_t inode);

/* A process that has the socket @inode open, of those that we may look at; 0 when none is found. */
pid_t listeners_owner(uint64_t inode);

/*
 * Sockets of @pid, each told by its inode to @found, until that is true. *ret_fds: descriptors it
 * has open, sockets or not. 0 or -errno.
 */
int listeners_each_socket(pid_t pid, bool (*found)(void *ctx, uint64_t inode), void *ctx,
			  uint32_t *ret_fds);

/* The same line: is it an established connection that belongs to a process? */
bool connection_parse(char *line, uint64_t *ret_inode);

/* One line of /proc/PID/net/tcp or tcp6. 1 a listener, 0 another socket, -EBADMSG. */
int listener_parse(char *line, bool is_v6, struct listener *ret);

#endif
