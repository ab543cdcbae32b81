/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which allocator a process really calls, and where to probe it: the first object in the loader's
 * lookup order that defines malloc; the executable's own, exported or not; and allocators built
 * with a prefix. Each function is probed where the kernel can emulate the instruction if there is
 * such a place (symbol/probe_site.h).
 */
#ifndef PROBE_ALLOCATOR_H
#define PROBE_ALLOCATOR_H

#include "host/target.h"
#include "probe/uprobes.h"

#define ALLOCATOR_MAX_PROBES 48
#define ALLOCATOR_MAX_NEWS   8
#define ALLOCATORS_MAX	     6

struct allocator {
	char name[16];	/* "glibc", "jemalloc", "tcmalloc", "mimalloc", "musl", "malloc" */
	char path[256]; /* clean */
	int fd;		/* of the file that holds it */
	struct uprobe_place allocs[ALLOCATOR_MAX_PROBES];
	size_t alloc_count;
	struct uprobe_place frees[ALLOCATOR_MAX_PROBES];
	size_t free_count;
	/* Its operator new that may throw, and does not call malloc; cookie: the probe's address.
	 */
	struct uprobe_place news[ALLOCATOR_MAX_NEWS];
	size_t new_count;
};

struct allocators {
	struct allocator at[ALLOCATORS_MAX];
	size_t len;
};

void allocators_done(struct allocators *a);

/*
 * Looks through @t. 0, or (said unless @is_quiet) -ENODATA (no malloc in any object), -EOPNOTSUPP
 * (not a 64-bit program of this machine, or a Go program, whose stacks a return probe would
 * corrupt), -ESRCH.
 *
 * What is found in news needs care: an exception (bad_alloc) cannot pass a function whose return is
 * probed, the C++ run time would end the target.
 */
int allocators_find(const struct target *t, bool is_quiet, struct allocators *ret);

#endif
