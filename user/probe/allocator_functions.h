/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every allocator function we know, in one table: what it is called and how its arguments read.
 */
#ifndef PROBE_ALLOCATOR_FUNCTIONS_H
#define PROBE_ALLOCATOR_FUNCTIONS_H

#include "abi/memleak-trace.h"

#include <stdbool.h>
#include <stddef.h>

enum allocator_group {
	GROUP_C,       /* the C library's names, also with an allocator's prefix */
	GROUP_CXX,     /* operator delete, and new that does not throw */
	GROUP_CXX_NEW, /* operator new that may throw: see allocator.h */
	GROUP_BUFFERS, /* node's, of Buffers and ArrayBuffers: see buffer_allocator.h */
};

struct allocator_function {
	const char *name;
	enum allocator_group group;
	bool is_free;
	__u64 cookie;		/* as in the abi's header; 0 for GROUP_CXX_NEW */
	unsigned int arguments; /* whose registers are read, as for probe_site_choose */
};

extern const struct allocator_function allocator_functions[];
extern const size_t allocator_function_count;

/* Prefixes of allocators that are built with their own names; the first is none. */
extern const char *const allocator_prefixes[];
extern const size_t allocator_prefix_count;

#define ALLOCATOR_NAME_MAX 64

#endif
