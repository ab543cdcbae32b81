// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What reaches stderr: prefix, level, one line each, nothing a terminal obeys. */
#include "host/log.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static char got[65536];

/* stderr goes into a file while @talk runs; what it said is in got. */
static void hear(void (*talk)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t len = 0;

	got[0] = '\0';
	if (!file || saved < 0)
		return;
	(void)dup2(fileno(file), STDERR_FILENO);
	talk();
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	rewind(file);
	len = fread(got, 1, sizeof(got) - 1, file);
	got[len] = '\0';
	(void)fclose(file);
}

static void say_levels(void)
{
	log_error("e %d", 1);
	log_warn("w %d", 2);
	log_info("i %d", 3);
	log_debug("d %d", 4);
}

static void say_hostile(void)
{
	log_error("process %s", "a\x1b[2Jb");
	log_warn("one\ntwo\n\nthree\n");
	log_hint("try %s", "\r-p 1");
}

static void say_errno(void)
{
	if (log_errno(-ENOENT, "open %s", "x\x07") == -ENOENT)
		log_error("returned");
}

static void say_long(void)
{
	char *text = calloc(1, 20001);

	if (!text)
		return;
	memset(text, 'x', 20000);
	log_error("%s", text);
	free(text);
}

static void say_held(void)
{
	log_hold();
	say_hostile();
	log_hold();
	say_levels();
	(void)fputs("before\n", stderr);
	log_release();
	log_release();
	log_error("after");
}

static void say_too_much(void)
{
	log_hold();
	for (int i = 0; i < 100; i++)
		say_long();
	log_release();
	log_error("after");
}

static void test_held(void)
{
	hear(say_held);
	is_text(got,
		"before\ntool: process a\\x1b[2Jb\ntool: one\ntool: two\ntool: three\n"
		"  hint: try \\x0d-p 1\ntool: e 1\ntool: w 2\ntool: after\n",
		"what is held comes later, in order, and once");
	hear(say_too_much);
	ok(strlen(got) > 8192 && strlen(got) < 40000, "as much as fits");
	ok(strstr(got, "tool: after\n"), "and what comes then");
}

static void test_levels(void)
{
	static const struct {
		enum log_level level;
		const char *heard;
	} rows[] = {
		{ LOG_ERROR, "tool: e 1\n" },
		{ LOG_WARN, "tool: e 1\ntool: w 2\n" },
		{ LOG_INFO, "tool: e 1\ntool: w 2\ntool: i 3\n" },
		{ LOG_DEBUG, "tool: e 1\ntool: w 2\ntool: i 3\ntool: d 4\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_init("tool", rows[i].level);
		is_int(log_level(), rows[i].level, "level %zu", i);
		hear(say_levels);
		is_text(got, rows[i].heard, "heard at level %zu", i);
	}
}

int main(void)
{
	test_levels();
	log_init("tool", LOG_WARN);
	is_text(log_tool(), "tool", "the tool's name");
	hear(say_hostile);
	is_text(got,
		"tool: process a\\x1b[2Jb\ntool: one\ntool: two\ntool: three\n"
		"  hint: try \\x0d-p 1\n",
		"cleaned, and a line each");
	hear(say_errno);
	is_text(got, "tool: open x\\x07: No such file or directory\ntool: returned\n",
		"log_errno says why and returns its error");
	hear(say_long);
	ok(strlen(got) < 4200 && strstr(got, "xxx...\n"), "an endless line is cut");
	test_held();
	return tap_done();
}
