// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loop-stall's live screen: keys, lists, one row in full, what stays chosen while values change,
 * terminals of all sizes. */
#include "report/loop_screen.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "screen_check.h"
#include "tap.h"

#include <errno.h>
#include <locale.h>

#define MS     1000000ull
#define SECOND 1000000000ull
#define STALLS 40

static const struct frame frames[] = {
	{ .function = "schedule", .module = "[kernel]", .file = "", .kind = FRAME_KERNEL },
	{ .function = "fsync", .module = "libc.so.6", .file = "" },
	{ .function = "save", .module = "server", .file = "save.c", .line = 7 },
	{ .function = "main", .module = "server", .file = "" },
};
static const struct stall_stack asleep = {
	.part = LOOP_DISK, .wait = "fsync", .ns = 90 * MS, .count = 3, .frames = frames, .depth = 4
};
static const struct stall_stack running = { .part = LOOP_RUNNING,
					    .wait = "",
					    .ns = 45 * MS,
					    .count = 4,
					    .frames = frames + 2,
					    .depth = 2 };

static struct loop_info infos[2];
static struct stall stalls[STALLS];
static struct loops value;
static struct loop_view v;

static void stall(size_t i, size_t loop, enum loop_part part)
{
	stalls[i] = (struct stall){ .loop = loop,
				    .time_ns = 1700000000 * SECOND + i * SECOND,
				    .began_ns = 1 + i * SECOND,
				    .ns = 100 * MS + i,
				    .longest_wait = "",
				    .longest_file = "",
				    .stacks = part == LOOP_DISK ? &asleep : &running,
				    .stack_count = 1 };
	stalls[i].part_ns[part] = stalls[i].ns;
	if (part != LOOP_DISK)
		return;
	stalls[i].longest_ns = 90 * MS;
	stalls[i].longest_part = LOOP_DISK;
	stalls[i].longest_wait = "fsync";
	stalls[i].longest_file = "a.db";
}

/* Two loops; a stall of each kind, and then more of the second. */
static void begin(size_t stall_count)
{
	infos[0] = (struct loop_info){
		.pid = 7, .tid = 7, .process = "server", .thread = "main", .wait = "epoll", .fd = 3
	};
	infos[1] = infos[0];
	infos[1].tid = 8;
	infos[1].thread = "worker";
	for (size_t i = 0; i < 2; i++) {
		infos[i].total.window_ns = 10 * SECOND;
		infos[i].interval.window_ns = SECOND;
		infos[i].interval.idle_ns = 750 * MS;
		infos[i].interval.iterations = 1200;
	}
	stall(0, 0, LOOP_RUNNING);
	stall(1, 1, LOOP_DISK);
	stall(2, 1, LOOP_RUN_QUEUE);
	for (size_t i = 3; i < STALLS; i++)
		stall(i, 1, LOOP_RUNNING);
	infos[1].total.stalls = stall_count;
	infos[1].total.stall_ns = stall_count * 100 * MS;
	value = (struct loops){
		.meta = { .version = "1",
			  .title = "server (PID 7)",
			  .duration_ns = 10 * SECOND,
			  .threshold_ns = 20 * MS,
			  .frequency_hz = 99,
			  .has_split = true,
			  .is_complete = true,
			  .own_rss_bytes = 4096,
			  .stacks = { .ended = { [STACK_COMPLETE] = 99, [STACK_NO_TABLE] = 1 } } },
		.loops = infos,
		.loop_count = 2,
		.stalls = stalls,
		.stall_count = stall_count,
	};
	loop_view_done(&v);
	v = (struct loop_view){ 0 };
	must(!loop_view_take(&v, &value));
}

static enum loop_answer press(int key)
{
	enum loop_answer answer = LOOP_NOTHING;

	must(!loop_view_key(&v, key, &answer));
	return answer;
}

static void draw(size_t rows, size_t columns)
{
	must(!loop_screen_draw(&v, rows, columns, &screen));
}

/* The line of the row that is chosen. */
static const char *chosen(void)
{
	for (size_t i = 0; i < screen.len; i++)
		if (screen.lines[i].style == SCREEN_SELECTED)
			return screen.lines[i].text;
	return "";
}

/* --- what is on it ---------------------------------------------------------------------------- */

