/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One ELF file that processes map: held open with its separate debug file, and the places in it
 * that were asked for so far.
 */
#ifndef HOST_SYMBOL_FILE_H
#define HOST_SYMBOL_FILE_H

#include "host/interned.h"
#include "host/target.h"
#include "symbol/elf.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct symbol_place {
	uint64_t vaddr;		     /* file address, the key */
	const char *function, *file; /* clean, interned; "" unknown */
	uint32_t line;
	UT_hash_handle hh;
};

struct symbol_binary {
	int fd; /* -1: none, or no ELF file we can read */
	struct elf elf;
};

struct symbol_file {
	struct symbol_file_id {
		uint64_t device, inode;
	} id; /* the key of whoever keeps files */
	struct symbol_binary own, debug;
	struct interned *names; /* borrowed */
	struct symbol_place *places;
	bool is_without_lines; /* no DWARF, or reading it failed once */
	UT_hash_handle hh;
};

/*
 * Takes the open file @fd (closed also on failure) and looks for its separate debug file by build
 * id: on the host, then below the root of @t. NULL when out of memory; a file that is not ELF gives
 * one without names.
 */
struct symbol_file *symbol_file_new(int fd, const struct target *t, struct interned *names);
void symbol_file_free(struct symbol_file *f);

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
