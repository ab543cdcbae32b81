// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The state of a live screen: what keys and new figures make of it. */
#include "failing_alloc.h"
#include "live_fixture.h"

static void test_order(void)
{
	_release_(live_view_done) struct live_view v;

	live_view_init(&v, LIVE_BY_SELF);
	is_int(press(&v, 'j'), LIVE_CHANGED, "a key before the first figures");
	(void)press(&v, SCREEN_KEY_ENTER);
	take(&v, requests(), &meta);
	is_text(names(&v), ">hash parse handle main retry", "by self");
	is_int(press(&v, 't'), LIVE_CHANGED, "t");
	is_text(names(&v), ">main handle hash parse retry", "by total");
	(void)press(&v, 'n');
	is_text(names(&v), ">handle hash main parse retry", "by name");
	(void)press(&v, 'j');
	(void)press(&v, 's');
	is_text(names(&v), ">hash parse handle main retry", "the chosen one is followed");
	(void)press(&v, SCREEN_KEY_DOWN);
	(void)press(&v, 'n');
	is_text(names(&v), "handle hash main >parse retry", "down too");
	is_int(press(&v, 'x'), LIVE_NOTHING, "a key without a meaning");
	is_int(press(&v, 'q'), LIVE_QUIT, "q");
}

static void test_move(void)
{
	_release_(live_view_done) struct live_view v;

	live_view_init(&v, LIVE_BY_SELF);
	take(&v, requests(), &meta);
	(void)press(&v, SCREEN_KEY_UP);
	is_int(v.cursor.at, 0, "not above the first");
	(void)press(&v, SCREEN_KEY_END);
	is_int(v.cursor.at, 4, "the last");
	(void)press(&v, SCREEN_KEY_DOWN);
	is_int(v.cursor.at, 4, "not below it");
	draw(&v, 8, 80);
	is_int(v.cursor.page, 3, "a low screen has three rows");
	is_int(v.cursor.top, 2, "the last of them");
	ok(has_line("> "), "with the chosen one");
	(void)press(&v, 'k');
	draw(&v, 8, 80);
	is_int(v.cursor.top, 2, "it scrolls no more than needed");
	(void)press(&v, SCREEN_KEY_PAGE_UP);
	is_int(v.cursor.at, 0, "a page up");
	draw(&v, 8, 80);
	is_int(v.cursor.top, 0, "to the top");
	(void)press(&v, SCREEN_KEY_PAGE_DOWN);
	is_int(v.cursor.at, 3, "a page down");
	draw(&v, 24, 80);
	is_int(v.cursor.top, 0, "a higher screen shows all");
	(void)press(&v, 'g');
	is_int(v.cursor.at, 0, "first");
	(void)press(&v, 'G');
	is_int(v.cursor.at, 4, "last");
}

/* New figures in which another function has the most. */
static struct profile *changed(void)
{
	struct profile *p = requests();

	must(p && !ADD(p, 1000, &frame_retry, &frame_main) && !profile_finish(p));
	return p;
}

static void test_follow(void)
{
	_release_(live_view_done) struct live_view v;

	live_view_init(&v, LIVE_BY_SELF);
	take(&v, requests(), &meta);
	take(&v, changed(), &meta);
	is_text(names(&v), ">retry hash parse handle main", "at the top it stays at the top");
	take(&v, requests(), &meta);
	(void)press(&v, 'j');
	take(&v, changed(), &meta);
	is_text(names(&v), "retry hash >parse handle main", "else with its function");
	(void)press(&v, 'G');
	must(v.profile);
	take(&v, profile_new(), &meta);
	is_int(v.rows.len + v.cursor.at, 0, "and nowhere in nothing");
}

