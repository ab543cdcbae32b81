/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The unwind table of one ELF file (abi/unwind.h), compiled from its call frame information.
 * Sources: DWARF 5 section 6.4, LSB 5.0 "exception frames", x86-64 psABI sections 3.6-3.7.
 *
 * What the rules cannot express is marked and counted, never guessed. Time and memory are bounded
 * by the section's size S, whatever it holds: its bytes are passed over three times at most, each
 * FDE costs a search among the CIEs, each row a look-up of its rule (symbol/unwind_rules.h), and
 * memory stays below 4 S + 100 MiB. An FDE has at least 10 bytes and gives a row at its start and
 * one at its end, any other row has an instruction that advances: rows never outnumber the bytes of
 * the section and the pages together.
 */
#ifndef SYMBOL_UNWIND_TABLE_H
#define SYMBOL_UNWIND_TABLE_H

#include "abi/unwind.h"
#include "symbol/elf.h"

#define UNWIND_TABLE_MAX_SECTION_BYTES (64ull << 20)
#define UNWIND_TABLE_MAX_PAGES	       65536 /* 4 GiB of code */
#define UNWIND_TABLE_MAX_RULES	       65535 /* what comes later is UNWIND_CFA_INEXPRESSIBLE */
#define UNWIND_TABLE_MAX_CIES	       65536 /* FDEs of those that come later are skipped */
#define UNWIND_TABLE_MAX_ROWS	       (1u << 24)

struct unwind_table_page {
	uint32_t first, count; /* rows, count >= 1 */
};

struct unwind_table {
	uint64_t lowest_page; /* file address >> UNWIND_PAGE_BITS of pages[0] */
	struct unwind_table_page *pages;
	size_t page_count; /* they cover the executable segments (the holes between them too) */
	struct unwind_row *rows;
	size_t row_count;
	struct unwind_rule *rules; /* [0] is UNWIND_CFA_NONE, [1] UNWIND_CFA_INEXPRESSIBLE */
	size_t rule_count;
	uint64_t text_bytes;	    /* covered by FDEs */
	size_t fde_count;	    /* used */
	size_t inexpressible_count; /* rows that say so */
	size_t skipped_count;	    /* FDEs that could not be read, lie outside the code or overlap
				       one that starts before (at the same place: comes before) */
};

/*
 * Compiles .eh_frame (found by section, or by PT_GNU_EH_FRAME without sections) of @elf, or its
 * .debug_frame where no usable FDE is in there. The reader of @elf must work. 0; -ENODATA (neither
 * is there, or they hold no usable FDE); -E2BIG (over a limit above); -EBADMSG (no executable
 * segment, or a section that lies about its place); -ENOMEM; the reader's error. @ret is untouched
 * on failure.
 */
int unwind_table_read(const struct elf *elf, struct unwind_table *ret);
void unwind_table_done(struct unwind_table *t);

/* The rule in force at file address @vaddr: UNWIND_CFA_NONE where nothing is known. */
const struct unwind_rule *unwind_table_find(const struct unwind_table *t, uint64_t vaddr);

#endif
