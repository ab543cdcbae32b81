// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The lines of a live screen: what is on them, for terminals of all sizes, with names of all kinds.
 */
#include "live_fixture.h"

static void test_screen(void)
{
	_release_(live_view_done) struct live_view v;
	struct profile_meta m = meta;

	live_view_init(&v, LIVE_BY_SELF);
	draw(&v, 24, 80);
	is_int(screen.len, 0, "nothing before the first figures");
	take(&v, requests(), &meta);
	draw(&v, 24, 80);
	is_int(screen.len, 24, "all rows are in use");
	is_text(screen.lines[0].text,
		"cpu-sample: server (PID 7), cpu-clock at 99 Hz, 2.00 s   own cost 0.0 % of a CPU",
		"what is sampled");
	is_text(screen.lines[1].text,
		"100 samples, 0.00 CPUs on average; lost 0; stacks 99.0 % complete",
		"how much of it");
	is_text(screen.lines[2].text, "5 functions by own time", "what is listed");
	is_text(screen.lines[3].text,
		"     self    total              function                    module              ",
		"the head");
	is_int(screen.lines[3].style, SCREEN_HEAD, "is one");
	is_text(screen.lines[4].text,
		">  50.0 %   50.0 %  #####       hash                        crypto.so           ",
		"the first row, chosen");
	is_int(screen.lines[4].style, SCREEN_SELECTED, "shows that");
	is_text(screen.lines[8].text,
		"    0.0 %   10.0 %              retry                       server              ",
		"the last");
	is_text(screen.lines[9].text, "", "the rest is empty");
	ok(strstr(screen.lines[23].text, "q quit"), "the keys");
	m.duration_ns += 1000000000;
	m.own_cpu_ns += 25000000;
	m.is_complete = false;
	m.lost = 12;
	m.note = "a note";
	take(&v, requests(), &m);
	draw(&v, 24, 120);
	ok(has_line("lost 12 (INCOMPLETE); stacks 99.0 % complete"), "losses");
	ok(has_line("own cost 2.5 % of a CPU, 4.00 KiB"), "the cost since the last figures");
	ok(has_line("a note"), "the note");
	is_int(screen.lines[1].style, SCREEN_ALARM, "losses are not to be overlooked");
	v.has_ended = true;
	draw(&v, 24, 120);
	ok(has_line("ENDED  cpu-sample: server"), "the target has ended");
}

static void test_off_cpu(void)
{
	_release_(live_view_done) struct live_view v;
	struct profile *p = profile_new();
	struct profile_sample s = { .pid = 1,
				    .process = "p",
				    .thread = "",
				    .wait = "futex",
				    .state = PROFILE_BLOCKED,
				    .frames = &frame_main,
				    .depth = 1,
				    .count = 2,
				    .weight = 75 };
	struct profile_meta m = meta;

	m.event = "off-cpu";
	m.frequency_hz = 0;
	live_view_init(&v, LIVE_BY_TOTAL);
	must(p && !profile_finish(p));
	take(&v, p, &m);
	draw(&v, 24, 80);
	ok(has_line("No wait was seen yet."), "nothing yet");
	p = profile_new();
	must(p && !profile_add(p, &s));
	s.state = PROFILE_RUNNABLE;
	s.wait = "";
	s.weight = 25;
	must(!profile_add(p, &s) && !profile_finish(p));
	take(&v, p, &m);
	draw(&v, 24, 80);
	ok(has_line("futex 75.0 %, runnable 25.0 %"), "where the time went");
	ok(has_line("4 waits, 0.00 threads on average"), "in waits");
	ok(has_line("server (PID 7), off-cpu, 2.00 s"), "without a rate");
}

/* --- sizes and names -------------------------------------------------------------------------- */

static bool is_sound(struct live_view *v, size_t rows, size_t columns)
{
	draw(v, rows, columns);
	return screen_is_sound(rows, columns);
}

static void test_sizes(void)
{
	static const char *const states[] = { "", "\n", " ", "?", "/x", "n" };
	struct frame hostile = { .function = HOSTILE, .module = HOSTILE, .file = "" };
	struct frame unknown = { .function = "", .module = "", .file = "", .offset = 9 };
	struct profile_meta m = meta;
	char long_name[TEXT_MAX];
	struct frame long_one = { .function = long_name, .module = long_name, .file = "" };

	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	m.title = HOSTILE;
	m.note = HOSTILE;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		_release_(live_view_done) struct live_view v;
		struct profile *p = requests();
		bool is_fine = true;

		must(p && !ADD(p, 100, &hostile, &frame_main) && !ADD(p, 9, &unknown, &long_one) &&
		     !profile_finish(p));
		live_view_init(&v, LIVE_BY_SELF);
		take(&v, p, &m);
		type(&v, states[i]);
		for (size_t rows = 0; rows < 16 && is_fine; rows++)
			for (size_t columns = 0; columns < 132 && is_fine; columns++)
				is_fine = is_sound(&v, rows, columns);
		ok(is_fine, "state %zu: screens of up to 15 x 131", i);
		ok(is_sound(&v, 500, 1000), "state %zu: a huge one", i);
		is_int(v.rows.len ? v.cursor.page < 500 : 1, 1, "state %zu: its page", i);
	}
}

static void test_small(void)
{
	_release_(live_view_done) struct live_view v;

	live_view_init(&v, LIVE_BY_SELF);
	take(&v, requests(), &meta);
	draw(&v, 1, 10);
	is_text(screen.lines[0].text, "> hash    ", "one row: the table");
	draw(&v, 3, 30);
	is_text(screen.lines[0].text, "cpu-sample: s... 99 Hz, 2.00 s", "three rows: title");
	is_text(screen.lines[1].text, "     self    total  function  ", "head");
	is_text(screen.lines[2].text, ">  50.0 %   50.0 %  hash      ", "and a row");
	draw(&v, 10, 60);
	is_text(screen.lines[4].text,
		">  50.0 %   50.0 %  hash                crypto.so           ", "no room for bars");
}

int main(void)
{
	must(setlocale(LC_CTYPE, "C.UTF-8"));
	test_screen();
	test_off_cpu();
	test_sizes();
	test_small();
	screen_done(&screen);
	return tap_done();
}
