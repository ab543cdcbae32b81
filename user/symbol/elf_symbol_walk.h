/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to symbol/elf_*.c: symbol tables, read in a row. */
#ifndef SYMBOL_ELF_SYMBOL_WALK_H
#define SYMBOL_ELF_SYMBOL_WALK_H

#include "symbol/elf.h"

#include <elf.h>

#define CHUNK_SYMBOLS 256

struct elf_walk {
	const struct elf *elf;
	const struct elf_table *table;
	uint64_t read; /* symbols read from the table */
	size_t at, len;
	Elf64_Sym chunk[CHUNK_SYMBOLS];
};

/* The next symbol, NULL at the end; 0 or the reader's error. */
int elf_walk_next(struct elf_walk *w, const Elf64_Sym **ret_symbol);

/* The first @size - 1 bytes at most of a symbol's name, without its version. 0, -EBADMSG, or the
 * reader's error. */
int elf_read_name(const struct elf *elf, const struct elf_table *table, uint32_t name_offset,
		  char *buf, size_t size);

bool elf_is_defined(const Elf64_Sym *s);
/* Does an executable segment hold it all? */
bool elf_is_code(const struct elf *elf, uint64_t vaddr, uint64_t size);
/* A function with a size, in the file. */
bool elf_is_function(const struct elf *elf, const Elf64_Sym *s);

#endif
