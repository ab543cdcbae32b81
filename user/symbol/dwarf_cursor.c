// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Checked reading of DWARF's numbers. */
#include "symbol/dwarf_cursor.h"

#include <string.h>

#define LEB128_MAX_BYTES 18

void cursor_break(struct dwarf_cursor *c)
{
	c->at = c->end;
	c->is_broken = true;
}

uint64_t cursor_fixed(struct dwarf_cursor *c, unsigned int bytes)
{
	uint64_t value = 0;

	if (cursor_left(c) < bytes) {
		cursor_break(c);
		return 0;
	}
	memcpy(&value, c->at, bytes); /* both sides are little-endian: elf_open() saw to it */
	c->at += bytes;
	return value;
}

/* Bits in @ret_width that the number has; it is not yet extended by its sign. */
static uint64_t read_leb(struct dwarf_cursor *c, unsigned int *ret_width)
{
	uint64_t value = 0;
	unsigned int width = 0;

	for (unsigned int i = 0; i < LEB128_MAX_BYTES && c->at < c->end; i++) {
		uint8_t byte = *c->at++;

		if (width < 64)
			value |= (uint64_t)(byte & 0x7f) << width;
		width += 7;
		if (!(byte & 0x80)) {
			*ret_width = width;
			return value;
		}
	}
	cursor_break(c);
	*ret_width = 64;
	return 0;
}

uint64_t cursor_uleb(struct dwarf_cursor *c)
{
	unsigned int width;

	return read_leb(c, &width);
}

int64_t cursor_sleb(struct dwarf_cursor *c)
{
	unsigned int width;
	uint64_t value = read_leb(c, &width);

	if (width < 64 && (value >> (width - 1) & 1))
		value |= ~0ull << width;
	return (int64_t)value;
}

struct bytes cursor_bytes(struct dwarf_cursor *c, uint64_t len)
{
	struct bytes b = { c->at, (size_t)len };

	if (len > cursor_left(c)) {
		cursor_break(c);
		return (struct bytes){ c->at, 0 };
	}
	c->at += len;
	return b;
}

static uint64_t read_form(struct dwarf_cursor *c, uint8_t form)
{
	switch (form) {
	case POINTER_ABSPTR:
	case POINTER_UDATA8:
	case POINTER_SDATA8:
		return cursor_fixed(c, 8);
	case POINTER_ULEB128:
		return cursor_uleb(c);
	case POINTER_SLEB128:
		return (uint64_t)cursor_sleb(c);
	case POINTER_UDATA2:
		return cursor_fixed(c, 2);
	case POINTER_UDATA4:
		return cursor_fixed(c, 4);
	case POINTER_SDATA2:
		return (uint64_t)(int64_t)(int16_t)cursor_fixed(c, 2);
	case POINTER_SDATA4:
		return (uint64_t)(int64_t)(int32_t)cursor_fixed(c, 4);
	default:
		cursor_break(c);
		return 0;
	}
}

uint64_t cursor_pointer(struct dwarf_cursor *c, uint8_t encoding)
{
	uint64_t here = c->vaddr - cursor_left(c);
	uint64_t value;

	if (encoding & POINTER_INDIRECT) {
		cursor_break(c);
		return 0;
	}
	value = read_form(c, encoding & POINTER_FORM);
	if (c->is_broken)
		return 0;
	switch (encoding & POINTER_BASE) {
	case 0:
		return value;
	case POINTER_PCREL:
		return here + value;
	case POINTER_DATAREL:
		if (c->data_base)
			return c->data_base + value;
		break;
	default:
		break;
	}
	cursor_break(c);
	return 0;
}
