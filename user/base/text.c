// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Hostile text made printable; the project's only UTF-8 decoder. */
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS     "..."
#define ELLIPSIS_LEN (sizeof(ELLIPSIS) - 1)
#define PIECE_LEN    16 /* one character or its escape, with the NUL */

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

/* Makes the printable form of the first character of @text; returns how many bytes it stood for. */
static size_t clean_one(const char *text, size_t len, char piece[PIECE_LEN], size_t *ret_piece_len)
{
	uint32_t code = 0;
	size_t used = text_decode(text, len, &code);
	int made;

	if (used == 0)
		made = snprintf(piece, PIECE_LEN, "\\x%02x", (uint8_t)text[0]);
	else if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
		made = snprintf(piece, PIECE_LEN, "\\x%02x", code);
	else if (is_deceptive(code))
		made = snprintf(piece, PIECE_LEN, "\\u{%04X}", code);
	else
		made = snprintf(piece, PIECE_LEN, "%.*s", (int)used, text);
	*ret_piece_len = (size_t)made;
	return used ? used : 1;
}

size_t text_clean(const char *text, size_t len, char *buf, size_t size)
{
	size_t written = 0, cut = 0; /* @cut: the last end with room for the ellipsis behind it */
	size_t at = 0;

	while (at < len && text[at] != '\0') {
		char piece[PIECE_LEN];
		size_t piece_len;

		at += clean_one(text + at, len - at, piece, &piece_len);
		if (written + piece_len >= size) {
			memcpy(buf + cut, ELLIPSIS, ELLIPSIS_LEN);
			written = cut + ELLIPSIS_LEN;
			break;
		}
		memcpy(buf + written, piece, piece_len);
		written += piece_len;
		if (written + ELLIPSIS_LEN < size)
			cut = written;
	}
	buf[written] = '\0';
	return written;
}
