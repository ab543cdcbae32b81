// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* /proc/kallsyms: functions in order, whatever order the file has; hidden addresses are told. */
#include "base/scope.h"
#include "failing_alloc.h"
#include "symbol/kallsyms.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

#define KERNEL                                                                                     \
	"0000000000000000 A fixed_percpu_data\n"                                                   \
	"ffffffff81000000 T _stext\n"                                                              \
	"ffffffff81000000 T _text\n"                                                               \
	"ffffffff81000040 t do_one\n"                                                              \
	"ffffffff81000080 W weak_one\n"                                                            \
	"ffffffff810000c0 w weaker_one\n"                                                          \
	"ffffffff82000000 D jiffies\n"                                                             \
	"ffffffff82000010 b bss_one\n"
#define MODULES                                                                                    \
	"ffffffffc0a0b000 t nft_alloc\t[nf_tables]\n"                                              \
	"ffffffffc0a0b800 d nft_data\t[nf_tables]\n"                                               \
	"ffffffffc0a0b040 T nft_init\t[nf_tables]\n"                                               \
	"ffffffffc0100000 t e1000_up\t[e1000]\n"                                                   \
	"ffffffffc0a0c000 t bpf_prog_1_x\t[bpf]\n"

static void test_find(void)
{
	static const struct {
		uint64_t addr;
		const char *name, *module;
		uint64_t start;
	} cases[] = {
		{ 0, NULL, NULL, 0 },
		{ 0xffffffff80ffffff, NULL, NULL, 0 },
		{ 0xffffffff81000000, "_stext", "[kernel]", 0xffffffff81000000 },
		{ 0xffffffff8100003f, "_stext", "[kernel]", 0xffffffff81000000 },
		{ 0xffffffff81000040, "do_one", "[kernel]", 0xffffffff81000040 },
		{ 0xffffffff810000bf, "weak_one", "[kernel]", 0xffffffff81000080 },
		{ 0xffffffff810000c0, "weaker_one", "[kernel]", 0xffffffff810000c0 },
		{ 0xffffffff810000bf + KALLSYMS_MAX_FUNCTION_BYTES, "weaker_one", "[kernel]",
		  0xffffffff810000c0 },
		{ 0xffffffff810000c0 + KALLSYMS_MAX_FUNCTION_BYTES, NULL, NULL, 0 },
		{ 0xffffffff82000000, NULL, NULL, 0 },
		{ 0xffffffffc0100001, "e1000_up", "[e1000]", 0xffffffffc0100000 },
		{ 0xffffffffc0a0b03f, "nft_alloc", "[nf_tables]", 0xffffffffc0a0b000 },
		{ 0xffffffffc0a0b900, "nft_init", "[nf_tables]", 0xffffffffc0a0b040 },
		{ 0xffffffffc0a0c004, "bpf_prog_1_x", "[bpf]", 0xffffffffc0a0c000 },
		{ UINT64_MAX, NULL, NULL, 0 },
	};
	_release_(kallsyms_done) struct kallsyms ks = { 0 };
	uint64_t offset = 77;

	is_int(kallsyms_parse(bytes_of(KERNEL MODULES), &ks, &offset), 0, "kernel and modules");
	is_int(ks.len, 8, "functions, each place once");
	is_int(offset, 77, "no place of an error");
	for (size_t i = 0; i < ROWS(cases); i++) {
		struct kallsyms_function f = { 0 };
		bool is_found = kallsyms_find(&ks, cases[i].addr, &f);

		is_int(is_found, cases[i].name != NULL, "0x%" PRIx64, cases[i].addr);
		if (is_found && cases[i].name) {
			is_text(f.name, cases[i].name, "name");
			is_text(f.module, cases[i].module, "module");
			ok(f.start == cases[i].start, "start");
		}
	}
}

#define GOOD "ffffffff81000000 T _stext\n"

static const struct {
	const char *what, *text;
	uint64_t offset;
} bad[] = {
	{ "an empty line", "\n", 0 },
	{ "a line without newline", GOOD "ffffffff81000040 t do_o", 26 },
	{ "a word", GOOD "hello\n", 26 },
	{ "an address alone", "ffffffff81000000\n", 0 },
	{ "no address", " T _stext\n", 0 },
	{ "an address over 64 bits", "fffffffff81000000 T _stext\n", 0 },
	{ "capital digits", "FFFFFFFF81000000 T _stext\n", 0 },
	{ "a prefix", "0xffffff81000000 T _stext\n", 0 },
	{ "hashed addresses", "(____ptrval____) T _stext\n", 0 },
	{ "no type", "ffffffff81000000  _stext\n", 0 },
	{ "two types", "ffffffff81000000 TT _stext\n", 0 },
	{ "a digit as type", "ffffffff81000000 1 _stext\n", 0 },
	{ "no name", "ffffffff81000000 T \n", 0 },
	{ "cut behind the type", "ffffffff81000000 T\n", 0 },
	{ "a module without a name", "ffffffff81000000 T \t[m]\n", 0 },
	{ "no module behind the tab", "ffffffff81000000 T a\t\n", 0 },
	{ "a module without brackets", "ffffffff81000000 T a\tm\n", 0 },
	{ "a module without its end", "ffffffff81000000 T a\t[m\n", 0 },
	{ "an empty module", "ffffffff81000000 T a\t[]\n", 0 },
	{ "a bad line of data", GOOD "zz D jiffies\n", 26 },
};

