// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines of a known width, from text of anybody. */
#include "base/screen.h"

#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define CHAR_BYTES 4 /* at most, and each character has a column at least */
#define ELLIPSIS   "..."

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

int screen_start(struct screen *s, size_t rows, size_t columns)
{
	struct screen now = { .rows = least(rows, SCREEN_MAX_ROWS),
			      .columns = least(columns, SCREEN_MAX_COLUMNS) };
	size_t line_bytes = now.columns * CHAR_BYTES + 1;

	if (s->lines && s->rows == now.rows && s->columns == now.columns) {
		s->len = 0;
		s->line = NULL;
		return 0;
	}
	now.lines = calloc(now.rows + 1, sizeof(*now.lines));
	now.room = calloc(now.rows + 1, line_bytes);
	if (!now.lines || !now.room) {
		screen_done(&now);
		return -ENOMEM;
	}
	for (size_t i = 0; i < now.rows; i++)
		now.lines[i].text = now.room + i * line_bytes;
	screen_done(s);
	*s = now;
	return 0;
}

void screen_done(struct screen *s)
{
	free(s->lines);
	free(s->room);
	*s = (struct screen){ 0 };
}

void screen_begin(struct screen *s, enum screen_style style)
{
	s->line = s->len < s->rows ? &s->lines[s->len++] : NULL;
	if (s->line)
		*s->line = (struct screen_line){ .style = style, .text = s->line->text };
	if (s->line)
		s->line->text[0] = '\0';
}

size_t screen_left(const struct screen *s)
{
	return s->line ? s->columns - s->line->columns : 0;
}

/* One character as it can be shown. */
struct shown {
	const char *text;
	size_t len, columns;
};

/* The first of @text, which is not empty; returns how many bytes it stood for. */
static size_t next_char(const char *text, struct shown *ret)
{
	uint32_t code = 0;
	size_t used = text_decode(text, strnlen(text, CHAR_BYTES), &code);
	int columns = used ? wcwidth((wchar_t)code) : -1;

	*ret = columns > 0 ? (struct shown){ text, used, (size_t)columns }
			   : (struct shown){ "?", 1, 1 };
	return used ? used : 1;
}

size_t screen_width(const char *text)
{
	struct shown c;
	size_t width = 0;

	while (*text) {
		text += next_char(text, &c);
		width += c.columns;
	}
	return width;
}

static void put(struct screen *s, struct shown c)
{
	struct screen_line *line = s->line;

	if (screen_left(s) < c.columns)
		return;
	memcpy(line->text + line->len, c.text, c.len);
	line->len += c.len;
	line->columns += c.columns;
	line->text[line->len] = '\0';
}

/* What of @text stands in its columns from @first to before @end, as far as that is whole. */
static void put_part(struct screen *s, const char *text, size_t first, size_t end)
{
	struct shown c;

	for (size_t at = 0; *text && at < end; at += c.columns) {
		text += next_char(text, &c);
		if (at >= first && at + c.columns <= end)
			put(s, c);
	}
}

static void put_fitting(struct screen *s, size_t width, const char *text)
{
	size_t all = screen_width(text), dots = sizeof(ELLIPSIS) - 1, head;

	if (all <= width || width < 2 * dots) { /* too little room for both ends */
		put_part(s, text, 0, width);
		return;
	}
	head = (width - dots) / 2;
	put_part(s, text, 0, head);
	put_part(s, ELLIPSIS, 0, dots);
	put_part(s, text, all - (width - dots - head), all);
}

void screen_cell(struct screen *s, size_t width, const char *text)
{
	size_t want = least(width, screen_left(s));
	size_t end = s->line ? s->line->columns + want : 0;

	put_fitting(s, want, text);
	while (s->line && s->line->columns < end)
		put(s, (struct shown){ " ", 1, 1 });
}

void screen_text(struct screen *s, const char *text)
{
	put_fitting(s, screen_left(s), text);
}

void screen_line(struct screen *s, enum screen_style style, const char *text)
{
	screen_begin(s, style);
	screen_text(s, text);
}

void screen_lines(struct screen *s, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		screen_line(s, i ? SCREEN_PLAIN : SCREEN_TITLE, lines[i]);
}
