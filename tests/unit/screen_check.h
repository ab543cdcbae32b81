/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A screen that is drawn on, what is on it, and whether a terminal can show it. */
#ifndef TESTS_UNIT_SCREEN_CHECK_H
#define TESTS_UNIT_SCREEN_CHECK_H

#include "base/screen.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define HOSTILE                                                                                    \
	"\x1b]0;own\x07"                                                                           \
	"a;b\xff\xe5\x86\x85\xc2\x9b"

static struct screen screen;

static inline bool has_line(const char *text)
{
	for (size_t i = 0; i < screen.len; i++)
		if (strstr(screen.lines[i].text, text))
			return true;
	for (size_t i = 0; i < screen.len; i++)
		printf("# |%s|\n", screen.lines[i].text);
	return false;
}

/* No line is wider than that screen, and all is valid and printable. */
static inline bool screen_is_sound(size_t rows, size_t columns)
{
	if (screen.len > rows)
		return false;
	for (size_t i = 0; i < screen.len; i++) {
		const struct screen_line *line = &screen.lines[i];
		uint32_t code = 0;

		if (line->columns > columns || screen_width(line->text) != line->columns)
			return false;
		for (size_t at = 0, used; at < line->len; at += used) {
			used = text_decode(line->text + at, line->len - at, &code);
			if (!used || code < 0x20 || (code >= 0x7f && code < 0xa0))
				return false;
		}
	}
	return true;
}

#endif
