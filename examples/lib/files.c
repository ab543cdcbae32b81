// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Nameless files, written whole. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES 4096

int file_open_nameless(const char *directory, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s.XXXXXX", directory, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* If it stays, it is in a directory for such files. */
	(void)unlink(path);
	return fd;
}

int file_write_all(int fd, const char *at, size_t len)
{
	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_fill(int fd, size_t bytes)
{
	char piece[PIECE_BYTES];
	int err = 0;

	memset(piece, '7', sizeof(piece));
	for (size_t left = bytes; left && !err;) {
		size_t len = left < sizeof(piece) ? left : sizeof(piece);

		err = file_write_all(fd, piece, len);
		left -= len;
	}
	return err;
}
