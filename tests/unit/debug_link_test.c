// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names that a debug link may have, and those that would lead elsewhere. */
#include "symbol/debug_link.h"

#include "tap.h"

#define SECTION(text) .section = { (const uint8_t *)(text), sizeof(text) - 1 }

static const struct {
	const char *what;
	struct bytes section;
	const char *name; /* NULL: refused */
} cases[] = {
	{ "a name", SECTION("x.debug\0\x78\x56\x34\x12"), "x.debug" },
	{ "a name with padding", SECTION("ab.debug\0\0\0\0\x78\x56\x34\x12"), "ab.debug" },
	{ "more behind it", SECTION("abc\0\x78\x56\x34\x12more"), "abc" },
	{ "dots in a name", SECTION("..a\0\x78\x56\x34\x12"), "..a" },
	{ "nothing", SECTION(""), NULL },
	{ "an empty name", SECTION("\0\0\0\0\x78\x56\x34\x12"), NULL },
	{ "no NUL", SECTION("abcdefgh"), NULL },
	{ "no CRC", SECTION("x.debug\0"), NULL },
	{ "half a CRC", SECTION("x.debug\0\x78\x56"), NULL },
	{ "the folder", SECTION(".\0\0\0\x78\x56\x34\x12"), NULL },
	{ "the folder above", SECTION("..\0\0\x78\x56\x34\x12"), NULL },
	{ "a way out", SECTION("../../etc/shadow\0\0\0\0\x78\x56\x34\x12"), NULL },
	{ "an absolute path", SECTION("/etc/shadow\0\x78\x56\x34\x12"), NULL },
	{ "a folder below", SECTION("a/b\0\x78\x56\x34\x12"), NULL },
};

static void test_long_name(void)
{
	uint8_t section[DEBUG_LINK_NAME_MAX + 8];
	struct debug_link link;

	memset(section, 'a', sizeof(section));
	section[DEBUG_LINK_NAME_MAX - 1] = 0;
	is_int(debug_link_parse((struct bytes){ section, sizeof(section) }, &link), 0,
	       "the longest name is taken");
	section[DEBUG_LINK_NAME_MAX - 1] = 'a';
	section[DEBUG_LINK_NAME_MAX] = 0;
	is_int(debug_link_parse((struct bytes){ section, sizeof(section) }, &link), -EBADMSG,
	       "a longer one is refused");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct debug_link link = { .name = "untouched" };
		int err = debug_link_parse(cases[i].section, &link);

		is_int(err, cases[i].name ? 0 : -EBADMSG, "%s: result", cases[i].what);
		is_text(link.name, cases[i].name ? cases[i].name : "untouched", "%s: name",
			cases[i].what);
		is_int(link.crc, cases[i].name ? 0x12345678 : 0, "%s: CRC", cases[i].what);
	}
	test_long_name();
	return tap_done();
}
