/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A reader (base/bytes.h) over an open regular file, by pread through one small window. */
#ifndef HOST_FILE_READER_H
#define HOST_FILE_READER_H

#include "base/bytes.h"

#define FILE_READER_WINDOW 65536

struct file_reader {
	int fd; /* borrowed */
	uint64_t window_at;
	size_t window_len;
	uint8_t *window;
};

/* 0 or -errno. The reader borrows @f, which must not move. */
int file_reader_init(struct file_reader *f, int fd, struct reader *ret_reader);
void file_reader_done(struct file_reader *f);

#endif
