/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading DWARF's numbers from bytes nobody has vouched for: fixed, LEB128 (DWARF 5 section 7.6),
 * and the encoded pointers of .eh_frame (LSB 5.0 core, 10.5.1). Whatever does not fit breaks the
 * cursor: it then stands at its end, every further number is 0, and the caller asks once.
 */
#ifndef SYMBOL_DWARF_CURSOR_H
#define SYMBOL_DWARF_CURSOR_H

#include "base/bytes.h"

#include <stdbool.h>

/* A pointer's form (low four bits of its encoding) and what it is relative to. */
enum {
	POINTER_ABSPTR = 0x00,
	POINTER_ULEB128 = 0x01,
	POINTER_UDATA2 = 0x02,
	POINTER_UDATA4 = 0x03,
	POINTER_UDATA8 = 0x04,
	POINTER_SLEB128 = 0x09,
	POINTER_SDATA2 = 0x0a,
	POINTER_SDATA4 = 0x0b,
	POINTER_SDATA8 = 0x0c,
	POINTER_FORM = 0x0f,
	POINTER_PCREL = 0x10,
	POINTER_DATAREL = 0x30,
	POINTER_ALIGNED = 0x50,
	POINTER_BASE = 0x70,
	POINTER_INDIRECT = 0x80,
	POINTER_OMIT = 0xff,
};

struct dwarf_cursor {
	const uint8_t *at, *end; /* borrowed */
	uint64_t vaddr;		 /* file address of the byte at @end, for POINTER_PCREL */
	uint64_t data_base;	 /* for POINTER_DATAREL; 0 = not known */
	bool is_broken;
};

static inline size_t cursor_left(const struct dwarf_cursor *c)
{
	return (size_t)(c->end - c->at);
}

void cursor_break(struct dwarf_cursor *c);

/* Little-endian, @bytes is 1, 2, 4 or 8. */
uint64_t cursor_fixed(struct dwarf_cursor *c, unsigned int bytes);
/* Bits beyond 64 are dropped; more bytes than any compiler pads to (18) break the cursor. */
uint64_t cursor_uleb(struct dwarf_cursor *c);
int64_t cursor_sleb(struct dwarf_cursor *c);
/* The next @len bytes, skipped; none of them (not NULL) when there are not so many. */
struct bytes cursor_bytes(struct dwarf_cursor *c, uint64_t len);

/*
 * An encoded pointer. Encodings that need the running process (indirect, aligned, relative to text
 * or function) break the cursor.
 */
uint64_t cursor_pointer(struct dwarf_cursor *c, uint8_t encoding);

#endif
