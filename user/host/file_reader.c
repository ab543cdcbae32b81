// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Random access by pread: a file that shrinks meanwhile is an error, never a SIGBUS (rule S4). */
#include "host/file_reader.h"

#include "host/fd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WINDOW_ALIGN 4096 /* a window starts a little early: parsers also step back */

static int read_directly(const struct file_reader *f, uint64_t offset, void *buf, size_t len)
{
	ssize_t n = fd_read_at(f->fd, offset, buf, len);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -ENODATA;
}

static bool window_holds(const struct file_reader *f, uint64_t offset, size_t len)
{
	return offset >= f->window_at && offset - f->window_at <= f->window_len &&
	       len <= f->window_len - (size_t)(offset - f->window_at);
}

static int file_read_at(const struct reader *r, uint64_t offset, void *buf, size_t len)
{
	struct file_reader *f = (struct file_reader *)r->ctx; /* ours; const for other readers */
	ssize_t n;

	if (offset > r->size || len > r->size - offset)
		return -ENODATA;
	if (len > FILE_READER_WINDOW - WINDOW_ALIGN)
		return read_directly(f, offset, buf, len);
	if (!window_holds(f, offset, len)) {
		f->window_at = offset / WINDOW_ALIGN * WINDOW_ALIGN;
		f->window_len = 0;
		n = fd_read_at(f->fd, f->window_at, f->window, FILE_READER_WINDOW);
		if (n < 0)
			return (int)n;
		f->window_len = (size_t)n;
		if (!window_holds(f, offset, len))
			return -ENODATA; /* cut short since it was opened */
	}
	if (len > 0)
		memcpy(buf, f->window + (offset - f->window_at), len);
	return 0;
}

int file_reader_init(struct file_reader *f, int fd, struct reader *ret_reader)
{
	struct stat st;
	uint8_t *window;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	window = malloc(FILE_READER_WINDOW);
	if (!window)
		return -ENOMEM;
	*f = (struct file_reader){ .fd = fd, .window = window };
	*ret_reader =
		(struct reader){ .read_at = file_read_at, .ctx = f, .size = (uint64_t)st.st_size };
	return 0;
}

void file_reader_done(struct file_reader *f)
{
	if (!f)
		return;
	free(f->window);
	*f = (struct file_reader){ .fd = -1 };
}
