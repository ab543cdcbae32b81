// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The servers, and what begins and ends them. */
#include "endless-server.h"

#include "host/clock.h"
#include "tap.h"

#include <limits.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char node[] = "node", expose[] = "--expose-gc", eval[] = "-e",
	    script[] = "const fs = require('fs'); fs.writeSync(0, 'r');"
		       "fs.readSync(0, Buffer.alloc(1)); for (let i = 0; i < 3; i++) gc();";
static char *const node_words[] = { node, expose, eval, script, NULL };

static void nap(unsigned int ms)
{
	const struct timespec t = { .tv_nsec = (long)(ms * NS_PER_MS) };

	(void)nanosleep(&t, NULL);
}

static void burn(unsigned int ms)
{
	uint64_t end_ns = clock_process_cpu_ns() + ms * NS_PER_MS;

	while (clock_process_cpu_ns() < end_ns)
		;
}

static void obey(int epoll)
{
	struct epoll_event e;
	char order = 0;

	while (order != 'q') {
		if (epoll_wait(epoll, &e, 1, 5) <= 0)
			continue;
		if (read(STDIN_FILENO, &order, 1) != 1)
			return;
		if (order == 's')
			nap(STALL_MS);
		if (order == 'b')
			burn(STALL_MS);
		if (order == 'x')
			(void)execvp(node, node_words);
	}
}

int server_main(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int epoll = epoll_create1(0);
	char order = 0;

	if (write(STDIN_FILENO, "r", 1) != 1 || read(STDIN_FILENO, &order, 1) != 1)
		return 1;
	if (order == 'l') {
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &e);
		obey(epoll);
		return 0;
	}
	for (int i = 0; i < WAITS; i++) {
		if (i == WAITS - 1)
			nap(STALL_MS);
		(void)epoll_wait(epoll, &e, 1, 2);
	}
	return 0;
}

struct server server_begin(bool is_node)
{
	static char role[] = "serve";
	char program[PATH_MAX] = { 0 };
	char *const own[] = { program, role, NULL };
	posix_spawn_file_actions_t actions;
	struct server s = { 0 };
	int pair[2];

	must(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	must(posix_spawn_file_actions_init(&actions) == 0);
	must(posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO) == 0);
	if (is_node)
		errno = posix_spawnp(&s.pid, node, &actions, NULL, node_words, environ);
	else
		errno = posix_spawn(&s.pid, program, &actions, NULL, own, environ);
	must(errno == 0);
	must(posix_spawn_file_actions_destroy(&actions) == 0);
	(void)close(pair[1]);
	s.fd = pair[0];
	return s;
}

void server_say(const struct server *s, char order)
{
	must(send(s->fd, &order, 1, MSG_NOSIGNAL) == 1);
}

struct server server_begin_obeying(void)
{
	struct server s = server_begin(false);
	char word;

	must(read(s.fd, &word, 1) == 1);
	return s;
}

void server_end(struct server *s)
{
	server_say(s, 'q');
	must(waitpid(s->pid, NULL, 0) == s->pid);
	(void)close(s->fd);
}
