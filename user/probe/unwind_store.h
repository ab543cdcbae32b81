/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Unwind tables in the kernel: the maps of bpf/lib/unwind.bpf.h, filled one table after the other.
 * What was added stays until the end. Memory in the kernel: 4 bytes a row in blocks of 1 MiB, at
 * most UNWIND_BLOCKS of them, and half a megabyte for pages and rules.
 */
#ifndef PROBE_UNWIND_STORE_H
#define PROBE_UNWIND_STORE_H

#include "symbol/unwind_table.h"

struct unwind_maps { /* descriptors, borrowed */
	int blocks, pages, rules, processes, js;
};

/* Those of a skeleton whose programs include lib/unwind.bpf.h. */
#define UNWIND_MAPS(skel)                                                                          \
	((struct unwind_maps){ .blocks = bpf_map__fd((skel)->maps.unwind_blocks),                  \
			       .pages = bpf_map__fd((skel)->maps.unwind_pages),                    \
			       .rules = bpf_map__fd((skel)->maps.unwind_rules),                    \
			       .processes = bpf_map__fd((skel)->maps.unwind_processes),            \
			       .js = bpf_map__fd((skel)->maps.unwind_js) })

struct unwind_store;

/* NULL when out of memory. */
struct unwind_store *unwind_store_new(const struct unwind_maps *maps);
void unwind_store_free(struct unwind_store *s);

/*
 * Adds a table; *ret_first_page is where its first page is in the map. 0; -ENOSPC when it does not
 * fit any more (nothing was added that can be seen), -ENOMEM, or what the kernel said.
 */
int unwind_store_add(struct unwind_store *s, const struct unwind_table *t,
		     uint32_t *ret_first_page);

/* Kernel memory that the tables take: blocks, pages and rules. */
uint64_t unwind_store_bytes(const struct unwind_store *s);

#endif