static void test_zoom(void)
{
	_release_(live_view_done) struct live_view v;

	live_view_init(&v, LIVE_BY_SELF);
	take(&v, requests(), &meta);
	is_int(press(&v, SCREEN_KEY_ENTER), LIVE_CHANGED, "into the first");
	is_text(names(&v), "retry handle >hash [itself]", "callers above it, itself below");
	draw(&v, 24, 80);
	ok(has_line("callers and callees of hash"), "of what");
	ok(has_line("   80.0 %   40.0 %  ########    called by  handle           server"),
	   "a caller, with its shares");
	ok(has_line("> 100.0 %   50.0 %  ##########             hash             crypto.so"),
	   "the function");
	is_int(press(&v, 's'), LIVE_NOTHING, "neighbours have their own order");
	is_int(press(&v, '/'), LIVE_NOTHING, "and no filter");
	is_int(press(&v, SCREEN_KEY_ENTER), LIVE_NOTHING, "it is already there");
	(void)press(&v, 'k');
	(void)press(&v, SCREEN_KEY_ENTER);
	is_text(names(&v), "main >handle [itself] hash parse retry", "into a caller");
	(void)press(&v, 'j');
	is_int(press(&v, SCREEN_KEY_ENTER), LIVE_NOTHING, "not into its own time");
	take(&v, changed(), &meta);
	is_text(names(&v), "main handle >[itself] hash parse retry", "with new figures");
	(void)press(&v, 'g');
	(void)press(&v, SCREEN_KEY_ENTER);
	is_text(names(&v), "[none] >main [itself] retry handle", "up to where stacks begin");
	(void)press(&v, SCREEN_KEY_BACKSPACE);
	is_text(names(&v), "main >handle [itself] hash parse retry", "back");
	(void)press(&v, SCREEN_KEY_ESCAPE);
	is_text(names(&v), "retry handle >hash [itself]", "and back");
	take(&v, profile_new(), &meta);
	draw(&v, 24, 80);
	ok(has_line("It is in no stack any more."), "it has gone");
	take(&v, requests(), &meta);
	(void)press(&v, SCREEN_KEY_ESCAPE);
	is_text(names(&v), ">hash parse handle main retry", "and back to the list");
	is_int(press(&v, SCREEN_KEY_ESCAPE), LIVE_NOTHING, "there is no more to go back to");
	type(&v, "jj");
	(void)press(&v, SCREEN_KEY_ENTER);
	(void)press(&v, SCREEN_KEY_ESCAPE);
	is_text(names(&v), "hash parse >handle main retry", "where it was chosen");
}

static void test_zoom_history(void)
{
	_release_(live_view_done) struct live_view v;

	live_view_init(&v, LIVE_BY_TOTAL);
	take(&v, requests(), &meta);
	(void)press(&v, SCREEN_KEY_ENTER); /* main */
	for (int i = 0; i < LIVE_ZOOM_MAX; i++) {
		(void)press(&v, 'G'); /* handle, below main */
		(void)press(&v, SCREEN_KEY_ENTER);
		(void)press(&v, 'g'); /* main, above handle */
		(void)press(&v, SCREEN_KEY_ENTER);
	}
	is_int(v.zoom_len, LIVE_ZOOM_MAX, "so many are remembered");
	for (int i = 0; i < LIVE_ZOOM_MAX; i++)
		is_int(press(&v, SCREEN_KEY_BACKSPACE), LIVE_CHANGED, "back %d", i);
	is_int(v.rows.at[0].role, LIVE_FUNCTION, "to the list");
}

