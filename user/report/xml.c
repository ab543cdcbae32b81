// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Escapes for XML: runs of ordinary bytes as they are, one character at a time in between. */
#include "report/xml.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The reference for a character that may not stand for itself, or NULL. */
static const char *reference(uint32_t code)
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
		return "&#9;";
	case '\n':
		return "&#10;";
	default:
		return NULL;
	}
}

static bool is_allowed(uint32_t code)
{
	return code >= 0x20 && (code < 0x7f || code > 0x9f) && code != 0xfffe && code != 0xffff;
}

static size_t plain_len(const char *text)
{
	size_t len = 0;

	while (text[len] >= 0x20 && text[len] < 0x7f && !strchr("&<>\"'", text[len]))
		len++;
	return len;
}

void xml_text(const char *text, FILE *out)
{
	size_t left = strlen(text);

	while (left) {
		size_t used = plain_len(text);
		uint32_t code = 0;
		const char *as;

		if (used) {
			(void)fwrite(text, 1, used, out);
		} else {
			used = text_decode(text, left, &code);
			as = used ? reference(code) : NULL;
			if (as)
				(void)fputs(as, out);
			else if (used && is_allowed(code))
				(void)fwrite(text, 1, used, out);
			else
				(void)fputs(REPLACEMENT, out);
			used = used ? used : 1;
		}
		text += used;
		left -= used;
	}
}
