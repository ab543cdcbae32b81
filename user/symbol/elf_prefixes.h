/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Functions of an ELF file by how their names begin. A mangled C++ name up to its arguments stands
 * for all versions of the function, and for the clones that the compiler makes of it
 * (f(int) [clone .constprop.0]).
 */
#ifndef SYMBOL_ELF_PREFIXES_H
#define SYMBOL_ELF_PREFIXES_H

#include "symbol/elf.h"

#define ELF_PREFIX_MAX 256

/*
 * Called for each function whose name begins with prefix @prefix: its whole (raw, mangled, unclean)
 * name, borrowed. A non-zero result ends the search and is returned.
 */
typedef int (*elf_function_fn)(void *ctx, size_t prefix, const char *name,
			       const struct elf_symbol *symbol);

/*
 * Looks through dynsym, then symtab: what is in both is told twice. 0; -EINVAL (an empty prefix, or
 * one of more than ELF_PREFIX_MAX bytes), -EBADMSG for a table made to waste time, -ENOMEM, or the
 * reader's error.
 */
int elf_find_prefixed(const struct elf *elf, const char *const *prefixes, size_t count,
		      elf_function_fn found, void *ctx);

#endif
