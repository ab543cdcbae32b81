/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where V8's collector is probed in a process, by what the build at hand still names. */
#ifndef PROBE_GC_PROBES_H
#define PROBE_GC_PROBES_H

#include "abi/gc-trace.h"
#include "host/target.h"
#include "probe/uprobes.h"

#define GC_PLACES_MAX 8 /* of one function: itself and its clones */

struct gc_places {
	int fd;		/* of the file, -1 */
	char path[256]; /* clean */
	struct uprobe_place at[GC_PROBES][GC_PLACES_MAX];
	size_t count[GC_PROBES];
	uint64_t limit_function; /* address of Heap::MaxReserved in the process, 0: none */
	size_t limit_function_bytes;
};

void gc_places_done(struct gc_places *p);

/*
 * 0; -ENODATA: nothing of V8 in the process; or why it could not be looked through. Nothing is
 * said.
 */
int gc_places_find(const struct target *t, struct gc_places *ret);

#endif
