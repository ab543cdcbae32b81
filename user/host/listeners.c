// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Joins /proc/PID/net/tcp, tcp6 and /proc/PID/fd by the sockets' inodes. */
#include "host/listeners.h"

#include "base/parse.h"
#include "base/scope.h"
#include "base/vec.h"
#include "host/fd.h"
#include "host/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define STATE_LISTEN	  "0A"
#define STATE_ESTABLISHED "01"

/* Columns: number, local address, remote address, state, queues, timer, retransmits, uid, timeout,
 * inode. */
enum { COLUMN_LOCAL = 1, COLUMN_STATE = 3, COLUMN_INODE = 9, COLUMNS };

static int parse_upper_hex(char *text, uint64_t *ret)
{
	for (char *at = text; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return parse_hex_u64(text, ret);
}

/* False: it has fewer of them. */
static bool split(char *line, char *columns[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS;) {
		char *word = strsep(&line, " ");

		if (!word)
			return false;
		if (*word)
			columns[i++] = word;
	}
	return true;
}

bool connection_parse(char *line, uint64_t *ret_inode)
{
	char *columns[COLUMNS];

	return split(line, columns) && strcmp(columns[COLUMN_STATE], STATE_ESTABLISHED) == 0 &&
	       parse_u64(columns[COLUMN_INODE], UINT64_MAX, ret_inode) == 0;
}

int listener_parse(char *line, bool is_v6, struct listener *ret)
{
	struct listener l = { .is_v6 = is_v6 };
	char *columns[COLUMNS], *colon;
	uint64_t port, address = 0;

	if (!split(line, columns))
		return -EBADMSG;
	if (strcmp(columns[COLUMN_STATE], STATE_LISTEN) != 0)
		return 0;
	colon = strchr(columns[COLUMN_LOCAL], ':');
	if (!colon || parse_upper_hex(colon + 1, &port) || port > UINT16_MAX)
		return -EBADMSG;
	*colon = '\0';
	/* As the kernel has it in memory: a number of this machine, an address of the network. */
	if (!is_v6 && (parse_upper_hex(columns[COLUMN_LOCAL], &address) || address > UINT32_MAX))
		return -EBADMSG;
	if (parse_u64(columns[COLUMN_INODE], UINT64_MAX, &l.inode))
		return -EBADMSG;
	l.port = (uint16_t)port;
	l.address = (uint32_t)address;
	*ret = l;
	return 1;
}

static int read_table(pid_t pid, bool is_v6, struct listener_list *list)
{
	_release_(closep) int fd = procfs_open(pid, is_v6 ? "net/tcp6" : "net/tcp");
	_release_(freep) char *text = NULL;
	char *rest, *line;
	size_t len;
	int err;

	if (fd < 0)
		return fd == -ESRCH && is_v6 ? 0 : fd; /* no IPv6 in this kernel */
	err = procfs_read(fd, PROCFS_MAX_FILE, &text, &len);
	if (err)
		return err;
	rest = text;
	(void)strsep(&rest, "\n"); /* the columns' names */
	while ((line = strsep(&rest, "\n")) && *line) {
		struct listener l, *slot;
		int got = listener_parse(line, is_v6, &l);

		if (got < 0)
			return got;
		slot = got ? vec_push(list) : NULL;
		if (got && !slot)
			return -ENOMEM;
		if (slot)
			*slot = l;
	}
	return 0;
}

/* --- whose ------------------------------------------------------------------------------------ */

int listeners_each_socket(pid_t pid, bool (*found)(void *ctx, uint64_t inode), void *ctx,
			  uint32_t *ret_fds)
{
	int fd = procfs_open(pid, "fd");
	_release_(closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (fd < 0)
		return fd;
	if (!dir) {
		closep(&fd);
		return -ENOMEM;
	}
	*ret_fds = 0;
	while ((entry = readdir(dir))) {
		char link[64];
		ssize_t len = readlinkat(fd, entry->d_name, link, sizeof(link) - 1);
		uint64_t inode;

		if (len <= 0)
			continue;
		++*ret_fds;
		link[len] = '\0';
		if (strncmp(link, "socket:[", 8) != 0 || link[len - 1] != ']')
			continue;
		link[len - 1] = '\0';
		if (!parse_u64(link + 8, UINT64_MAX, &inode) && found(ctx, inode))
			break;
	}
	return 0;
}

static bool mark_own(void *ctx, uint64_t inode)
{
	struct listener_list *list = ctx;

	for (size_t i = 0; i < list->len; i++)
		list->at[i].is_own |= list->at[i].inode == inode;
	return false;
}

int listeners_read(pid_t pid, struct listener_list *ret)
{
	_release_(listener_list_done) struct listener_list list = { 0 };
	uint32_t fds;
	int err = read_table(pid, false, &list);

	if (!err)
		err = read_table(pid, true, &list);
	if (!err)
		err = listeners_each_socket(pid, mark_own, &list, &fds);
	if (err)
		return err;
	*ret = list;
	list = (struct listener_list){ 0 };
	return 0;
}

void listener_list_done(struct listener_list *list)
{
	free(list->at);
	*list = (struct listener_list){ 0 };
}

const struct listener *listeners_find(const struct listener_list *list, uint64_t inode)
{
	for (size_t i = 0; i < list->len; i++) {
		if (list->at[i].inode == inode)
			return &list->at[i];
	}
	return NULL;
}

struct search {
	uint64_t inode;
	bool is_found;
};

static bool is_searched(void *ctx, uint64_t inode)
{
	struct search *s = ctx;

	s->is_found |= s->inode == inode;
	return s->is_found;
}

pid_t listeners_owner(uint64_t inode)
{
	_release_(closedirp) DIR *proc = opendir("/proc");
	struct search s = { .inode = inode };
	const struct dirent *entry;
	uint64_t pid;
	uint32_t fds;

	while (proc && (entry = readdir(proc))) {
		if (parse_u64(entry->d_name, INT32_MAX, &pid))
			continue;
		/* not ours to look at, or gone */
		(void)listeners_each_socket((pid_t)pid, is_searched, &s, &fds);
		if (s.is_found)
			return (pid_t)pid;
	}
	return 0;
}