static void test_loops(void)
{
	begin(3);
	draw(24, 110);
	is_int(screen.len, 24, "all rows are in use");
	ok(has_line("loop-stall: server (PID 7), stalls from 20.0 ms, 10.0 s"), "what is watched");
	ok(has_line("2 loops, 3 stalls over (300 ms), 0 going on; lost 0; stacks 99.0 % complete"),
	   "how much of it");
	ok(has_line("[l loops by time busy]"), "which list");
	ok(has_line(">    25.0 %      1.20k"),
	   "the first loop is chosen: busy, iterations a second");
	ok(has_line("  3     300 ms  worker (TID 8)"), "its stalls, its name");
	value.meta.duration_ns += SECOND;
	value.meta.own_cpu_ns += 25 * MS;
	value.meta.is_complete = false;
	value.meta.lost_stacks = 12;
	value.meta.note = "a note";
	must(!loop_view_take(&v, &value));
	draw(24, 120);
	ok(has_line("own cost 2.5 % of a CPU, 4.00 KiB"), "the cost since the last figures");
	ok(has_line("lost 12 (INCOMPLETE)"), "losses");
	is_int(screen.lines[1].style, SCREEN_ALARM, "are not to be overlooked");
	ok(has_line("a note"), "the note");
	v.has_ended = true;
	draw(24, 110);
	ok(has_line("ENDED  loop-stall: server"), "the target has ended");
}

static void test_stuck(void)
{
	begin(3);
	stalls[1].is_going_on = true;
	stalls[1].ns = 3200 * MS;
	infos[1].stuck_ns = 3200 * MS;
	must(!loop_view_take(&v, &value));
	draw(24, 110);
	ok(has_line("worker (TID 8) stuck for 3.20 s in fsync on a.db"),
	   "it is said above the list");
	ok(has_line("worker (TID 8) stuck"), "and in it");
	is_int(screen.lines[2].style, SCREEN_ALARM, "not to be overlooked");
	stalls[0].is_going_on = true;
	must(!loop_view_take(&v, &value));
	draw(24, 110);
	ok(has_line("stuck for 3.20 s in fsync on a.db, and 1 more"), "the longest of two");
}

static void test_stalls(void)
{
	begin(3);
	is_int(press('s'), LOOP_CHANGED, "s");
	draw(24, 110);
	ok(strstr(chosen(), "100 ms  waiting for a CPU       -"),
	   "the latest is the first, and no function is to blame");
	ok(has_line("100 ms  fsync on a.db           save"), "what it slept in, and where");
	ok(has_line("100 ms  computing               save"), "the function that computed");
	(void)press('j');
	is_int(press('\n'), LOOP_CHANGED, "Enter");
	draw(30, 110);
	ok(has_line("worker (TID 8) fd 3: 100 ms = running 0"), "its division");
	ok(has_line("90 ms in fsync (disk):"), "its stack");
	ok(has_line("schedule"), "the kernel's frames");
	ok(has_line("save.c:7"), "the program's");
	is_int(press('\n'), LOOP_NOTHING, "nothing more to go into");
	is_int(press(0x1b), LOOP_CHANGED, "back");
	draw(24, 110);
	ok(strstr(chosen(), "fsync on a.db"), "to the same stall");
	is_int(press(0x7f), LOOP_NOTHING, "no further back");
}

static void test_culprits(void)
{
	begin(5);
	(void)press('\t');
	(void)press('\t');
	draw(24, 110);
	ok(has_line("[c culprits by time]"), "the third list");
	ok(strstr(chosen(), "save < main"), "the function and its caller");
	ok(strstr(chosen(), "running"), "that ran");
	is_int(v.rows.len, 3, "what is not to blame is not there: two loops run, one sleeps");
	(void)press('\n');
	draw(30, 110);
	ok(has_line("#1  "), "its place");
	ok(has_line("2 stalls of worker (TID 8), running"), "whose stalls");
	(void)press('\t');
	draw(24, 110);
	ok(has_line("[l loops by time busy]"), "and around");
}

/* --- what stays ------------------------------------------------------------------------------- */

static void test_cursor_stays(void)
{
	begin(4);
	(void)press('s');
	(void)press('j');
	value.stall_count = 6; /* two more come above */
	must(!loop_view_take(&v, &value));
	draw(24, 110);
	is_int(v.cursor.at, 3, "the cursor stays with its stall");
	(void)press('g');
	value.stall_count = 8;
	must(!loop_view_take(&v, &value));
	is_int(v.cursor.at, 0, "at the top it stays with the top");
	(void)press('G');
	is_int(v.cursor.at, 7, "the last");
	value.stall_count = 2;
	must(!loop_view_take(&v, &value));
	is_int(v.cursor.at, 1, "of fewer");
}

