/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The servers that endless_test watches: this program itself, executed anew as "serve", or node.
 * Each has a socket for its input, says that it is ready by a byte, and does what it is told by
 * another: 'g': its work, a few waits and a stall (node: collections), and ends. 'l': waits until
 * it is told to be asleep ('s'), to compute ('b'), to execute node ('x'), or to end ('q').
 */
#ifndef TESTS_BPF_ENDLESS_SERVER_H
#define TESTS_BPF_ENDLESS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#define WAITS	 10 /* of a server */
#define COLLECTS 3  /* of a node */
#define STALL_MS 60

struct server {
	pid_t pid; /* 0: none */
	int fd;
};

/* What "serve" does. Its exit status. */
int server_main(void);

struct server server_begin(bool is_node);
/* One that is ready, and told nothing yet. */
struct server server_begin_obeying(void);
void server_say(const struct server *s, char order);
/* Of an obeying one. */
void server_end(struct server *s);

#endif
