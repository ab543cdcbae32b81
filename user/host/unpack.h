/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The content of an open file, unpacked when it is gzip or zstd, which its first bytes tell. It is
 * read once, from where it stands, so it may be a pipe.
 */
#ifndef HOST_UNPACK_H
#define HOST_UNPACK_H

#include <stddef.h>

struct unpack;

/* @fd is borrowed. 0 or -errno. */
int unpack_open(int fd, struct unpack **ret);
void unpack_close(struct unpack *u);
void unpack_closep(struct unpack **u);

/*
 * The next bytes, up to @cap > 0 of them; none at the end. 0, -errno of the file, -EBADMSG: damaged
 * or cut off, -ENOMEM. @ctx is a struct unpack: it can be a source of other readers.
 */
int unpack_read(void *ctx, void *buf, size_t cap, size_t *ret_len);

/* "gzip", "zstd" or NULL. */
const char *unpack_format(const struct unpack *u);

#endif
