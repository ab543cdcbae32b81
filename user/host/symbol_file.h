/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One ELF file that processes map: held open with its separate debug file, and the places in it
 * that were asked for so far. Names come from the first that has them: the file's own symbol table,
 * the debug file's, .gnu_debugdata and the dynamic symbols.
 */
#ifndef HOST_SYMBOL_FILE_H
#define HOST_SYMBOL_FILE_H

#include "base/strings.h"
#include "host/debug_file.h"
#include "host/symbol_binary.h"
#include "symbol/frame.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct symbol_place {
	uint64_t vaddr; /* file address, the key */
	/* Innermost first, at least one; module and offset are not set. Clean, interned texts. */
	struct frame *frames;
	size_t len;
	UT_hash_handle hh;
};

struct symbol_file {
	struct symbol_binary own, debug;
	const char *module;    /* what it was called when it was first seen; borrowed */
	struct strings *names; /* borrowed */
	struct symbol_place *places;
	int trouble; /* of the symboliser (symboliser.h): it is not asked about this file again */
	struct symbol_file *next; /* for whoever keeps files */
};

/*
 * Takes the open file @fd (closed also on failure). NULL when out of memory; a file that is not ELF
 * gives one without names.
 */
struct symbol_file *symbol_file_new(int fd, const char *module, struct strings *names);
void symbol_file_free(struct symbol_file *f);

/* Looks for its separate debug file, unless it has all there is to know itself. */
void symbol_file_find_debug(struct symbol_file *f, const struct debug_search *search);

/* Descriptors that it holds. */
size_t symbol_file_descriptors(const struct symbol_file *f);

/* File offset to file address; false when no segment holds it. */
bool symbol_file_address(const struct symbol_file *f, uint64_t offset, uint64_t *ret_vaddr);

/*
 * Looks up those of @count file addresses (@vaddrs sorted ascending, no duplicates) that are not
 * yet known, in one pass over each table. 0 or -ENOMEM; what cannot be read is unknown.
 */
int symbol_file_resolve(struct symbol_file *f, const uint64_t *vaddrs, size_t count);

/* The place of a resolved address, else NULL. */
const struct symbol_place *symbol_file_find(const struct symbol_file *f, uint64_t vaddr);

#endif