static void test_filter(void)
{
	_release_(live_view_done) struct live_view v;

	live_view_init(&v, LIVE_BY_SELF);
	take(&v, requests(), &meta);
	(void)press(&v, '/');
	type(&v, "HA");
	is_text(names(&v), ">hash handle", "while it is typed, whatever the case");
	draw(&v, 24, 80);
	ok(has_line("filter: HA_"), "what is typed is shown");
	draw(&v, 1, 20);
	ok(has_line("filter: HA_"), "on any screen");
	type(&v, "q");
	is_int(v.rows.len, 0, "letters are letters then");
	draw(&v, 24, 80);
	ok(has_line("No function has that in its name."), "none has it");
	(void)press(&v, SCREEN_KEY_BACKSPACE);
	is_int(press(&v, SCREEN_KEY_DOWN), LIVE_CHANGED, "arrows are arrows");
	is_int(press(&v, 0xe9), LIVE_NOTHING, "what is not ASCII is left out");
	(void)press(&v, SCREEN_KEY_ENTER);
	is_text(names(&v), "hash >handle", "it stays");
	draw(&v, 24, 80);
	ok(has_line("2 of 5 functions, those with 'HA', by own time"), "and is shown");
	take(&v, changed(), &meta);
	is_text(names(&v), "hash >handle", "for new figures too");
	(void)press(&v, SCREEN_KEY_ESCAPE);
	is_text(names(&v), "retry hash parse >handle main", "without it");
	(void)press(&v, '/');
	type(&v, "crypto");
	is_text(names(&v), ">hash", "modules count");
	(void)press(&v, SCREEN_KEY_ESCAPE);
	is_int(v.rows.len, 5, "Escape ends it at once");
	(void)press(&v, '/');
	for (int i = 0; i < 2 * LIVE_FILTER_LEN; i++)
		(void)press(&v, 'a');
	is_int(strlen(v.filter), LIVE_FILTER_LEN - 1, "it has an end");
}

static void test_modes(void)
{
	_release_(live_view_done) struct live_view v;

	live_view_init(&v, LIVE_BY_SELF);
	take(&v, requests(), &meta);
	is_int(press(&v, 'c'), LIVE_ANEW, "c");
	is_int(press(&v, ' '), LIVE_CHANGED, "space freezes");
	draw(&v, 24, 80);
	ok(has_line("FROZEN  cpu-sample: server"), "and says so");
	is_int(screen.lines[0].style, SCREEN_ALARM, "loudly");
	is_int(press(&v, 'c'), LIVE_NOTHING, "then nothing is counted anew");
	is_int(press(&v, ' '), LIVE_REFRESH, "and again wants figures");
	is_int(press(&v, '?'), LIVE_CHANGED, "help");
	draw(&v, 24, 80);
	ok(has_line("space          freeze"), "is there");
	is_int(press(&v, 't'), LIVE_CHANGED, "any key ends it");
	draw(&v, 24, 80);
	ok(has_line("by own time"), "and does nothing else");
	(void)press(&v, '?');
	is_int(press(&v, 'q'), LIVE_QUIT, "but q");
}

/* --- no memory -------------------------------------------------------------------------------- */

static int everything(void)
{
	static const int keys[] = { 't', 'j', '\n', 'g', '\n', 0x7f, 0x1b, '/', 'a', '\n', 'G' };
	_release_(screen_done) struct screen s = { 0 };
	_release_(live_view_done) struct live_view v;
	struct profile *p = requests();
	enum live_answer answer;
	int err;

	live_view_init(&v, LIVE_BY_SELF);
	if (!p)
		return -ENOMEM;
	err = live_view_take(&v, p, &meta);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !err; i++)
		err = live_view_key(&v, keys[i], &answer);
	return err ? err : live_screen_draw(&v, 24, 80, &s);
}

static void test_no_memory(void)
{
	bool is_hit = true, is_told = true;
	size_t n;

	for (n = 1; is_hit && is_told; n++) {
		int err;

		failing_alloc_start(n);
		err = everything();
		is_hit = failing_alloc_stop();
		is_told = err == (is_hit ? -ENOMEM : 0);
	}
	ok(is_told, "each of %zu allocations fails once, and it is told", n - 2);
	ok(n > 30, "there were as many");
}

int main(void)
{
	must(setlocale(LC_CTYPE, "C.UTF-8"));
	test_order();
	test_move();
	test_follow();
	test_zoom();
	test_zoom_history();
	test_filter();
	test_modes();
	test_no_memory();
	screen_done(&screen);
	return tap_done();
}