static void test_bad(void)
{
	static const char nul[] = "ffffffff81000000 T a\0b\n";
	struct kallsyms ks = { .len = 99 };
	uint64_t offset;

	for (size_t i = 0; i < ROWS(bad); i++) {
		int err;

		offset = 77;
		err = kallsyms_parse(bytes_of(bad[i].text), &ks, &offset);
		ok(err == -EBADMSG && offset == bad[i].offset && ks.len == 99,
		   "%s is refused, with its place (%d at %" PRIu64 ")", bad[i].what, err, offset);
	}
	is_int(kallsyms_parse((struct bytes){ (const uint8_t *)nul, sizeof(nul) - 1 }, &ks,
			      &offset),
	       -EBADMSG, "a NUL in a name");
}

static void test_hidden(void)
{
	static const char zeros[] = "0000000000000000 T _stext\n0000000000000000 t do_one\n";
	static const char data[] = "ffffffff82000000 D jiffies\n";
	static const char some[] = "0000000000000000 T lost\n" GOOD;
	struct kallsyms ks = { .len = 99 };
	struct kallsyms_function f;
	uint64_t offset;

	is_int(kallsyms_parse(bytes_of(zeros), &ks, &offset), -EPERM, "all addresses hidden");
	is_int(kallsyms_parse(bytes_of(data), &ks, &offset), -ENODATA, "data alone");
	is_int(kallsyms_parse((struct bytes){ 0 }, &ks, &offset), -ENODATA, "nothing at all");
	is_int(ks.len, 99, "and nothing is touched");
	is_int(kallsyms_parse(bytes_of(some), &ks, &offset), 0, "a few zeros are left out");
	ok(ks.len == 1 && !kallsyms_find(&ks, 0, &f), "and nothing is at 0");
	kallsyms_done(&ks);
}

static void test_names(void)
{
	static const char text[] = "ffffffff81000000 T a\x1b[2J\n"
				   "ffffffff81000040 T b\t[\xff]\n"
				   "ffffffff81000080 T c\t[\xff]\n"
				   "ffffffff810000c0 T d\n";
	_release_(kallsyms_done) struct kallsyms ks = { 0 };
	struct kallsyms_function f = { 0 };
	uint64_t offset;
	char line[3000];

	is_int(kallsyms_parse(bytes_of(text), &ks, &offset), 0, "hostile names");
	ok(kallsyms_find(&ks, 0xffffffff81000000, &f), "found");
	is_text(f.name, "a\\x1b[2J", "are clean");
	ok(kallsyms_find(&ks, 0xffffffff81000080, &f), "found");
	is_text(f.module, "[\\xff]", "modules too");
	ok(kallsyms_find(&ks, 0xffffffff810000c0, &f), "found");
	is_text(f.module, "[kernel]", "the kernel comes again behind a module");
	kallsyms_done(&ks);
	(void)snprintf(line, sizeof(line), "ffffffff81000000 T %0*d\n", 2900, 7);
	is_int(kallsyms_parse(bytes_of(line), &ks, &offset), 0, "a very long name");
	ok(kallsyms_find(&ks, 0xffffffff81000000, &f) && strlen(f.name) == 1023, "is cut");
}

static void test_cap(void)
{
	enum { LINE = 16 };
	size_t size = (KALLSYMS_MAX_FUNCTIONS + 1) * (size_t)LINE, len = 0;
	_release_(freep) char *text = malloc(size + 1);
	_release_(kallsyms_done) struct kallsyms ks = { 0 };
	struct kallsyms_function f = { 0 };
	uint64_t offset;

	must(text);
	/* Downwards, so that all are put in order. */
	for (size_t i = KALLSYMS_MAX_FUNCTIONS + 1; i > 0; i--)
		len += (size_t)snprintf(text + len, size + 1 - len, "%zx t f\n", i * 16);
	is_int(kallsyms_parse(bytes_of(text), &ks, &offset), -E2BIG, "one function too many");
	is_int(kallsyms_parse((struct bytes){ (uint8_t *)text, len - strlen("10 t f\n") }, &ks,
			      &offset),
	       0, "as many as allowed");
	is_int(ks.len, KALLSYMS_MAX_FUNCTIONS, "are all read");
	ok(kallsyms_find(&ks, 0x12345f, &f) && f.start == 0x123450, "and found");
}

static void test_failing_alloc(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		_release_(kallsyms_done) struct kallsyms ks = { 0 };
		uint64_t offset;
		int err;

		failing_alloc_start(n);
		err = kallsyms_parse(bytes_of(KERNEL MODULES), &ks, &offset);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	const struct kallsyms none = { 0 };
	struct kallsyms_function f;

	test_find();
	test_bad();
	test_hidden();
	test_names();
	test_cap();
	test_failing_alloc();
	ok(!kallsyms_find(&none, 1, &f), "nothing is found in an empty table");
	kallsyms_done(NULL);
	return tap_done();
}
