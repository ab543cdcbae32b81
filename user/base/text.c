// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Hostile text made printable; the project's only UTF-8 decoder. */
#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS     "..."
#define ELLIPSIS_LEN (sizeof(ELLIPSIS) - 1)
#define PIECE_LEN    16 /* one character or its escape */

struct range {
	uint32_t first, last;
};

/* Characters that reorder, hide or break a line of text. */
static const struct range deceptive[] = {
	{ 0x061c, 0x061c }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x2060 }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff },
};

size_t text_decode(const char *text, size_t len, uint32_t *ret_code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *at = (const uint8_t *)text;
	uint32_t code;
	size_t need;

	if (len == 0)
		return 0;
	need = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (need == 0 || need > len || at[0] > 0xf4)
		return 0;
	code = need == 1 ? at[0] : at[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < smallest[need] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return need;
}

static bool is_deceptive(uint32_t code)
{
	for (size_t i = 0; i < sizeof(deceptive) / sizeof(deceptive[0]); i++) {
		if (code >= deceptive[i].first && code <= deceptive[i].last)
			return true;
	}
	return false;
}

/* @count hexadecimal digits of @value. */
static char *write_hex(char *to, uint32_t value, unsigned int count, const char *digits)
{
	while (count-- > 0)
		*to++ = digits[value >> 4 * count & 0xf];
	return to;
}

/* Not by snprintf: names come by the million, and a hostile one is all escapes. */
static size_t write_escape(char piece[PIECE_LEN], uint32_t code)
{
	char *to = piece;

	*to++ = '\\';
	if (code <= 0xff) {
		*to++ = 'x';
		to = write_hex(to, code, 2, "0123456789abcdef");
	} else {
		*to++ = 'u';
		*to++ = '{';
		to = write_hex(to, code, 4, "0123456789ABCDEF"); /* the deceptive ones fit */
		*to++ = '}';
	}
	return (size_t)(to - piece);
}

/* Makes the printable form of the first character of @text; returns how many bytes it stood for. */
static size_t clean_one(const char *text, size_t len, char piece[PIECE_LEN], size_t *ret_piece_len)
{
	uint32_t code = 0;
	size_t used = text_decode(text, len, &code);

	if (used == 0) {
		*ret_piece_len = write_escape(piece, (uint8_t)text[0]);
		return 1;
	}
	if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || is_deceptive(code)) {
		*ret_piece_len = write_escape(piece, code);
		return used;
	}
	memcpy(piece, text, used);
	*ret_piece_len = used;
	return used;
}

/* Most names are nothing but this, and come by the million. */
static size_t plain_len(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= 0x20 && text[n] < 0x7f)
		n++;
	return n;
}

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t text_clean(const char *text, size_t len, char *buf, size_t size)
{
	size_t last_cut = size - 1 - ELLIPSIS_LEN;
	size_t written = 0, cut = 0; /* @cut: the last end with room for the ellipsis behind it */
	size_t at = 0;

	while (at < len && text[at] != '\0') {
		size_t plain = plain_len(text + at, min_of(len - at, size - 1 - written));
		char piece[PIECE_LEN];
		size_t piece_len;

		memcpy(buf + written, text + at, plain);
		at += plain;
		if (written < last_cut) /* each of them could be the last */
			cut = min_of(written + plain, last_cut);
		written += plain;
		if (plain > 0)
			continue;
		at += clean_one(text + at, len - at, piece, &piece_len);
		if (written + piece_len >= size) {
			memcpy(buf + cut, ELLIPSIS, ELLIPSIS_LEN);
			written = cut + ELLIPSIS_LEN;
			break;
		}
		memcpy(buf + written, piece, piece_len);
		written += piece_len;
		if (written <= last_cut)
			cut = written;
	}
	buf[written] = '\0';
	return written;
}

char *text_hex(const uint8_t *bytes, size_t len, char *buf)
{
	for (size_t i = 0; i < len; i++)
		buf = write_hex(buf, bytes[i], 2, "0123456789abcdef");
	*buf = '\0';
	return buf;
}

void text_add_sentence(char *note, size_t size, const char *format, ...)
{
	size_t len = strlen(note);
	va_list args;

	if (len)
		len += (size_t)snprintf(note + len, size - len, "; ");
	if (len >= size)
		return;
	va_start(args, format);
	(void)vsnprintf(note + len, size - len, format, args);
	va_end(args);
}
