/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An ELF file held open to be read in passes. */
#ifndef HOST_SYMBOL_BINARY_H
#define HOST_SYMBOL_BINARY_H

#include "symbol/debug_link.h"

struct symbol_binary {
	int fd; /* -1: none, or no ELF file we can read */
	struct elf elf;
};

/* Takes @fd when 0 is returned; else -errno and @b is untouched but for its elf. */
int symbol_binary_open(struct symbol_binary *b, int fd);
void symbol_binary_done(struct symbol_binary *b);

/* One pass of elf_name_addresses. */
int symbol_binary_name(struct symbol_binary *b, const uint64_t *vaddrs, size_t count,
		       elf_found_fn found, void *ctx);

/* As debug_link_read. */
int symbol_binary_link(struct symbol_binary *b, struct debug_link *ret_link);

/* Both have a build id, one long enough not to be equal by chance, and it is the same. */
bool symbol_binary_is_same_build(const struct symbol_binary *a, const struct symbol_binary *b);

#endif
