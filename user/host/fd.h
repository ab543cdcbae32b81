/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whole reads and writes, where read(2) and write(2) may do a part; and how many descriptors there
 * may be. */
#ifndef HOST_FD_H
#define HOST_FD_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads @len bytes at @offset; fewer only at the end. The number read or -errno. */
ssize_t fd_read_at(int fd, uint64_t offset, void *buf, size_t len);

/* Writes all of @buf. 0 or -errno. */
int fd_write_all(int fd, const void *buf, size_t len);

/*
 * Raises this process's limit of open descriptors to the most it may have: a probe each, for each
 * process, soon passes the usual 1024. Not before a command is started, which would inherit it.
 */
void fd_raise_limit(void);

/* For _release_(): NULL is fine. */
void closedirp(DIR **dir);

#endif
