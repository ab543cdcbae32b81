// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The in-memory reader. */
#include "base/bytes.h"

#include <errno.h>
#include <string.h>

static int bytes_read_at(const struct reader *r, uint64_t offset, void *buf, size_t len)
{
	const struct bytes *b = r->ctx;

	if (offset > b->len || len > b->len - offset)
		return -ENODATA;
	if (len)
		memcpy(buf, b->at + offset, len);
	return 0;
}

struct reader reader_of_bytes(const struct bytes *b)
{
	return (struct reader){ .read_at = bytes_read_at, .ctx = b, .size = b->len };
}
