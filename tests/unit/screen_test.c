// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text of anybody in lines of a known width, in a locale that knows it and in one that does not. */
#include "base/screen.h"

#include "base/scope.h"
#include "base/text.h"
#include "failing_alloc.h"
#include "tap.h"

#include <locale.h>
#include <stdint.h>

#define KANJI	"\xe5\x86\x85" /* two columns */
#define E_ACUTE "\xc3\xa9"
#define ACCENT	"\xcc\x81" /* combining: no column */

static const struct {
	size_t width;
	const char *text, *want;
} cells[] = {
	{ 5, "abc", "abc  " },
	{ 3, "abc", "abc" },
	{ 0, "abc", "" },
	{ 5, "abcdefgh", "abcde" }, /* too narrow for both ends */
	{ 9, "abcdefghijkl", "abc...jkl" },
	{ 10, "abcdefghijkl", "abc...ijkl" },
	{ 4, KANJI KANJI, KANJI KANJI },
	{ 3, KANJI KANJI, KANJI " " }, /* half a character is none */
	{ 8, KANJI KANJI KANJI KANJI KANJI, KANJI "..." KANJI " " },
	{ 4, "a" ACCENT "b", "a?b " },
	{ 4, "caf" E_ACUTE, "caf" E_ACUTE },
	{ 8, "a\x1b[31m\n", "a?[31m? " },
	{ 4, "\xff\xc3{", "??{ " },
	{ 3, "\xf0\x9f", "?? " },
	{ 4,
	  "\xc2\x9b"
	  "1m",
	  "?1m " }, /* CSI in one character */
	{ 6,
	  "\xe2\x80\xae"
	  "abc",
	  "?abc  " }, /* right to left */
};

static void test_cells(void)
{
	_release_(screen_done) struct screen s = { 0 };

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		must(!screen_start(&s, 1, 20));
		screen_begin(&s, SCREEN_PLAIN);
		screen_cell(&s, cells[i].width, cells[i].text);
		is_text(s.line->text, cells[i].want, "cell %zu", i);
		is_int(s.line->columns, cells[i].width, "cell %zu is so wide", i);
		is_int(screen_width(s.line->text), cells[i].width, "cell %zu: told the same", i);
		is_int(s.line->len, strlen(s.line->text), "cell %zu: its bytes", i);
	}
}

static void test_lines(void)
{
	_release_(screen_done) struct screen s = { 0 };

	is_int(screen_start(&s, 2, 10), 0, "two lines of ten");
	screen_text(&s, "nowhere");
	is_int(s.len + screen_left(&s), 0, "no line is begun");
	screen_begin(&s, SCREEN_TITLE);
	screen_text(&s, "abc");
	screen_cell(&s, 4, "d");
	is_int(screen_left(&s), 3, "three columns are left");
	screen_cell(&s, 20, "efghijkl");
	is_text(s.line->text, "abcd   efg", "and no more are filled");
	screen_text(&s, "x");
	is_text(s.line->text, "abcd   efg", "the line is full");
	screen_begin(&s, SCREEN_ALARM);
	is_text(s.line->text, "", "the second begins empty");
	is_int(s.line->style, SCREEN_ALARM, "with its style");
	screen_begin(&s, SCREEN_PLAIN);
	screen_text(&s, "nowhere");
	is_int(s.len, 2, "there is no third");
	is_text(s.lines[0].text, "abcd   efg", "and the first is what it was");
	is_int(screen_start(&s, 2, 10), 0, "the same again");
	is_int(s.len, 0, "is empty");
}

static void test_sizes(void)
{
	_release_(screen_done) struct screen s = { 0 };

	is_int(screen_start(&s, 0, 0), 0, "no room at all");
	screen_begin(&s, SCREEN_PLAIN);
	screen_text(&s, "x");
	is_int(s.len, 0, "no line");
	is_int(screen_start(&s, SIZE_MAX, SIZE_MAX), 0, "more than there can be");
	is_int(s.rows, SCREEN_MAX_ROWS, "is bounded: rows");
	is_int(s.columns, SCREEN_MAX_COLUMNS, "and columns");
	for (size_t i = 0; i < SCREEN_MAX_ROWS; i++) {
		screen_begin(&s, SCREEN_PLAIN);
		for (size_t j = 0; j < SCREEN_MAX_COLUMNS; j++)
			screen_text(&s, E_ACUTE);
	}
	is_int(s.lines[0].columns, SCREEN_MAX_COLUMNS, "all of it can be used");
	is_int(s.lines[SCREEN_MAX_ROWS - 1].len, 2 * SCREEN_MAX_COLUMNS, "to the last byte");
}

static void test_plain_locale(void)
{
	_release_(screen_done) struct screen s = { 0 };

	must(setlocale(LC_CTYPE, "C") && !screen_start(&s, 1, 20));
	screen_begin(&s, SCREEN_PLAIN);
	screen_text(&s, "a" KANJI E_ACUTE "b");
	is_text(s.line->text, "a??b", "what the locale does not know is not shown");
}

static void test_no_memory(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		_release_(screen_done) struct screen s = { 0 };
		int err;

		failing_alloc_start(n);
		err = screen_start(&s, 3, 3);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	must(setlocale(LC_CTYPE, "C.UTF-8"));
	test_cells();
	test_lines();
	test_sizes();
	test_plain_locale();
	test_no_memory();
	return tap_done();
}
