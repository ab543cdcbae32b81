/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The files that processes map, each kept once: told apart by device and inode, and those of one
 * build (equal build id and size, as in two containers) taken for one.
 */
#ifndef HOST_SYMBOL_FILES_H
#define HOST_SYMBOL_FILES_H

#include "host/symbol_file.h"
#include "host/target.h"

struct symbol_files {
	struct symbol_file *first;
	struct symbol_file_link *links; /* device and inode to file */
	struct strings *names;		/* borrowed */
	size_t descriptors, max_descriptors;
	uint64_t checksum_budget; /* debug_file.h */
	uint64_t patience_ns;	  /* left for slow files */
	char note[4096];	  /* some files, whose names have at most TEXT_MAX bytes */
};

void symbol_files_init(struct symbol_files *files, struct strings *names);
void symbol_files_done(struct symbol_files *files);

/*
 * The file behind @m, called @module (interned), opened or already known; *ret_file is NULL when it
 * cannot be had. 0 or -ENOMEM.
 */
int symbol_files_take(struct symbol_files *files, const struct target *t, const struct mapping *m,
		      const char *module, struct symbol_file **ret_file);

/* symbol_file_resolve, but with no more patience for files than they have earned. */
int symbol_files_resolve(struct symbol_files *files, struct symbol_file *f, const uint64_t *vaddrs,
			 size_t count);

/* Which files' debug information could not be read, and why; NULL when all could. */
const char *symbol_files_note(struct symbol_files *files);

#endif
