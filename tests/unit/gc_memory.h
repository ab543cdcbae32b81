/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory of a made-up process, for readers of it: one run of bytes at one address. */
#ifndef TESTS_UNIT_GC_MEMORY_H
#define TESTS_UNIT_GC_MEMORY_H

#include "base/bytes.h"

#include <errno.h>
#include <string.h>

struct gc_memory {
	const uint8_t *at;
	size_t len;
	uint64_t address;
	unsigned int reads;
};

static inline int gc_memory_read(const struct reader *r, uint64_t offset, void *buf, size_t len)
{
	struct gc_memory *m = (struct gc_memory *)r->ctx;

	m->reads++;
	if (offset < m->address || offset - m->address > m->len ||
	    len > m->len - (offset - m->address))
		return -EFAULT;
	memcpy(buf, m->at + (offset - m->address), len);
	return 0;
}

static inline struct reader gc_memory_reader(struct gc_memory *m)
{
	return (struct reader){ .read_at = gc_memory_read, .ctx = m, .size = UINT64_MAX };
}

#endif
