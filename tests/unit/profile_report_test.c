// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Paths from the root, escaping, and all reports of a profile while every n-th allocation or the
 * output fails. What they look like is a matter of tests/golden, who can read them of
 * tests/readers.
 */
#include "report/profile_report.h"

#include "base/scope.h"
#include "base/text.h"
#include "failing_alloc.h"
#include "report/folded_name.h"
#include "report/label.h"
#include "report/profile_paths.h"
#include "tap.h"

#include <errno.h>

static void test_folded_name(void)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "", "" },
		{ "main", "main" },
		{ "a;b", "a:b" },
		{ "f 12", "f_12" },
		{ "f 1 12", "f 1_12" },
		{ "f12", "f12" },
		{ "f 12 ", "f 12_" },
		{ " 7", "_7" },
		{ "7", "7" },
		{ "a\nb\x7f", "a_b_" },
		{ "\xe5\x86\x85 \xe5\xad\x98", "\xe5\x86\x85 \xe5\xad\x98" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%s", cases[i].name);
		is_text(folded_name(name), cases[i].want, "folded name %zu", i);
	}
}

static void test_labels(void)
{
	const struct frame named = { .function = "f", .module = "m", .file = "" };
	const struct frame unnamed = { .function = "", .module = "m", .file = "", .offset = 31 };
	const struct frame jit = { .function = "", .module = "[jit]", .file = "", .offset = 31 };
	const struct frame nothing = { .function = "", .module = "", .file = "", .offset = 31 };
	char buf[LABEL_LEN], name[] = "f(std::map<int, char>) const", short_name[] = "f(int)";

	is_text(label_frame(&named, buf), "f", "a name");
	is_text(label_frame(&unnamed, buf), "[m]+0x1f", "a place in a module");
	is_text(label_frame(&jit, buf), "[jit]+0x1f", "one that has its brackets");
	is_text(label_frame(&nothing, buf), "[unknown]", "nothing");
	is_text(label_clock(1795415174120999999, buf), "06:26:14.120", "a time of the day");
	is_text(label_time_ms(1795415174120999999, buf), "2026-11-23T06:26:14.120Z", "and its day");
	is_text(label_shorten("abcdefghij", 9, buf), "abc...hij", "start and end");
	is_text(label_shorten("abcdefghij", 10, buf), "abcdefghij", "what fits");
	is_text(label_shorten("\xe5\x86\x85\xe5\x86\x85\xe5\x86\x85\xe5\x86\x85", 8, buf),
		"...\xe5\x86\x85", "whole characters");
	label_drop_parameters(name);
	is_text(name, "f(...) const", "parameters go");
	label_drop_parameters(short_name);
	is_text(short_name, "f(int)", "unless they are short");
}

/* --- a profile with everything in it ---------------------------------------------------------- */

static const struct frame frames[] = {
	{ .function = "schedule", .module = "[kernel]", .file = "", .kind = FRAME_KERNEL },
	{ .function = "in; 1", .module = "m", .file = "a.h", .line = 3, .is_inlined = true },
	{ .function = "out", .module = "m", .file = "a.c", .line = 9, .offset = 64 },
	{ .function = "script",
	  .module = "[jit]",
	  .file = "a.js",
	  .line = 7,
	  .column = 3,
	  .kind = FRAME_JIT },
	{ .function = "out", .module = "m", .file = "a.c", .line = 10, .offset = 80 },
	{ .function = "", .module = "lib.so", .file = "", .offset = 5 },
};

static const struct profile_meta meta = {
	.version = "0",
	.event = "off-cpu",
	.title = "test",
	.duration_ns = 1000,
	.period_ns = 10,
	.lost = 3,
	.note = "a note",
};

static int fill(struct profile *p)
{
	struct profile_sample s = {
		.pid = 5,
		.tid = 6,
		.process = "p;q",
		.thread = "t 1",
		.state = PROFILE_BLOCKED,
		.wait = "futex",
		.cut = "cut",
		.frames = frames,
		.depth = 6,
		.count = 2,
		.weight = 2500,
	};
	int err = profile_add(p, &s);

	s.state = PROFILE_RUNNABLE;
	s.cut = NULL;
	s.depth = 2;
	s.weight = 600;
	err = err ? err : profile_add(p, &s);
	s.state = PROFILE_BLOCKED;
	s.wait = "";
	s.tid = 0;
	s.depth = 0;
	err = err ? err : profile_add(p, &s);
	return err ? err : profile_finish(p);
}

