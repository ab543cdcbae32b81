// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Perf maps: strict lines, in pieces of any size, and the last line has the word. */
#include "base/scope.h"
#include "failing_alloc.h"
#include "symbol/perfmap.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

/* The name found at @addr, "none" without. */
static const char *name_at(const struct perfmap *map, uint64_t addr)
{
	const char *name = NULL;
	uint64_t start = UINT64_MAX;

	if (!perfmap_find(map, addr, &name, &start))
		return "none";
	return start <= addr ? name : "a start behind the address";
}

static const struct {
	const char *what, *line;
	uint64_t start;
	const char *name;
} good[] = {
	{ "V8's line", "7fe7f684e460 a8 LazyCompile:*get baz /srv/app.js:2\n", 0x7fe7f684e460,
	  "LazyCompile:*get baz /srv/app.js:2" },
	{ "CPython's, with 0x", "0x7f00 0x10 py::f:/srv/a.py\n", 0x7f00, "py::f:/srv/a.py" },
	{ ".NET's, in capitals and padded", "00007F3A1B2C0000 1A void [a] B::C()[Tier1]\n",
	  0x7f3a1b2c0000, "void [a] B::C()[Tier1]" },
	{ "the first address", "0 1 x\n", 0, "x" },
	{ "the last addresses", "fffffffffffffff0 f x\n", 0xfffffffffffffff0, "x" },
	{ "a name that starts with a blank", "10 1  x\n", 0x10, " x" },
	{ "a hostile name", "10 1 a\x1b[2Jb\xff\n", 0x10, "a\\x1b[2Jb\\xff" },
	{ "a carriage return", "10 1 a\r\n", 0x10, "a\\x0d" },
};

static void test_good(void)
{
	for (size_t i = 0; i < ROWS(good); i++) {
		_release_(perfmap_done) struct perfmap map = { 0 };
		const char *name = "none";
		uint64_t start = 77;

		is_int(perfmap_add(&map, bytes_of(good[i].line)), 0, "%s", good[i].what);
		ok(perfmap_find(&map, good[i].start, &name, &start), "is found");
		is_text(name, good[i].name, "by its name");
		ok(start == good[i].start && map.malformed_count == 0, "and start");
	}
}

static const struct {
	const char *what, *line;
} bad[] = {
	{ "an empty line", "" },
	{ "a blank one", " " },
	{ "a word", "hello" },
	{ "no size", "10 name" },
	{ "a start alone", "10" },
	{ "numbers alone", "10 1" },
	{ "no name", "10 1 " },
	{ "a name of blanks", "10 1  \t " },
	{ "size 0", "10 0 name" },
	{ "0x without digits", "0x 10 name" },
	{ "two of them", "0x0x10 1 name" },
	{ "a capital X", "0X10 1 name" },
	{ "a start over 64 bits", "10000000000000010 1 name" },
	{ "a size over 64 bits", "10 10000000000000001 name" },
	{ "code beyond the end of memory", "fffffffffffffff0 10 name" },
	{ "a sign", "-10 1 name" },
	{ "a leading blank", " 10 1 name" },
	{ "two blanks", "10  1 name" },
	{ "a tab", "10\t1 name" },
	{ "a letter in a number", "1g 1 name" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < ROWS(bad); i++) {
		_release_(perfmap_done) struct perfmap map = { 0 };
		char text[256];

		(void)snprintf(text, sizeof(text), "20 1 before\n%s\n30 1 after\n", bad[i].line);
		is_int(perfmap_add(&map, bytes_of(text)), 0, "%s", bad[i].what);
		is_int(map.malformed_count, 1, "is counted");
		is_text(name_at(&map, 0x10), "none", "is not found");
		ok(strcmp(name_at(&map, 0x20), "before") == 0 &&
			   strcmp(name_at(&map, 0x30), "after") == 0,
		   "its neighbours are");
	}
}

static void test_nul(void)
{
	static const char text[] = "10 1 a\0b\n\0\0\n20 1 c\n";
	_release_(perfmap_done) struct perfmap map = { 0 };

	is_int(perfmap_add(&map, (struct bytes){ (const uint8_t *)text, sizeof(text) - 1 }), 0,
	       "binary junk");
	is_int(map.malformed_count, 2, "is counted");
	is_text(name_at(&map, 0x10), "none", "a name with a NUL is none");
	is_text(name_at(&map, 0x20), "c", "what comes next is read");
}

