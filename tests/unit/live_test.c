// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The live screen: keys and profiles in, lines out. */
#include "report/live_screen.h"

#include "base/scope.h"
#include "base/text.h"
#include "failing_alloc.h"
#include "tap.h"

#include <locale.h>
#include <stdint.h>

#define HOSTILE                                                                                    \
	"\x1b]0;own\x07"                                                                           \
	"a;b\xff\xe5\x86\x85\xc2\x9b"

static const struct frame frame_hash = { .function = "hash", .module = "crypto.so", .file = "" };
static const struct frame frame_parse = { .function = "parse", .module = "server", .file = "" };
static const struct frame frame_retry = { .function = "retry", .module = "server", .file = "" };
static const struct frame frame_handle = { .function = "handle", .module = "server", .file = "" };
static const struct frame frame_main = { .function = "main", .module = "server", .file = "" };

static int add(struct profile *p, const struct frame *const *frames, size_t depth, uint64_t weight)
{
	struct frame at[8];
	struct profile_sample s = { .pid = 1,
				    .process = "p",
				    .thread = "",
				    .wait = "",
				    .frames = at,
				    .depth = depth,
				    .count = weight,
				    .weight = weight };

	for (size_t i = 0; i < depth; i++)
		at[i] = *frames[i];
	return profile_add(p, &s);
}

#define ADD(p, weight, ...)                                                                        \
	({                                                                                         \
		const struct frame *const frames_[] = { __VA_ARGS__ };                             \
		add(p, frames_, sizeof(frames_) / sizeof(frames_[0]), weight);                     \
	})

/* self: hash 50, parse 30, handle 15, main 5; total: main 100, handle 95, retry 10 */
static struct profile *requests(void)
{
	struct profile *p = profile_new();

	if (p && !ADD(p, 40, &frame_hash, &frame_handle, &frame_main) &&
	    !ADD(p, 10, &frame_hash, &frame_retry, &frame_handle, &frame_main) &&
	    !ADD(p, 30, &frame_parse, &frame_handle, &frame_main) &&
	    !ADD(p, 15, &frame_handle, &frame_main) && !ADD(p, 5, &frame_main) &&
	    !profile_finish(p))
		return p;
	profile_free(p);
	return NULL;
}

static const struct profile_meta meta = {
	.version = "0",
	.event = "cpu-clock",
	.title = "server (PID 7)",
	.duration_ns = 2000000000,
	.frequency_hz = 99,
	.is_complete = true,
	.stacks = { .ended = { [STACK_COMPLETE] = 99, [STACK_NO_TABLE] = 1 } },
	.own_rss_bytes = 4096,
	.own_cpu_ns = 50000000,
};

static void take(struct live_view *v, struct profile *p, const struct profile_meta *m)
{
	must(p && !live_view_take(v, p, m));
}

static enum live_answer press(struct live_view *v, int key)
{
	enum live_answer answer = LIVE_NOTHING;

	must(!live_view_key(v, key, &answer));
	return answer;
}

static void type(struct live_view *v, const char *text)
{
	for (; *text; text++)
		(void)press(v, *text);
}

/* --- what is on it ---------------------------------------------------------------------------- */

static struct screen screen;

static void draw(struct live_view *v, size_t rows, size_t columns)
{
	must(!live_screen_draw(v, rows, columns, &screen));
}

/* The names of the rows, in their order: "hash parse >handle". */
static const char *names(struct live_view *v)
{
	static char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < v->rows.len; i++) {
		const struct live_row *row = &v->rows.at[i];
		const char *name = row->role == LIVE_NO_CALLER ? "[none]"
				   : row->role == LIVE_ITSELF
					   ? "[itself]"
					   : profile_frame(v->profile, row->frame)->function;

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s", i ? " " : "",
					i == v->cursor ? ">" : "", name);
	}
	return text;
}

static bool has_line(const char *text)
{
	for (size_t i = 0; i < screen.len; i++)
		if (strstr(screen.lines[i].text, text))
			return true;
	for (size_t i = 0; i < screen.len; i++)
		printf("# |%s|\n", screen.lines[i].text);
	return false;
}

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

/* --- keys ------------------------------------------------------------------------------------- */

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
	is_int(v.cursor, 0, "not above the first");
	(void)press(&v, SCREEN_KEY_END);
	is_int(v.cursor, 4, "the last");
	(void)press(&v, SCREEN_KEY_DOWN);
	is_int(v.cursor, 4, "not below it");
	draw(&v, 8, 80);
	is_int(v.page, 3, "a low screen has three rows");
	is_int(v.top, 2, "the last of them");
	ok(has_line("> "), "with the chosen one");
	(void)press(&v, 'k');
	draw(&v, 8, 80);
	is_int(v.top, 2, "it scrolls no more than needed");
	(void)press(&v, SCREEN_KEY_PAGE_UP);
	is_int(v.cursor, 0, "a page up");
	draw(&v, 8, 80);
	is_int(v.top, 0, "to the top");
	(void)press(&v, SCREEN_KEY_PAGE_DOWN);
	is_int(v.cursor, 3, "a page down");
	draw(&v, 24, 80);
	is_int(v.top, 0, "a higher screen shows all");
	(void)press(&v, 'g');
	is_int(v.cursor, 0, "first");
	(void)press(&v, 'G');
	is_int(v.cursor, 4, "last");
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
	is_int(v.rows.len + v.cursor, 0, "and nowhere in nothing");
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

/* --- sizes and names -------------------------------------------------------------------------- */

/* Whatever the state, no line is wider than the screen, and all is valid and printable. */
static bool is_sound(struct live_view *v, size_t rows, size_t columns)
{
	draw(v, rows, columns);
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
		is_int(v.rows.len ? v.page < 500 : 1, 1, "state %zu: its page", i);
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
	test_screen();
	test_off_cpu();
	test_order();
	test_move();
	test_follow();
	test_zoom();
	test_zoom_history();
	test_filter();
	test_modes();
	test_sizes();
	test_small();
	test_no_memory();
	screen_done(&screen);
	return tap_done();
}
