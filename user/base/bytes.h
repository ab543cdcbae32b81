/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A borrowed run of bytes. Whoever hands it over keeps it alive until the call (or the object
 * that says it borrows them) is done.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *at;
	size_t len;
};

/*
 * Random access to a file's content, for parsers that must not hold the whole of it and must not
 * map it (a file truncated while mapped raises SIGBUS).
 *
 * @read_at reads exactly @len bytes at @offset into @buf; 0, or a negative errno (-ENODATA when the
 * range is not wholly inside the source).
 * @size is the number of readable bytes.
 */
struct reader {
	int (*read_at)(const struct reader *r, uint64_t offset, void *buf, size_t len);
	const void *ctx;
	uint64_t size;
};

/* A reader over bytes in memory; @b is borrowed for as long as the reader is used. */
struct reader reader_of_bytes(const struct bytes *b);

#endif
