// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that sleep until a time is over, or a child. */
#include "stalls.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"
#include "ledger.h"
#include "pause.h"
#include "site.h"
#include "timers.h"

TRUTH_SITE int stall_sleeping(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	(void)loop; /* one is like the other */
	pause_ns(ns);
	*ret_slept_ns = ns;
	return 0;
}

/* An instance of its own each time, as libuv has for a synchronous child. */
TRUTH_SITE int stall_in_nested_wait(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	_release_(closep) int fd = epoll_create1(EPOLL_CLOEXEC);
	uint64_t asked_ms = ns / NS_PER_MS;
	struct epoll_event event;

	(void)loop;
	if (fd < 0 || epoll_wait(fd, &event, 1, (int)asked_ms) < 0)
		return -errno;
	*ret_slept_ns = asked_ms * NS_PER_MS;
	return 0;
}

/* The time that the child needed to start is not counted as sleep: it may run on this CPU. */
TRUTH_SITE int stall_for_child(unsigned int loop, uint64_t ns, uint64_t *ret_slept_ns)
{
	char seconds[32];
	char *const command[] = { (char[]){ "sleep" }, seconds, NULL };
	char *const environment[] = { NULL };
	uint64_t began_ns = wall_ns();
	uint64_t spawned_ns;
	int status = 0;
	pid_t child;
	int err;

	(void)loop;
	(void)snprintf(seconds, sizeof(seconds), "%" PRIu64 ".%09" PRIu64,
		       (uint64_t)(ns / NS_PER_SEC), (uint64_t)(ns % NS_PER_SEC));
	err = posix_spawn(&child, "/bin/sleep", NULL, NULL, command, environment);
	if (err)
		return -err;
	spawned_ns = wall_ns() - began_ns;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	*ret_slept_ns = ns > spawned_ns ? ns - spawned_ns : 0;
	return status ? -ECHILD : 0;
}
