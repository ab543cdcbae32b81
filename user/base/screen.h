/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A screen full of text, and the keys it is worked with: what stands between those who compose it
 * (report/live_screen.h) and the terminal (host/terminal.h). Whatever text comes in, only what is
 * printable and has a known width goes to a line, and never more of it than the screen is wide.
 *
 * Widths of characters are those of wcwidth, so of the process's LC_CTYPE; one without a width (a
 * control, a combining mark, not of the locale, invalid) becomes "?".
 */
#ifndef BASE_SCREEN_H
#define BASE_SCREEN_H

#include <stddef.h>

/* A terminal that claims to be larger is filled so far. */
#define SCREEN_MAX_ROWS	   500
#define SCREEN_MAX_COLUMNS 1000

enum screen_style {
	SCREEN_PLAIN,
	SCREEN_TITLE,
	SCREEN_HEAD, /* of a table */
	SCREEN_SELECTED,
	SCREEN_FAINT,
	SCREEN_ALARM, /* what must not be overlooked */
};

/* Keys are code points, and these. */
enum screen_key {
	SCREEN_KEY_ENTER = '\n',
	SCREEN_KEY_ESCAPE = 0x1b,
	SCREEN_KEY_BACKSPACE = 0x7f,
	SCREEN_KEY_UP = 0x110000,
	SCREEN_KEY_DOWN,
	SCREEN_KEY_PAGE_UP,
	SCREEN_KEY_PAGE_DOWN,
	SCREEN_KEY_HOME,
	SCREEN_KEY_END,
};

struct screen_line {
	enum screen_style style;
	char *text;	/* valid UTF-8 */
	size_t len;	/* bytes */
	size_t columns; /* it takes; at most the screen's */
};

/* Zeroed at birth, ended by screen_done. */
struct screen {
	size_t rows, columns;
	struct screen_line *lines;
	size_t len;		  /* lines in use, at most rows */
	struct screen_line *line; /* begun last; NULL: the screen is full */
	char *room;		  /* of their texts */
};

/* Empties it, for that size. 0 or -ENOMEM. */
int screen_start(struct screen *s, size_t rows, size_t columns);
void screen_done(struct screen *s);

/* Begins the next line. When the screen is full, what is put goes nowhere. */
void screen_begin(struct screen *s, enum screen_style style);

/*
 * Appends to the line begun last: of a text that is wider than @width its start and its end, what
 * is narrower is filled up with spaces. Less when the line is full.
 */
void screen_cell(struct screen *s, size_t width, const char *text);

/* The same without filling up, as wide as there is room. */
void screen_text(struct screen *s, const char *text);

/* A whole line of it. */
void screen_line(struct screen *s, enum screen_style style, const char *text);

/* @count of them, the first one a title. */
void screen_lines(struct screen *s, const char *const *lines, size_t count);

/* Columns that are left in the line begun last. */
size_t screen_left(const struct screen *s);

/* Columns of @text. */
size_t screen_width(const char *text);

#endif