static void test_paths(void)
{
	const struct profile_paths_options options = { .is_folded = true, .annotate = true };
	static const char *const whole[] = {
		"p:q-5/6",	     "t_1", "[truncated]", "[lib.so]+0x5", "out",
		"script a.js:7_[j]", "out", "in:_1_[i]",   "schedule_[k]", "[blocked: futex]"
	};
	_release_(profile_freep) struct profile *p = profile_new();
	_release_(profile_paths_freep) struct profile_paths *paths = NULL;
	const char *names[PROFILE_PATH_MAX];
	size_t len;

	must(p && !fill(p) && !profile_paths_new(p, options, &paths));
	is_int(profile_paths_count(paths), 3, "a path for each stack");
	len = profile_paths_names(paths, 0, names);
	is_int(len, sizeof(whole) / sizeof(*whole), "process, thread, mark, frames, state");
	for (size_t i = 0; i < len && i < sizeof(whole) / sizeof(*whole); i++)
		ok(!strcmp(names[i], whole[i]), "name %zu: %s", i, names[i]);
	is_int(profile_paths_at(paths, 0)->stack->weight, 2500, "and the stack that it is of");
	is_int(profile_paths_at(paths, 0)->task_len, 2, "two of them are the thread's");
	len = profile_paths_names(paths, 2, names);
	is_int(len, 3, "one of which nothing is known");
	is_text(names[0], "p:q-5", "process");
	is_text(names[1], "[unknown stack]", "no frames");
	is_text(names[2], "[blocked]", "blocked in nobody knows what");
	(void)profile_paths_names(paths, 1, names);
	is_text(names[2], "in:_1_[i]", "in the order of lines");
}

static void test_by_function(void)
{
	const struct profile_paths_options options = { .by_function = true };
	_release_(profile_freep) struct profile *p = profile_new();
	_release_(profile_paths_freep) struct profile_paths *paths = NULL;
	const struct profile_path *path;

	must(p && !fill(p) && !profile_paths_new(p, options, &paths));
	path = profile_paths_at(paths, 1);
	is_int(path->at[4], path->at[6], "two lines of a function are one element");
	is_int(profile_frame(p, path->at[4])->line, 9, "on the first of them");
	is_text(profile_paths_name(paths, path->at[7]), "in; 1", "names as they are");
}

/* --- failures --------------------------------------------------------------------------------- */

static int print(const struct profile *p, size_t format, FILE *out)
{
	switch (format) {
	case 0:
		return profile_text(p, &meta, 10, out);
	case 1:
		return profile_json(p, &meta, out);
	case 2:
		return profile_folded(p, true, PROFILE_COUNTS, out);
	case 3:
		return profile_speedscope(p, &meta, PROFILE_WEIGHTS, out);
	case 4:
		return profile_pprof(p, &meta, out);
	case 5:
		return profile_cpuprofile(p, &meta, out);
	}
	return 1; /* there is no such format */
}

static void test_output_fails(void)
{
	_release_(profile_freep) struct profile *p = profile_new();

	must(p && !fill(p));
	for (size_t format = 0; format < 6; format++) {
		_release_(fclosep) FILE *full = fopen("/dev/full", "w");
		_release_(fclosep) FILE *null = fopen("/dev/null", "w");

		must(full && null);
		is_int(print(p, format, full), -EIO, "format %zu: the output is full", format);
		is_int(print(p, format, null), 0, "and it is not");
	}
}

static void test_no_memory(void)
{
	_release_(profile_freep) struct profile *p = profile_new();
	_release_(fclosep) FILE *null = fopen("/dev/null", "w");

	must(p && null && !fill(p));
	for (size_t format = 0; format < 6; format++) {
		bool is_hit = true, is_told = true;
		size_t n;

		for (n = 1; is_hit && is_told; n++) {
			int err;

			failing_alloc_start(n);
			err = print(p, format, null);
			is_hit = failing_alloc_stop();
			is_told = err == (is_hit ? -ENOMEM : 0);
		}
		ok(is_told && n > 3, "format %zu: each of %zu allocations fails once, and is told",
		   format, n - 2);
	}
}

/* Names in formats that have nothing else. */
static void test_label_graph(void)
{
	char long_name[TEXT_MAX], long_file[TEXT_MAX], buf[LABEL_LEN];
	struct frame f = { .function = "(anonymous)",
			   .module = "[jit]",
			   .file = "/srv/a.js",
			   .line = 12,
			   .kind = FRAME_JIT };

	is_text(label_graph(&f, buf), "(anonymous) /srv/a.js:12",
		"a script's place is in its name");
	f.line = 0;
	is_text(label_graph(&f, buf), "(anonymous) /srv/a.js", "without a line");
	f.kind = FRAME_NATIVE;
	is_text(label_graph(&f, buf), "(anonymous)", "a native function's is not");
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	for (size_t i = 0; i + 2 < sizeof(long_file); i += 2)
		memcpy(long_file + i, "\xc3\xa4", 3);
	f = (struct frame){ .function = long_name,
			    .module = "[jit]",
			    .file = long_file,
			    .line = UINT32_MAX,
			    .kind = FRAME_JIT };
	(void)label_graph(&f, buf);
	ok(strlen(buf) < LABEL_LEN && strstr(buf, "...") && strstr(buf, "\xc3\xa4:4294967295"),
	   "a place that is too long is shortened at the border of a character");
}

int main(void)
{
	test_label_graph();
	test_folded_name();
	test_labels();
	test_paths();
	test_by_function();
	test_output_fails();
	test_no_memory();
	return tap_done();
}
