// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A socket keeps the namespace that it was made in: so there and back. For one thread only. */
#include "host/net_namespace.h"

#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#define OWN "/proc/self/ns/net"

static int open_own(void)
{
	int fd = open(OWN, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_theirs(const struct target *t)
{
	int fd = openat(t->proc_fd, "ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

static int make_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int differ(int own, int theirs)
{
	struct stat a, b;

	if (fstat(own, &a) || fstat(theirs, &b))
		return -errno;
	return a.st_ino != b.st_ino || a.st_dev != b.st_dev;
}

int net_namespace_differs(const struct target *t)
{
	_release_(closep) int own = open_own();
	_release_(closep) int theirs = own < 0 ? -1 : open_theirs(t);

	if (own < 0 || theirs < 0)
		return own < 0 ? own : theirs;
	return differ(own, theirs);
}

int net_namespace_socket(const struct target *t)
{
	_release_(closep) int own = open_own();
	_release_(closep) int theirs = own < 0 ? -1 : open_theirs(t);
	int is_other = own < 0 || theirs < 0 ? 0 : differ(own, theirs), fd;

	if (own < 0 || theirs < 0)
		return own < 0 ? own : theirs;
	if (is_other <= 0)
		return is_other < 0 ? is_other : make_socket();
	if (setns(theirs, CLONE_NEWNET))
		return -errno;
	fd = make_socket();
	if (setns(own, CLONE_NEWNET))
		abort(); /* in a namespace that is not ours nothing can be trusted to go on */
	return fd;
}
