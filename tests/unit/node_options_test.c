// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a node was started with: its own options, and not those of its script. */
#include "heap/node_options.h"

#include "tap.h"

#include <errno.h>
#include <string.h>

#define TEXT(t)                                                                                    \
	{                                                                                          \
		(const uint8_t *)(t), sizeof(t) - 1                                                \
	}

static void test_found(void)
{
	static const struct {
		const char *what;
		struct bytes cmdline, environment;
		const char *value; /* NULL: there is none */
	} cases[] = {
		{ "by =", TEXT("node\0--signal=SIGUSR2\0x.js\0"), TEXT(""), "SIGUSR2" },
		{ "no NUL at the end", TEXT("node\0--signal=SIGUSR2"), TEXT(""), "SIGUSR2" },
		{ "a name with _", TEXT("node\0--si_gnal=A\0x.js\0"), TEXT(""), NULL },
		{ "of several the last", TEXT("node\0--signal=A\0--signal=B\0"), TEXT(""), "B" },
		{ "behind the script", TEXT("node\0x.js\0--signal=A\0"), TEXT(""), NULL },
		{ "behind --", TEXT("node\0--\0--signal=A\0"), TEXT(""), NULL },
		{ "behind -", TEXT("node\0-\0--signal=A\0"), TEXT(""), NULL },
		{ "behind an option with a value", TEXT("node\0-r\0m\0--signal=A\0x.js\0"),
		  TEXT(""), "A" },
		{ "behind a value that may be the script", TEXT("node\0--new\0m\0--signal=A\0"),
		  TEXT(""), NULL },
		{ "a value of another option", TEXT("node\0-r\0--signal=A\0x.js\0"), TEXT(""),
		  NULL },
		{ "a longer name", TEXT("node\0--signals=A\0"), TEXT(""), NULL },
		{ "an empty value", TEXT("node\0--signal=\0"), TEXT(""), "" },
		{ "no value", TEXT("node\0--signal\0"), TEXT(""), NULL },
		{ "the variable", TEXT("node\0x.js\0"), TEXT("A=1\0NODE_OPTIONS=-r m --signal=A\0"),
		  "A" },
		{ "the command line wins", TEXT("node\0--signal=A\0"),
		  TEXT("NODE_OPTIONS=--signal=B\0"), "A" },
		{ "a quoted value", TEXT("node\0"), TEXT("NODE_OPTIONS=\"--signal=a \\\"b\" --c\0"),
		  "a \"b" },
		{ "another variable", TEXT("node\0"), TEXT("XNODE_OPTIONS=--signal=A\0"), NULL },
		{ "nothing", TEXT(""), TEXT(""), NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char value[32] = "untouched";
		int err = node_option(cases[i].cmdline, cases[i].environment, "--signal", value,
				      sizeof(value));

		ok(cases[i].value ? !err && strcmp(value, cases[i].value) == 0
				  : err == -ENODATA && strcmp(value, "untouched") == 0,
		   "%s", cases[i].what);
	}
}

static void test_names(void)
{
	static const struct bytes none = TEXT(""),
				  apart = TEXT("node\0--diagnostic_dir\0/var/tmp\0x.js\0"),
				  long_one = TEXT("node\0--diagnostic-dir=123456789\0");
	char value[9];

	ok(node_option(apart, none, "--diagnostic-dir", value, sizeof(value)) == 0 &&
		   strcmp(value, "/var/tmp") == 0,
	   "- and _ are alike, and the value may be the next word");
	ok(node_option(long_one, none, "--diagnostic-dir", value, sizeof(value)) == -E2BIG,
	   "a value that is too long");
}

static void test_long_variable(void)
{
	static char text[NODE_OPTIONS_MAX + 32];
	const struct bytes none = { 0 }, long_one = { (const uint8_t *)text, sizeof(text) };
	char value[8];

	memset(text, 'x', sizeof(text));
	memcpy(text, "NODE_OPTIONS=--signal=A ", strlen("NODE_OPTIONS=--signal=A "));
	ok(node_option(none, long_one, "--signal", value, sizeof(value)) == -ENODATA,
	   "a variable that is too long is not read");
}

int main(void)
{
	test_found();
	test_names();
	test_long_variable();
	return tap_done();
}
