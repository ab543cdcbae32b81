/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ledger of mapped address ranges of one process: what mmap, munmap, mremap and brk left in
 * place, each byte belonging to the newest call that mapped it. Ranges never overlap: a map over
 * others cuts them, an unmap cuts or splits.
 */
#ifndef PROFILE_RANGES_H
#define PROFILE_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, end; /* [start, end), bytes */
	uint64_t time_ns;    /* of the call that mapped it */
	uint64_t stack;	     /* its stack id */
};

struct ranges {
	struct range *at; /* sorted by start */
	size_t len, cap;
};

void ranges_done(struct ranges *r);

/* [start, end) now belongs to @stack. 0, -EINVAL (empty or wrapping) or -ENOMEM (unchanged). */
int ranges_map(struct ranges *r, uint64_t start, uint64_t end, uint64_t time_ns, uint64_t stack);

/* Returns how many known bytes went; *ret_err is 0 or -ENOMEM (a split that found no memory keeps
 * the lower part only). */
uint64_t ranges_unmap(struct ranges *r, uint64_t start, uint64_t end, int *ret_err);

#endif
