/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side needs to walk the stacks of processes (bpf/lib/unwind.bpf.h): the executable
 * mappings of each, and the unwind table of each file, read once however many processes map it.
 * Files are told apart by build id and size, those without one by device and inode.
 */
#ifndef PROBE_UNWIND_TABLES_H
#define PROBE_UNWIND_TABLES_H

#include "host/target.h"
#include "probe/unwind_store.h"

#include <stdint.h>

struct unwind_tables;

struct unwind_tables_cost {
	uint64_t kernel_bytes;	 /* of the tables; the processes' mappings come on top */
	uint64_t load_ns;	 /* spent on reading and compiling files */
	uint64_t text_bytes;	 /* of code that tables cover */
	unsigned int file_count; /* with a table */
	unsigned int left_out;	 /* files whose table did not fit, or could not be read */
};

/* @maps are borrowed for the life of it. NULL when out of memory. */
struct unwind_tables *unwind_tables_new(const struct unwind_maps *maps);
void unwind_tables_free(struct unwind_tables *u);

/*
 * Tells the kernel side what has changed in @maps, the mappings of @t, with the tables of files not
 * seen before. 0, -ENOMEM, or what the kernel said. A file that cannot be read is no error: stacks
 * end in it, or go on by frame pointers.
 */
int unwind_tables_refresh(struct unwind_tables *u, const struct target *t,
			  const struct procmaps *maps);

/* The process has ended, or executed another program. Takes NULL. */
void unwind_tables_forget(struct unwind_tables *u, pid_t pid);

void unwind_tables_cost(const struct unwind_tables *u, struct unwind_tables_cost *ret_cost);

#endif
