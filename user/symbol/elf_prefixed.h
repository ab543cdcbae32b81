/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Symbols of an ELF file by how their names begin, of any type: data too. */
#ifndef SYMBOL_ELF_PREFIXED_H
#define SYMBOL_ELF_PREFIXED_H

#include "symbol/elf.h"

#define ELF_PREFIXED_NAME_MAX 256   /* longer names are left out; with the NUL */
#define ELF_PREFIXED_MAX      65536 /* names that begin so */

struct elf_prefixed {
	const char *name; /* raw, without its version; borrowed until the call returns */
	uint64_t vaddr, size;
};

/* 0, or an error that ends the search. */
typedef int (*elf_prefixed_fn)(void *ctx, const struct elf_prefixed *symbol);

/*
 * Calls @found for each defined symbol whose name begins with one of the @count @prefixes, those of
 * dynsym first; one that is in both tables comes twice. 0; what @found or the reader returned;
 * -EBADMSG: more than ELF_PREFIXED_MAX names; or -ENOMEM.
 */
int elf_find_prefixed(const struct elf *elf, const char *const *prefixes, size_t count,
		      elf_prefixed_fn found, void *ctx);

/*
 * The 32-bit word at @vaddr, as the file would be loaded: what has no bytes in the file is 0. 0;
 * -ENODATA: no segment has it; or the reader's error.
 */
int elf_word_at(const struct elf *elf, uint64_t vaddr, uint32_t *ret_word);

#endif