static void test_overlaps(void)
{
	static const char text[] = "100 100 a\n" /* 100-1ff */
				   "180 100 b\n" /* over its end */
				   "80 90 c\n"	 /* over its start: 80-10f */
				   "140 10 d\n"	 /* cut out of the middle */
				   "148 4 e\n"	 /* in that */
				   "270 20 f\n"	 /* over the end of b */
				   "300 10 g\n"	 /* alone */
				   "300 10 h\n"	 /* the same again */
				   "2f0 30 i\n"	 /* all of it */
				   "308 1 j\n";	 /* one byte */
	static const struct {
		uint64_t addr;
		const char *name;
	} cases[] = {
		{ 0x7f, "none" }, { 0x80, "c" },     { 0x10f, "c" }, { 0x110, "a" },
		{ 0x13f, "a" },	  { 0x140, "d" },    { 0x147, "d" }, { 0x148, "e" },
		{ 0x14b, "e" },	  { 0x14c, "d" },    { 0x14f, "d" }, { 0x150, "a" },
		{ 0x17f, "a" },	  { 0x180, "b" },    { 0x26f, "b" }, { 0x270, "f" },
		{ 0x28f, "f" },	  { 0x290, "none" }, { 0x2f0, "i" }, { 0x307, "i" },
		{ 0x308, "j" },	  { 0x309, "i" },    { 0x31f, "i" }, { 0x320, "none" },
	};
	_release_(perfmap_done) struct perfmap map = { 0 };
	const char *name;
	uint64_t start = 0;

	is_int(perfmap_add(&map, bytes_of(text)), 0, "lines that overlap");
	for (size_t i = 0; i < ROWS(cases); i++)
		/* cppcheck-suppress invalidPrintfArgType_s */
		is_text(name_at(&map, cases[i].addr), cases[i].name, "overlap %zu", i);
	ok(perfmap_find(&map, 0x160, &name, &start) && start == 0x100,
	   "the start is that of the code, not of what is left of it");
}

/* Many lines over a small memory, against the simplest model there is. */
static void test_model(void)
{
	enum { SPACE = 2000, LINES = 3000 };
	_release_(perfmap_done) struct perfmap map = { 0 };
	static int owner[SPACE];
	uint32_t random = 1;
	int wrong = 0;

	for (int n = 1; n <= LINES; n++) {
		unsigned int start, size;
		char line[64];

		random = random * 1664525 + 1013904223;
		start = (random >> 8) % (SPACE - 64);
		random = random * 1664525 + 1013904223;
		size = 1 + (random >> 8) % 64;
		(void)snprintf(line, sizeof(line), "%x %x %d\n", start, size, n);
		must(perfmap_add(&map, bytes_of(line)) == 0);
		for (unsigned int a = start; a < start + size; a++)
			owner[a] = n;
		if (n % 100 != 7)
			continue;
		for (unsigned int a = 0; a < SPACE; a++) {
			char want[16] = "none";

			if (owner[a])
				(void)snprintf(want, sizeof(want), "%d", owner[a]);
			wrong += strcmp(name_at(&map, a), want) != 0;
		}
	}
	is_int(wrong, 0, "the newest line of %d is found at each of %d addresses", LINES, SPACE);
	ok(map.run_count <= 12, "in few runs: %zu", map.run_count);
}

static void test_borders(void)
{
	static const char text[] = "10 4 first\n0x12 8 second name\n\nbad\n30 1 third\n40 1 cut";
	size_t len = sizeof(text) - 1;
	int wrong = 0;

	for (size_t a = 0; a <= len; a++) {
		for (size_t b = a; b <= len; b++) {
			_release_(perfmap_done) struct perfmap map = { 0 };
			const uint8_t *at = (const uint8_t *)text;

			must(perfmap_add(&map, (struct bytes){ at, a }) == 0);
			must(perfmap_add(&map, (struct bytes){ at + a, b - a }) == 0);
			must(perfmap_add(&map, (struct bytes){ at + b, len - b }) == 0);
			wrong += strcmp(name_at(&map, 0x11), "first") ||
				 strcmp(name_at(&map, 0x12), "second name") ||
				 strcmp(name_at(&map, 0x30), "third") ||
				 strcmp(name_at(&map, 0x40), "none") || map.line_count != 5 ||
				 map.malformed_count != 2 || map.byte_count != len;
			must(perfmap_add(&map, bytes_of(" off\n")) == 0);
			wrong += strcmp(name_at(&map, 0x40), "cut off") != 0;
		}
	}
	is_int(wrong, 0, "borders of pieces anywhere make no difference");
}

