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
#define ALLOCATORS_MAX	     6

struct allocator {
	char name[16];	/* "glibc", "jemalloc", "tcmalloc", "mimalloc", "musl", "malloc" */
	char path[256]; /* clean */
	int fd;		/* of the file that holds it */
	struct uprobe_place allocs[ALLOCATOR_MAX_PROBES];
	size_t alloc_count;
	struct uprobe_place frees[ALLOCATOR_MAX_PROBES];
	size_t free_count;
	size_t single_stepped; /* probes at which the kernel must single-step: about ten times
				  dearer */
	bool has_untraced_new; /* its operator new may throw, and was not asked for */
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
 * @with_throwing_new: also probe C++ operator new where the allocator brings its own that does not
 * call malloc. Its return is probed, and an exception (bad_alloc) cannot pass a function whose
 * return is: the C++ run time would end the target. So this is only done when asked for.
 */
int allocators_find(const struct target *t, bool with_throwing_new, bool is_quiet,
		    struct allocators *ret);

#endif
