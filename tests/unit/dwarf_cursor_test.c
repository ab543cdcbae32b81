// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* DWARF's numbers: every form, and what does not fit. */
#include "symbol/dwarf_cursor.h"

#include "tap.h"

#include <inttypes.h>

#define VADDR	     0x1000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct dwarf_cursor cursor_over(const uint8_t *at, size_t len)
{
	return (struct dwarf_cursor){ .at = at, .end = at + len, .vaddr = VADDR + len };
}

static const struct {
	const char *what;
	const char *bytes;
	size_t len;
	uint64_t u;
	int64_t s;
	bool is_broken;
} lebs[] = {
	{ "0", "\x00", 1, 0, 0, false },
	{ "63", "\x3f", 1, 63, 63, false },
	{ "64, or -64", "\x40", 1, 64, -64, false },
	{ "127, or -1", "\x7f", 1, 127, -1, false },
	{ "128", "\x80\x01", 2, 128, 128, false },
	{ "16256, or -128", "\x80\x7f", 2, 16256, -128, false },
	{ "padded", "\x85\x80\x80\x00", 4, 5, 5, false },
	{ "all bits", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, -1, false },
	{ "more bits than 64", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, UINT64_MAX, -1,
	  false },
	{ "as long as is allowed",
	  "\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 18, 1, 1,
	  false },
	{ "longer", "\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
	  19, 0, 0, true },
	{ "cut short", "\x80\x80", 2, 0, 0, true },
	{ "nothing", "", 0, 0, 0, true },
};

static void test_lebs(void)
{
	for (size_t i = 0; i < COUNT(lebs); i++) {
		const uint8_t *at = (const uint8_t *)lebs[i].bytes;
		struct dwarf_cursor u = cursor_over(at, lebs[i].len), s = u;

		ok(cursor_uleb(&u) == lebs[i].u && u.is_broken == lebs[i].is_broken, "unsigned: %s",
		   lebs[i].what);
		ok(cursor_sleb(&s) == lebs[i].s && s.is_broken == lebs[i].is_broken, "signed: %s",
		   lebs[i].what);
		ok(!cursor_left(&u) && !cursor_left(&s), "%s: all is read", lebs[i].what);
	}
}

/* Eight bytes 0xfe at VADDR + 4. */
static const struct {
	const char *what;
	uint8_t encoding;
	uint64_t data_base, value;
	size_t left;
	bool is_broken;
} pointers[] = {
	{ "absptr", POINTER_ABSPTR, 0, 0xfefefefefefefefe, 0, false },
	{ "udata2", POINTER_UDATA2, 0, 0xfefe, 6, false },
	{ "udata4", POINTER_UDATA4, 0, 0xfefefefe, 4, false },
	{ "udata8", POINTER_UDATA8, 0, 0xfefefefefefefefe, 0, false },
	{ "sdata2", POINTER_SDATA2, 0, 0xfffffffffffffefe, 6, false },
	{ "sdata4", POINTER_SDATA4, 0, 0xfffffffffefefefe, 4, false },
	{ "sdata8", POINTER_SDATA8, 0, 0xfefefefefefefefe, 0, false },
	{ "uleb128", POINTER_ULEB128, 0, 0, 0, true },
	{ "sleb128", POINTER_SLEB128, 0, 0, 0, true },
	{ "pcrel", POINTER_PCREL | POINTER_UDATA2, 0, VADDR + 4 + 0xfefe, 6, false },
	{ "pcrel back", POINTER_PCREL | POINTER_SDATA2, 0, VADDR + 4 - 0x102, 6, false },
	{ "datarel", POINTER_DATAREL | POINTER_UDATA2, 0x5000, 0x5000 + 0xfefe, 6, false },
	{ "datarel to what is not known", POINTER_DATAREL | POINTER_UDATA2, 0, 0, 0, true },
	{ "textrel", 0x20 | POINTER_UDATA2, 0x5000, 0, 0, true },
	{ "funcrel", 0x40 | POINTER_UDATA2, 0x5000, 0, 0, true },
	{ "aligned", POINTER_ALIGNED, 0x5000, 0, 0, true },
	{ "indirect", POINTER_INDIRECT | POINTER_PCREL | POINTER_SDATA4, 0, 0, 0, true },
	{ "no such form", 0x05, 0, 0, 0, true },
	{ "omitted", POINTER_OMIT, 0, 0, 0, true },
};

static void test_pointers(void)
{
	static const uint8_t bytes[12] = { 1,	 2,    3,    4,	   0xfe, 0xfe,
					   0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe };

	for (size_t i = 0; i < COUNT(pointers); i++) {
		struct dwarf_cursor c = cursor_over(bytes, sizeof(bytes));
		uint64_t value;

		(void)cursor_bytes(&c, 4);
		c.data_base = pointers[i].data_base;
		value = cursor_pointer(&c, pointers[i].encoding);
		ok(value == pointers[i].value && c.is_broken == pointers[i].is_broken &&
			   cursor_left(&c) == pointers[i].left,
		   "%s", pointers[i].what);
	}
}

static void test_ends(void)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct dwarf_cursor c = cursor_over(bytes, sizeof(bytes));

	ok(cursor_fixed(&c, 1) == 1 && cursor_fixed(&c, 2) == 0x0302 &&
		   cursor_fixed(&c, 4) == 0x07060504 && !c.is_broken,
	   "fixed numbers are little-endian");
	ok(cursor_fixed(&c, 1) == 0 && c.is_broken, "past the end is 0");
	c = cursor_over(bytes, sizeof(bytes));
	ok(cursor_fixed(&c, 8) == 0 && c.is_broken && !cursor_left(&c), "so is across the end");
	c = cursor_over(bytes, sizeof(bytes));
	ok(cursor_bytes(&c, 7).len == 7 && !c.is_broken, "as many bytes as there are");
	c = cursor_over(bytes, sizeof(bytes));
	ok(!cursor_bytes(&c, UINT64_MAX).len && c.is_broken, "no more");
	ok(cursor_bytes(&c, 0).at == bytes + sizeof(bytes), "and none, but a place");
}

int main(void)
{
	test_lebs();
	test_pointers();
	test_ends();
	return tap_done();
}
