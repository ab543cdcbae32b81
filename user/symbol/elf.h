/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The little of ELF that a tracer needs, read piecemeal through a reader: headers, load segments,
 * build id, symbols by name and by address. Sources: System V ABI ch. 4-5, the gABI's dynamic
 * section, elf(5). Only 64-bit little-endian files of this machine; every offset and count is
 * checked against the file's size before use, nothing is allocated in proportion to an unchecked
 * field.
 *
 * Addresses are "file addresses": virtual addresses as the ELF file states them (before the load
 * bias). Offsets are byte offsets in the file.
 */
#ifndef SYMBOL_ELF_H
#define SYMBOL_ELF_H

#include "base/bytes.h"
#include "symbol/elf_notes.h"

#include <stdbool.h>

#define ELF_MAX_SEGMENTS 64
#define ELF_MAX_SECTIONS 65536
#define ELF_MAX_SYMBOLS	 (1 << 24) /* in one table */
#define ELF_NAME_MAX	 4096	   /* longest symbol name looked at, with the NUL */

struct elf_segment {
	uint64_t offset, vaddr, file_size, mem_size;
	bool executable;
};

struct elf_range { /* a section's content, inside the file; size 0 = absent */
	uint64_t offset, size;
};

struct elf_table { /* a symbol table and its strings; size 0 = absent */
	uint64_t offset, size;
	uint64_t strings_offset, strings_size;
};

struct elf {
	struct reader reader; /* borrowed context */
	uint16_t type;	      /* ET_EXEC, ET_DYN */
	uint64_t entry;	      /* file address */
	struct elf_segment segments[ELF_MAX_SEGMENTS];
	size_t segment_count;
	uint64_t dynamic_vaddr; /* of PT_DYNAMIC, 0 when there is none */
	bool has_interpreter;	/* PT_INTERP: dynamically linked */
	struct elf_table symtab, dynsym;
	uint8_t build_id[ELF_BUILD_ID_MAX];
	size_t build_id_len;
	struct elf_range debuglink; /* .gnu_debuglink, for symbol/debug_link.h */
	struct elf_range debugdata; /* .gnu_debugdata: an ELF file with symbols, packed by xz */
	bool has_dwarf;		    /* .debug_info (also compressed) */
	bool has_debugaltlink;	    /* .gnu_debugaltlink: its DWARF refers to another file */
	bool is_go;		    /* .go.buildinfo or .note.go.buildid */
};

/*
 * 0; -EBADMSG (not ELF or malformed; *ret_offset says where), -EOPNOTSUPP (32-bit, other machine or
 * byte order, neither program nor library), -E2BIG (over a limit above), or the reader's error. A
 * file without section headers is fine: symbols then come from PT_DYNAMIC (dynsym sized by
 * DT_GNU_HASH or DT_HASH), the build id from PT_NOTE.
 */
int elf_open(struct elf *elf, struct reader reader, uint64_t *ret_offset);

/* File address <-> file offset, through the load segments; false when no segment holds it. */
bool elf_offset_of(const struct elf *elf, uint64_t vaddr, uint64_t *ret_offset,
		   bool *ret_executable);
bool elf_vaddr_of(const struct elf *elf, uint64_t offset, uint64_t *ret_vaddr);

struct elf_symbol {
	uint64_t vaddr, size;
	bool found;
};

/*
 * Looks up @count @names (function symbols: FUNC, not IFUNC, defined, size > 0, inside an
 * executable segment) in dynsym first, then symtab, global and weak before local. ret_symbols[i]
 * answers names[i]. Versions do not matter: dynsym's strings have none, and what follows an '@' in
 * symtab's (name@@VER) is not compared.
 * @dynamic_only: look in dynsym alone (what other objects can bind to).
 * 0, the reader's error, -EBADMSG for a table made to waste time, or -ENOMEM.
 */
int elf_find_functions(const struct elf *elf, const char *const *names, size_t count,
		       bool dynamic_only, struct elf_symbol *ret_symbols);

/*
 * Names the functions that hold @count file addresses, @addrs sorted ascending. One streaming pass
 * over symtab and dynsym; memory is proportional to @count alone. For each address found, @found is
 * called once with its index, the (raw, mangled, unclean) name and the symbol's start. Among
 * several symbols at one place: the smallest covering one, then global before weak before local,
 * then the shorter name. A symbol of size 0 covers up to the next symbol, at most 64 KiB, and only
 * when no sized one does. Names come without their version (@VER, @@VER) and cut to ELF_NAME_MAX.
 * 0, the reader's error, -EBADMSG for a table that lies or is made to waste time, or -ENOMEM.
 */
typedef void (*elf_found_fn)(void *ctx, size_t index, const char *name, uint64_t symbol_vaddr);
int elf_name_addresses(const struct elf *elf, const uint64_t *addrs, size_t count,
		       elf_found_fn found, void *ctx);

#endif