static void test_text_stays(void)
{
	begin(2);
	(void)press('s');
	(void)press('\n');
	stalls[1].ns = 250 * MS;
	must(!loop_view_take(&v, &value));
	draw(24, 110);
	ok(has_line("250 ms = "), "it is shown as it is now");
	value.stall_count = 1;
	must(!loop_view_take(&v, &value));
	draw(24, 110);
	ok(has_line("250 ms = "), "and when it is forgotten, as it was last");
}

static void test_text_scrolls(void)
{
	begin(2);
	(void)press('l');
	(void)press('\n');
	draw(7, 110);
	ok(has_line("Loop main (TID 7)") && v.line.at == 0, "from the top");
	(void)press('G');
	draw(7, 110);
	is_int(v.line.at + v.line.page, v.line_count, "to its last line");
	(void)press('j');
	is_int(v.line.at + v.line.page, v.line_count, "not beyond");
	draw(60, 110);
	is_int(v.line.at, 0, "a screen that has room for it shows all");
}

static void test_modes(void)
{
	begin(1);
	is_int(press(' '), LOOP_CHANGED, "space");
	draw(24, 110);
	ok(has_line("FROZEN  loop-stall"), "freezes");
	is_int(press(' '), LOOP_REFRESH, "and goes on");
	(void)press('?');
	draw(24, 110);
	ok(has_line("freeze the figures"), "help");
	is_int(press('s'), LOOP_CHANGED, "which any key ends");
	is_int(v.list, LOOP_LIST_LOOPS, "and does no more");
	is_int(press('x'), LOOP_NOTHING, "a key without a meaning");
	is_int(press('q'), LOOP_QUIT, "q");
	(void)press('?');
	is_int(press('q'), LOOP_QUIT, "also from the help");
}

static void test_nothing(void)
{
	begin(0);
	value.loop_count = 0;
	must(!loop_view_take(&v, &value));
	draw(24, 110);
	ok(has_line("No event loop was seen yet"), "no loop");
	is_int(press('\n'), LOOP_NOTHING, "nothing to go into");
	(void)press('s');
	draw(24, 110);
	ok(has_line("No stall yet"), "no stall");
	(void)press('c');
	draw(24, 110);
	ok(has_line("No stack was seen"), "no culprit");
}

/* --- sizes and names -------------------------------------------------------------------------- */

static void test_sizes(void)
{
	static const char *const states[] = { "l", "s", "c", "l\n", "s\n", "c\n", " ", "?" };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		bool is_fine = true;

		begin(STALLS);
		infos[0].thread = infos[0].process = HOSTILE;
		infos[1].is_ended = true;
		infos[0].stuck_ns = SECOND;
		stalls[0].is_going_on = true;
		stalls[1].longest_wait = stalls[1].longest_file = HOSTILE;
		value.meta.title = value.meta.note = HOSTILE;
		must(!loop_view_take(&v, &value));
		for (const char *key = states[i]; *key; key++)
			(void)press(*key);
		for (size_t rows = 0; rows < 16 && is_fine; rows++)
			for (size_t columns = 0; columns < 132 && is_fine; columns++) {
				draw(rows, columns);
				is_fine = screen_is_sound(rows, columns);
			}
		ok(is_fine, "state %zu: screens of up to 15 x 131", i);
		draw(500, 1000);
		ok(screen_is_sound(500, 1000), "state %zu: a huge one", i);
	}
}

/* Whatever fails, nothing is lost and the next value is shown. */
static bool survives(size_t n)
{
	enum loop_answer answer;
	bool is_hit;
	int err;

	begin(5);
	failing_alloc_start(n);
	err = loop_view_take(&v, &value);
	if (!err)
		err = loop_view_key(&v, 'c', &answer);
	if (!err)
		err = loop_view_key(&v, '\n', &answer);
	is_hit = failing_alloc_stop();
	is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	must(!loop_view_take(&v, &value));
	draw(24, 110);
	return !is_hit;
}

int main(void)
{
	must(setlocale(LC_CTYPE, "C.UTF-8"));
	test_loops();
	test_stuck();
	test_stalls();
	test_culprits();
	test_cursor_stays();
	test_text_stays();
	test_text_scrolls();
	test_modes();
	test_nothing();
	test_sizes();
	for (size_t n = 1; !survives(n);)
		n++;
	loop_view_done(&v);
	screen_done(&screen);
	return tap_done();
}
