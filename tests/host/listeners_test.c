// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines of /proc/PID/net/tcp, and sockets of this process and of a child. */
#include "host/listeners.h"
#include "host/net_namespace.h"

#include "tap.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void test_lines(void)
{
	static const struct {
		const char *line;
		int got;
		uint16_t port;
		uint64_t inode;
	} cases[] = {
		{ "   0: 0100007F:240D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000"
		  "        0 12345 1 0000000000000000 100 0 0 10 0",
		  1, 9229, 12345 },
		{ "  10: 0100007F:240D 0100007F:A000 01 00000000:00000000 00:00000000 00000000  1000"
		  "        0 12346 1 0000000000000000 20 4 30 10 -1",
		  0, 0, 0 },
		{ "   0: 0100007F:240D 00000000:0000 0A 0:0 00:0 0 1000 0", -EBADMSG, 0, 0 },
		{ "   0: 0100007F 00000000:0000 0A 0:0 00:0 0 1000 0 12345", -EBADMSG, 0, 0 },
		{ "   0: 0100007F:1240D 00000000:0000 0A 0:0 00:0 0 1000 0 12345", -EBADMSG, 0, 0 },
		{ "   0: 0100007F:24xD 00000000:0000 0A 0:0 00:0 0 1000 0 12345", -EBADMSG, 0, 0 },
		{ "   0: 0100007F:240D 00000000:0000 0A 0:0 00:0 0 1000 0 -1", -EBADMSG, 0, 0 },
		{ "", -EBADMSG, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct listener l = { 0 };
		char line[256];
		int got;

		(void)snprintf(line, sizeof(line), "%s", cases[i].line);
		got = listener_parse(line, false, &l);
		ok(got == cases[i].got && l.port == cases[i].port && l.inode == cases[i].inode,
		   "line %zu", i);
		if (got > 0)
			is_int(l.address, htonl(INADDR_LOOPBACK), "its address");
	}
}

static const struct listener *at_port(const struct listener_list *list, uint16_t port)
{
	for (size_t i = 0; i < list->len; i++) {
		if (list->at[i].port == port && !list->at[i].is_v6)
			return &list->at[i];
	}
	return NULL;
}

static uint16_t listen_somewhere(int *ret_fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 1) == 0 &&
	     getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	*ret_fd = fd;
	return ntohs(at.sin_port);
}

static void test_owner(void)
{
	struct listener_list list = { 0 };
	const struct listener *l;
	uint64_t inode;
	pid_t child;
	int fd;
	uint16_t port;

	child = fork(); /* before the socket: it has it not */
	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	must(child > 0);
	port = listen_somewhere(&fd);
	is_int(listeners_read(getpid(), &list), 0, "this process's");
	l = at_port(&list, port);
	inode = l ? l->inode : 0;
	ok(l && l->is_own, "its socket is its own");
	ok(listeners_find(&list, inode) == l, "it is found by its inode");
	listener_list_done(&list);
	is_int(listeners_read(child, &list), 0, "a child's");
	l = at_port(&list, port);
	ok(l && !l->is_own && l->inode == inode,
	   "it is there for another process, and not its own");
	listener_list_done(&list);
	is_int(listeners_owner(inode), getpid(), "whose it is");
	(void)close(fd);
	is_int(listeners_read(getpid(), &list), 0, "once more");
	ok(!listeners_find(&list, inode), "a closed one is gone");
	listener_list_done(&list);
	must(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	is_int(listeners_read(child, &list), -ESRCH, "of a process that is gone");
}

static void test_namespace(void)
{
	struct target t = { 0 };
	int fd;

	must(target_open(&t, getpid(), NULL) == 0);
	is_int(net_namespace_differs(&t), 0, "this process is in its own namespace");
	fd = net_namespace_socket(&t);
	ok(fd >= 0, "a socket in it");
	(void)close(fd);
	target_done(&t);
}

int main(void)
{
	test_lines();
	test_owner();
	test_namespace();
	return tap_done();
}
