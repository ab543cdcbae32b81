/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * /proc/PID/smaps, parsed: mappings, and how much of each is in memory. Source: proc(5),
 * fs/proc/task_mmu.c of Linux (show_smap). Lines that are not known are left out: kernels add some.
 */
#ifndef SYMBOL_SMAPS_H
#define SYMBOL_SMAPS_H

#include "symbol/procmaps.h"

struct smaps_entry {
	struct mapping m;
	uint64_t rss_bytes;	  /* in memory */
	uint64_t pss_bytes;	  /* the same, what is shared divided by those that share it */
	uint64_t anonymous_bytes; /* of rss: of no file, or written to since it was mapped privately
				   */
	uint64_t swap_bytes;	  /* not in memory */
};

struct smaps {
	struct smaps_entry *at; /* ascending by address */
	size_t len, cap;
};

void smaps_done(struct smaps *s);

/* As procmaps_parse. -EBADMSG too: a number before the first mapping, or one that is none. */
int smaps_parse(struct bytes text, struct smaps *ret_smaps, uint64_t *ret_offset);

#endif
