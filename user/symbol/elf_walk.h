/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The symbols of one table in turn, for what searches whole tables. */
#ifndef SYMBOL_ELF_WALK_H
#define SYMBOL_ELF_WALK_H

#include "symbol/elf.h"

#include <elf.h>

#define ELF_WALK_SYMBOLS 256 /* read at once */

/* Set are @elf and @table, the rest is zero. */
struct elf_walk {
	const struct elf *elf;
	const struct elf_table *table;
	uint64_t read; /* symbols read from the table */
	size_t at, len;
	Elf64_Sym chunk[ELF_WALK_SYMBOLS];
};

/* The next symbol, NULL at the end; 0 or the reader's error. */
int elf_walk_next(struct elf_walk *w, const Elf64_Sym **ret_symbol);

/*
 * The first @size - 1 bytes at most of a symbol's name. Names in symtab may carry their version
 * (malloc@@GLIBC_2.2.5), which is cut off. 0, -EBADMSG: it lies outside of the table, or the
 * reader's error.
 */
int elf_symbol_name(const struct elf *elf, const struct elf_table *table, uint32_t name_offset,
		    char *buf, size_t size);

bool elf_symbol_is_defined(const Elf64_Sym *s);

#endif