/* A line far longer than what is kept of it, in pieces of @step bytes. */
static void add_long_line(struct perfmap *map, size_t step)
{
	enum { LONG = 5000 };
	char text[LONG + 16];

	(void)snprintf(text, sizeof(text), "10 1 ");
	memset(text + 5, 'x', LONG);
	(void)snprintf(text + 5 + LONG, 8, "\n20 1 y");
	for (size_t at = 0, len = strlen(text); at < len; at += step) {
		size_t n = len - at < step ? len - at : step;

		must(perfmap_add(map, (struct bytes){ (uint8_t *)text + at, n }) == 0);
	}
	must(perfmap_add(map, bytes_of("\n")) == 0);
}

static void test_long_lines(void)
{
	for (size_t step = 1; step < 6000; step = step * 3 + 1) {
		_release_(perfmap_done) struct perfmap map = { 0 };
		const char *name;

		add_long_line(&map, step);
		name = name_at(&map, 0x10);
		ok(strlen(name) == TEXT_MAX - 1 && strcmp(name + TEXT_MAX - 6, "xx...") == 0,
		   "a long name is cut, in pieces of %zu", step);
		is_text(name_at(&map, 0x20), "y", "what follows is read");
	}
}

static void test_line_cap(void)
{
	static const char lines[] = "0 1 a\n0 1 b\n";
	_release_(perfmap_done) struct perfmap map = { 0 };
	int err = 0;

	for (size_t i = 0; i < PERFMAP_MAX_LINES / 2 && !err; i++)
		err = perfmap_add(&map, bytes_of(lines));
	is_int(err, 0, "as many lines as allowed");
	is_int(map.line_count, PERFMAP_MAX_LINES, "are read");
	is_int(perfmap_add(&map, bytes_of("0 1 ")), 0, "the start of one more");
	is_int(perfmap_add(&map, bytes_of("c\n")), -E2BIG, "one too many");
	is_int(perfmap_add(&map, bytes_of("5 1 d\n")), -E2BIG, "and for ever");
	is_text(name_at(&map, 0), "b", "what was read is still found");
	perfmap_done(&map);
	is_int(perfmap_add(&map, bytes_of("5 1 d\n")), 0, "an ended map starts anew");
	is_text(name_at(&map, 5), "d", "empty");
}

static void test_byte_cap(void)
{
	enum { PIECE = 1 << 20 };
	_release_(perfmap_done) struct perfmap map = { 0 };
	_release_(freep) uint8_t *junk = malloc(PIECE);
	int err = 0;

	must(junk);
	memset(junk, 'x', PIECE);
	junk[PIECE / 2] = '\n';
	for (size_t i = 0; i < PERFMAP_MAX_BYTES / PIECE && !err; i++)
		err = perfmap_add(&map, (struct bytes){ junk, PIECE });
	is_int(err, 0, "as many bytes as allowed");
	is_int(perfmap_add(&map, bytes_of("1")), -E2BIG, "one too many");
	is_int(map.name_bytes, 0, "junk takes no memory");
}

static void test_name_cap(void)
{
	enum { ESCAPED = 300 };
	_release_(perfmap_done) struct perfmap map = { 0 };
	char line[ESCAPED + 16];
	int err = 0;

	memset(line, 1, sizeof(line));
	memcpy(line, "0 1 ", 4);
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = '\0';
	while (!err && map.line_count < PERFMAP_MAX_LINES)
		err = perfmap_add(&map, bytes_of(line));
	is_int(err, -E2BIG, "names that grow by their escapes reach their own cap");
	ok(map.name_bytes <= PERFMAP_MAX_NAME_BYTES && map.byte_count < PERFMAP_MAX_BYTES,
	   "%" PRIu64 " bytes of text, %" PRIu64 " of names", map.byte_count, map.name_bytes);
}

static void test_failing_alloc(void)
{
	static const char text[] = "10 10 a\n18 10 b\n0 40 c\n8 1 d\n";
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		_release_(perfmap_done) struct perfmap map = { 0 };
		const char *name;
		int err;

		failing_alloc_start(n);
		err = perfmap_add(&map, bytes_of(text));
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
		is_int(perfmap_add(&map, bytes_of("50 1 e\n")), err, "and what follows");
		name = name_at(&map, 0x18);
		ok(strchr("abc", name[0]) || strcmp(name, "none") == 0,
		   "what there is can be asked");
	}
}

int main(void)
{
	const struct perfmap none = { 0 };

	test_good();
	test_bad();
	test_nul();
	test_overlaps();
	test_model();
	test_borders();
	test_long_lines();
	test_line_cap();
	test_byte_cap();
	test_name_cap();
	test_failing_alloc();
	is_text(name_at(&none, 1), "none", "nothing is found in an empty map");
	is_int(perfmap_add(&(struct perfmap){ 0 }, (struct bytes){ 0 }), 0, "no text, no lines");
	perfmap_done(NULL);
	return tap_done();
}
