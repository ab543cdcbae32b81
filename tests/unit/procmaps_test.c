// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* /proc/PID/maps: what the kernel writes is understood, anything else is refused with its place. */
#include "base/scope.h"
#include "failing_alloc.h"
#include "symbol/procmaps.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static const struct {
	const char *line;
	struct mapping want;
} lines[] = {
	{ "55d0c8a00000-55d0c8a02000 r-xp 00001000 fd:01 131 /usr/bin/a b\n",
	  { .start = 0x55d0c8a00000,
	    .end = 0x55d0c8a02000,
	    .offset = 0x1000,
	    .dev_major = 0xfd,
	    .dev_minor = 1,
	    .inode = 131,
	    .readable = true,
	    .executable = true,
	    .path = "/usr/bin/a b" } },
	{ "1000-2000 rw-p 00000000 00:00 0 \n",
	  { .start = 0x1000, .end = 0x2000, .readable = true, .writable = true, .path = "" } },
	{ "1000-2000 ---s 00000000 00:00 0                          [heap]\n",
	  { .start = 0x1000, .end = 0x2000, .shared = true, .path = "[heap]" } },
	{ "1000-2000 r--p 00000000 08:01 7                          /tmp/x (deleted)\n",
	  { .start = 0x1000,
	    .end = 0x2000,
	    .dev_major = 8,
	    .dev_minor = 1,
	    .inode = 7,
	    .readable = true,
	    .deleted = true,
	    .path = "/tmp/x" } },
	{ "1000-2000 r--p 00000000 08:01 7                          /tmp/a\\012b\\040 (deleted)\n",
	  { .start = 0x1000,
	    .end = 0x2000,
	    .dev_major = 8,
	    .dev_minor = 1,
	    .inode = 7,
	    .readable = true,
	    .deleted = true,
	    .path = "/tmp/a\nb\\040" } },
	{ "1000-2000 r--p 00000000 08:01 7  (deleted)\n",
	  { .start = 0x1000,
	    .end = 0x2000,
	    .dev_major = 8,
	    .dev_minor = 1,
	    .inode = 7,
	    .readable = true,
	    .path = "(deleted)" } },
	{ "1000-2000 rw-s 00000000 00:01 3 /memfd:\x1b[2J (deleted)\n",
	  { .start = 0x1000,
	    .end = 0x2000,
	    .dev_minor = 1,
	    .inode = 3,
	    .readable = true,
	    .writable = true,
	    .shared = true,
	    .deleted = true,
	    .path = "/memfd:\x1b[2J" } },
	{ "ffffffffff600000-ffffffffffffffff --xp ffffffffffffffff ffffffff:ffffffff "
	  "18446744073709551615 [vsyscall]\n",
	  { .start = 0xffffffffff600000,
	    .end = UINT64_MAX,
	    .offset = UINT64_MAX,
	    .dev_major = UINT32_MAX,
	    .dev_minor = UINT32_MAX,
	    .inode = UINT64_MAX,
	    .executable = true,
	    .path = "[vsyscall]" } },
};

static bool is_same(const struct mapping *a, const struct mapping *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset &&
	       a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       a->inode == b->inode && a->readable == b->readable && a->writable == b->writable &&
	       a->executable == b->executable && a->shared == b->shared &&
	       a->deleted == b->deleted && strcmp(a->path, b->path) == 0;
}

static void test_lines(void)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		_release_(procmaps_done) struct procmaps maps = { 0 };
		uint64_t offset = 77;
		int err = procmaps_parse(bytes_of(lines[i].line), &maps, &offset);

		ok(!err && maps.len == 1 && is_same(&maps.at[0], &lines[i].want) && offset == 77,
		   "line %zu is read in all its fields", i);
	}
}

#define GOOD "1000-2000 r--p 00000000 00:00 0 \n"

static const struct {
	const char *what, *text;
	int err;
	uint64_t offset;
} bad[] = {
	{ "an empty line", "\n", -EBADMSG, 0 },
	{ "a line without newline", GOOD "2000-3000 r--p 00000000 00:00 0 /lib", -EBADMSG, 33 },
	{ "a word", GOOD "hello\n", -EBADMSG, 33 },
	{ "an end below the start", "2000-1000 r--p 00000000 00:00 0 \n", -EBADMSG, 0 },
	{ "an empty range", "1000-1000 r--p 00000000 00:00 0 \n", -EBADMSG, 0 },
	{ "an overlap", GOOD "1fff-3000 r--p 00000000 00:00 0 \n", -EBADMSG, 33 },
	{ "a range before the last", "5000-6000 r--p 0 0:0 0 \n" GOOD, -EBADMSG, 24 },
	{ "an address over 64 bits", "10000000000000000-2 r--p 0 0:0 0 \n", -EBADMSG, 0 },
	{ "a device over 32 bits", "1000-2000 r--p 0 100000000:0 0 \n", -EBADMSG, 0 },
	{ "an inode over 64 bits", "1000-2000 r--p 0 0:0 18446744073709551616 \n", -EBADMSG, 0 },
	{ "a hexadecimal inode", "1000-2000 r--p 0 0:0 a \n", -EBADMSG, 0 },
	{ "upper case digits", "A000-B000 r--p 0 0:0 0 \n", -EBADMSG, 0 },
	{ "a sign", "-1000-2000 r--p 0 0:0 0 \n", -EBADMSG, 0 },
	{ "an unknown permission", "1000-2000 rwxz 0 0:0 0 \n", -EBADMSG, 0 },
	{ "permissions cut off", "1000-2000 r-\n", -EBADMSG, 0 },
	{ "five permissions", "1000-2000 r--px 0 0:0 0 \n", -EBADMSG, 0 },
	{ "a missing offset", "1000-2000 r--p  0:0 0 \n", -EBADMSG, 0 },
	{ "a missing minor", "1000-2000 r--p 0 0: 0 \n", -EBADMSG, 0 },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct procmaps maps = { .len = 99 };
		uint64_t offset = 77;
		int err = procmaps_parse(bytes_of(bad[i].text), &maps, &offset);

		ok(err == bad[i].err && offset == bad[i].offset && maps.len == 99,
		   "%s is refused, with its place (%d at %" PRIu64 ")", bad[i].what, err, offset);
	}
}

