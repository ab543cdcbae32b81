// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "host/sockets.h"

#include "base/scope.h"
#include "base/vec.h"
#include "host/clock.h"
#include "host/listeners.h"
#include "host/procfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STALE_NS  NS_PER_S
#define TABLE_MAX (16u << 20) /* about 100,000 sockets */

void sockets_done(struct sockets *s)
{
	free(s->at);
	*s = (struct sockets){ 0 };
}

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static int read_table(struct sockets *s, pid_t pid, const char *file)
{
	_release_(closep) int fd = procfs_open(pid, file);
	_release_(freep) char *text = NULL;
	char *rest, *line;
	size_t len;
	int err;

	if (fd < 0)
		return fd;
	err = procfs_read(fd, TABLE_MAX, &text, &len);
	if (err)
		return err;
	rest = text;
	(void)strsep(&rest, "\n"); /* the columns' names */
	while ((line = strsep(&rest, "\n")) && *line) {
		uint64_t inode, *place;

		if (!connection_parse(line, &inode))
			continue;
		place = vec_push(s);
		if (!place)
			return -ENOMEM;
		*place = inode;
	}
	return 0;
}

/* The list of @pid's namespace, unless it is at hand. */
static int refresh(struct sockets *s, pid_t pid)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct stat namespace;
	char path[64];
	int err;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (stat(path, &namespace))
		return -errno;
	if (s->namespace_inode == namespace.st_ino && now_ns - s->read_ns < STALE_NS)
		return 0;
	s->len = 0;
	s->namespace_inode = 0;
	err = read_table(s, pid, "net/tcp");
	if (!err)
		err = read_table(s, pid, "net/tcp6");
	if (err && err != -ESRCH) /* no IPv6 in this kernel */
		return err;
	if (s->len)
		qsort(s->at, s->len, sizeof(*s->at), compare);
	s->namespace_inode = namespace.st_ino;
	s->read_ns = now_ns;
	return 0;
}

struct count {
	const struct sockets *s;
	uint32_t connections;
};

static bool count_one(void *ctx, uint64_t inode)
{
	struct count *c = ctx;

	c->connections +=
		c->s->len && bsearch(&inode, c->s->at, c->s->len, sizeof(inode), compare) != NULL;
	return false;
}

int sockets_count(struct sockets *s, pid_t pid, uint32_t *ret_fds, uint32_t *ret_connections,
		  bool *ret_has_connections)
{
	bool has_list = refresh(s, pid) == 0;
	struct count c = { .s = s };
	int err = listeners_each_socket(pid, count_one, &c, ret_fds);

	if (err)
		return err;
	*ret_connections = c.connections;
	*ret_has_connections = has_list;
	return 0;
}
