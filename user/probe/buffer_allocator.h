/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The allocator that node gives to V8 for the memory of ArrayBuffers, and so of Buffers: the one
 * whose sum process.memoryUsage().arrayBuffers is. In node and in libnode.so, stripped or not:
 * it is exported.
 */
#ifndef PROBE_BUFFER_ALLOCATOR_H
#define PROBE_BUFFER_ALLOCATOR_H

#include "probe/allocator.h"

/*
 * Looks through @t. 0 with one allocator in @ret; or (said unless @is_quiet) -ENODATA: it has none,
 * it is no node; or why it could not be looked through.
 */
int buffer_allocator_find(const struct target *t, bool is_quiet, struct allocators *ret);

#endif