static void test_nul(void)
{
	static const char text[] = "1000-2000 r--p 0 0:0 0 /a\0b\n";
	struct procmaps maps;
	uint64_t offset = 77;
	struct bytes in = { (const uint8_t *)text, sizeof(text) - 1 };

	is_int(procmaps_parse(in, &maps, &offset), -EBADMSG, "a NUL in a path is refused");
}

static void test_find(void)
{
	static const char text[] = "1000-2000 r--p 0 0:0 0 a\n"
				   "2000-3000 r--p 0 0:0 0 b\n"
				   "5000-6000 r--p 0 0:0 0 c\n";
	static const struct {
		uint64_t addr;
		const char *path;
	} cases[] = {
		{ 0, NULL },	 { 0xfff, NULL },  { 0x1000, "a" },	 { 0x1fff, "a" },
		{ 0x2000, "b" }, { 0x2fff, "b" },  { 0x3000, NULL },	 { 0x5000, "c" },
		{ 0x5fff, "c" }, { 0x6000, NULL }, { UINT64_MAX, NULL },
	};
	_release_(procmaps_done) struct procmaps maps = { 0 };
	const struct procmaps none = { 0 };
	uint64_t offset;

	is_int(procmaps_parse(bytes_of(text), &maps, &offset), 0, "three mappings");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct mapping *m = procmaps_find(&maps, cases[i].addr);

		is_text(m ? m->path : "none", cases[i].path ? cases[i].path : "none",
			"0x%" PRIx64 " is found where it is", cases[i].addr);
	}
	ok(!procmaps_find(&none, 1), "nothing is found in an empty list");
	is_int(procmaps_parse((struct bytes){ 0 }, &(struct procmaps){ 0 }, &offset), 0,
	       "no text, no mappings");
}

static void test_too_many(void)
{
	size_t len = 0, size = (PROCMAPS_MAX_LINES + 1) * sizeof("ffffffff-ffffffff r--p 0 0:0 0 ");
	_release_(freep) char *text = malloc(size);
	struct procmaps maps = { 0 };
	uint64_t offset;

	for (size_t i = 0; i <= PROCMAPS_MAX_LINES; i++)
		len += (size_t)snprintf(text + len, size - len, "%zx-%zx r--p 0 0:0 0 \n", i * 4096,
					(i + 1) * 4096);
	is_int(procmaps_parse(bytes_of(text), &maps, &offset), -E2BIG, "one line too many");
	*strrchr(text, '-') = 0;
	*(strrchr(text, '\n') + 1) = 0;
	is_int(procmaps_parse(bytes_of(text), &maps, &offset), 0, "as many lines as allowed");
	is_int(maps.len, PROCMAPS_MAX_LINES, "are all read");
	procmaps_done(&maps);
}

static void test_failing_alloc(void)
{
	static const char text[] = GOOD "2000-3000 r--p 00000000 00:00 0 /lib\n";
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		struct procmaps maps = { 0 };
		uint64_t offset;
		int err;

		failing_alloc_start(n);
		err = procmaps_parse(bytes_of(text), &maps, &offset);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
		procmaps_done(&maps);
	}
}

static void test_anonymous(void)
{
	static const struct {
		const char *path;
		uint64_t inode;
		bool is_anonymous;
	} cases[] = { { "", 0, true },	      { "[anon:v8]", 0, true },	     { "[vdso]", 0, false },
		      { "[heap]", 0, false }, { "/usr/bin/node", 7, false }, { "", 7, false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct mapping m = { .path = (char *)cases[i].path, .inode = cases[i].inode };

		is_int(mapping_is_anonymous(&m), cases[i].is_anonymous, "anonymous or not: \"%s\"",
		       cases[i].path);
	}
}

int main(void)
{
	test_anonymous();
	test_lines();
	test_bad();
	test_nul();
	test_find();
	test_too_many();
	test_failing_alloc();
	procmaps_done(NULL);
	return tap_done();
}
