/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * /proc/PID/maps, parsed. Source: proc(5), fs/proc/task_mmu.c of Linux (show_map_vma).
 */
#ifndef SYMBOL_PROCMAPS_H
#define SYMBOL_PROCMAPS_H

#include "base/bytes.h"

#include <stdbool.h>
#include <sys/types.h>

#define PROCMAPS_MAX_LINES 262144

struct mapping {
	uint64_t start, end; /* addresses, [start, end) */
	uint64_t offset;     /* of start in the file, bytes */
	uint32_t dev_major, dev_minor;
	uint64_t inode; /* 0 for anonymous memory */
	bool readable, writable, executable, shared;
	bool deleted; /* the path ended in " (deleted)", which is cut off */
	char *path;   /* as the kernel wrote it, octal escapes undone; NOT cleaned; "" when none;
		       * "[heap]", "[vdso]"... ; owned by the list */
};

struct procmaps {
	struct mapping *at; /* ascending by start */
	size_t len, cap;
};

void procmaps_done(struct procmaps *maps);

/* 0; -EBADMSG with *ret_offset of the bad line; -E2BIG; -ENOMEM. @ret_maps is untouched on failure.
 */
int procmaps_parse(struct bytes text, struct procmaps *ret_maps, uint64_t *ret_offset);

/* One line without its newline; ret->path is to be freed. 0, -EBADMSG, -ENOMEM; untouched then. */
int mapping_parse(struct bytes line, struct mapping *ret);

/* Of no file, and not the kernel's, a stack or the heap: "" or "[anon:NAME]". */
bool mapping_is_anonymous(const struct mapping *m);

/* The mapping that holds @addr, or NULL. */
const struct mapping *procmaps_find(const struct procmaps *maps, uint64_t addr);

#endif
