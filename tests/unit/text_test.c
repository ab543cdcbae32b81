// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Hostile text: what a terminal could obey or an eye could miss comes out as an escape. */
#include "base/text.h"
#include "tap.h"

#include <stdint.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

struct row {
	const char *what, *in, *out;
};

static const struct row cleaned[] = {
	{ "nothing", "", "" },
	{ "plain text", "nginx: worker [1]", "nginx: worker [1]" },
	{ "a backslash stays", "a\\x1b", "a\\x1b" },
	{ "UTF-8 of 2, 3, 4 bytes", "\u00e9 \u4e2d \U0001f600", "\u00e9 \u4e2d \U0001f600" },
	{ "escape sequence", "\x1b[31mred", "\\x1b[31mred" },
	{ "newline, tab, return", "a\nb\tc\r", "a\\x0ab\\x09c\\x0d" },
	{ "DEL", "\x7f", "\\x7f" },
	{ "C1 as UTF-8",
	  "\xc2\x9b"
	  "31m",
	  "\\x9b31m" },
	{ "C1 as a byte",
	  "\x9b"
	  "31m",
	  "\\x9b31m" },
	{ "no-break space is not C1", "\xc2\xa0", "\xc2\xa0" },
	{ "bidi override", "a\u202eb\u202c\u2066c\u2069",
	  "a\\u{202E}b\\u{202C}\\u{2066}c\\u{2069}" },
	{ "bidi marks", "\u061c\u200e\u200f", "\\u{061C}\\u{200E}\\u{200F}" },
	{ "zero width", "\u200b\u200d\u2060\ufeff", "\\u{200B}\\u{200D}\\u{2060}\\u{FEFF}" },
	{ "separators", "\u2028\u2029", "\\u{2028}\\u{2029}" },
	{ "neighbours of those stay", "\u200a\u2010\u2027\u202f\u2065",
	  "\u200a\u2010\u2027\u202f\u2065" },
	{ "stray continuation", "a\x80z", "a\\x80z" },
	{ "overlong slash", "\xc0\xaf", "\\xc0\\xaf" },
	{ "overlong 3 bytes", "\xe0\x80\x80", "\\xe0\\x80\\x80" },
	{ "surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "beyond U+10FFFF", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "cut off at the end", "a\xe4\xb8", "a\\xe4\\xb8" },
	{ "never valid", "\xfe\xff", "\\xfe\\xff" },
};

static void test_cleaned(void)
{
	for (size_t i = 0; i < ROWS(cleaned); i++) {
		char buf[256];
		size_t len = text_clean(cleaned[i].in, strlen(cleaned[i].in), buf, sizeof(buf));

		is_text(buf, cleaned[i].out, "%s", cleaned[i].what);
		is_int(len, strlen(cleaned[i].out), "%s: length", cleaned[i].what);
	}
}

static void test_hex(void)
{
	static const uint8_t bytes[] = { 0x00, 0x0f, 0xa1, 0xff };
	char buf[] = "?????????";

	is_int(text_hex(bytes, 4, buf) - buf, 8, "hex: two digits a byte");
	is_text(buf, "000fa1ff", "in lower case");
	ok(text_hex(bytes, 0, buf) == buf && !buf[0], "of nothing");
}

static void test_cut(void)
{
	static const struct {
		const char *in;
		size_t size;
		const char *out;
	} rows[] = {
		{ "abc", 4, "abc" },
		{ "abcd", 4, "..." },
		{ "abcdefgh", 9, "abcdefgh" },
		{ "abcdefghi", 9, "abcde..." },
		{ "ab\u4e2dcdefg", 8, "ab..." }, /* no half characters */
		{ "ab\ncdefgh", 9, "ab..." },	 /* no half escapes */
		{ "ab\ncdefgh", 10, "ab\\x0a..." },
		{ "\n\n", 4, "..." },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		char buf[16];
		size_t len = text_clean(rows[i].in, strlen(rows[i].in), buf, rows[i].size);

		is_text(buf, rows[i].out, "cut %zu: text", i);
		is_int(len, strlen(rows[i].out), "cut %zu: length", i);
	}
}

static void test_ends(void)
{
	static const char two[] = "ab\0cd";
	char buf[16];

	(void)text_clean(two, sizeof(two), buf, sizeof(buf));
	is_text(buf, "ab", "ends at a NUL");
	(void)text_clean("abcdef", 3, buf, sizeof(buf));
	is_text(buf, "abc", "ends at the length");
	(void)text_clean("\u4e2d", 2, buf, sizeof(buf));
	is_text(buf, "\\xe4\\xb8", "does not read a character beyond the length");
}

static void test_decode(void)
{
	static const struct {
		const char *in;
		size_t len;
		uint32_t code;
	} rows[] = {
		{ "a", 1, 'a' },
		{ "\xc2\x80", 2, 0x80 },
		{ "\xdf\xbf", 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 0x800 },
		{ "\xed\x9f\xbf", 3, 0xd7ff },
		{ "\xee\x80\x80", 3, 0xe000 },
		{ "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
		{ "\xc1\xbf", 0, 7 },
		{ "\xe0\x9f\xbf", 0, 7 },
		{ "\xf0\x8f\xbf\xbf", 0, 7 },
		{ "\xf5\x80\x80\x80", 0, 7 },
		{ "\xc2z", 0, 7 },
		{ "", 0, 7 },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		uint32_t code = 7; /* untouched on failure */

		is_int(text_decode(rows[i].in, strlen(rows[i].in), &code), rows[i].len,
		       "row %zu: length", i);
		is_int(code, rows[i].code, "row %zu: code point", i);
	}
}

static void test_sentences(void)
{
	char note[16] = "", full[4] = "abc";

	text_add_sentence(note, sizeof(note), "%d lost", 3);
	is_text(note, "3 lost", "the first sentence");
	text_add_sentence(note, sizeof(note), "late");
	is_text(note, "3 lost; late", "the next, behind a semicolon");
	text_add_sentence(note, sizeof(note), "cut short");
	is_text(note, "3 lost; late; c", "what does not fit is cut");
	text_add_sentence(full, sizeof(full), "more");
	is_text(full, "abc", "nothing fits any more");
}

int main(void)
{
	test_cleaned();
	test_hex();
	test_cut();
	test_ends();
	test_decode();
	test_sentences();
	return tap_done();
}
