/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One function of an allocator, found in a file that a process has mapped: where to probe it. */
#ifndef PROBE_ALLOCATOR_PROBE_H
#define PROBE_ALLOCATOR_PROBE_H

#include "host/target.h"
#include "probe/allocator.h"
#include "probe/allocator_functions.h"
#include "symbol/elf.h"

struct allocator_file {
	const struct target *target;
	const struct procmaps *maps;
	const struct mapping *map; /* any of those that are the file's */
	const struct elf *elf;
};

/*
 * Notes in @a where to probe @f, which is at @symbol. Nothing is noted for a function that differs
 * in memory from its file (said), that cannot be probed, or that is there by another name.
 */
void allocator_add_probe(struct allocator *a, const struct allocator_file *file,
			 const struct allocator_function *f, const struct elf_symbol *symbol);

#endif
