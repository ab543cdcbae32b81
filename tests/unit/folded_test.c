// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Folded stacks of all sorts: what is read, what is passed over, what is refused. */
#include "base/scope.h"
#include "base/text.h"
#include "failing_alloc.h"
#include "profile/folded.h"
#include "report/folded_name.h"
#include "tap.h"

static int put_stack(void *ctx, const struct folded_stack *stack)
{
	for (size_t i = 0; i < stack->depth; i++)
		(void)fprintf(ctx, "%s%s", i ? "|" : "", stack->frames[i]);
	if (stack->has_before)
		(void)fprintf(ctx, "=%ju", (uintmax_t)stack->before);
	(void)fprintf(ctx, "=%ju,", (uintmax_t)stack->now);
	return 0;
}

/* Reads @text in pieces of @piece bytes; what was understood goes to *@ret_got. */
static int read_text(struct folded *f, const char *text, size_t len, size_t piece, char **ret_got)
{
	size_t got_len = 0;
	FILE *out = open_memstream(ret_got, &got_len);
	int err = 0;

	must(out);
	f->fn = put_stack;
	f->ctx = out;
	for (size_t at = 0; at < len && !err; at += piece)
		err = folded_push(f, text + at, len - at < piece ? len - at : piece);
	if (!err)
		err = folded_end(f);
	must(fclose(out) == 0);
	return err;
}

static const struct {
	const char *text, *want;
	uint64_t countless, zero;
	enum folded_columns columns;
	bool strip_hex;
} good[] = {
	{ .text = "", .want = "" },
	{ .text = "a;b;c 12\n", .want = "a|b|c=12," },
	{ .text = "a 1", .want = "a=1," },
	{ .text = "a;b 1\r\nc 2\r\n\r\n\nd 3\r\n", .want = "a|b=1,c=2,d=3," },
	{ .text = "operator new(unsigned long);f g 7\n",
	  .want = "operator new(unsigned long)|f g=7," },
	{ .text = "a;b\t3\na;b  4  \n", .want = "a|b=3,a|b=4," },
	{ .text = "a 1.4\nb 1.5\nc 0.5\nd 2.999\n", .want = "a=1,b=2,c=1,d=3," },
	{ .text = "a 0\nb 0.2\nc 1\n", .want = "c=1,", .zero = 2 },
	{ .text = "# made by hand\n#\n#private 3\n", .want = "#private=3," },
	{ .text = "a;b\nc -5\nd 1e3\ne 0x10\nf 1.\n12\n g 6\n", .want = " g=6,", .countless = 6 },
	{ .text = ";;a; 5\n; 1\n 7\n",
	  .want = "[unnamed]|[unnamed]|a|[unnamed]=5,[unnamed]|[unnamed]=1,[unnamed]=7," },
	{ .text = "a;b 10 12\nc 0 4\nd 3 0\n", .want = "a|b=10=12,c=0=4,d=3=0," },
	{ .text = "a 5\nworker 12 40\n", .want = "a=5,worker 12=40," },
	{ .text = "worker 12 40\na 5\n", .want = "worker 12=40,a=5,", .columns = FOLDED_ONE },
	{ .text = "x 99999999999999999999 5\n", .want = "x 99999999999999999999=5," },
	{ .text = "a 18446744073709551615\n", .want = "a=18446744073709551615," },
	{ .text = "\x1b[31mred;\xff\xe2\x80\xae 1\n", .want = "\\x1b[31mred|\\xff\\u{202E}=1," },
	{ .text = "lib+0x12ab;f(0x1);0xffffffff81000000 2\n",
	  .want = "lib+0x...|f(0x1)|0x...=2,",
	  .strip_hex = true },
	{ .text = "main;f <script>&\"' 2\n", .want = "main|f <script>&\"'=2," },
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		for (size_t piece = 1; piece < 100; piece += 33) {
			_release_(folded_done) struct folded f = { .columns = good[i].columns,
								   .strip_hex = good[i].strip_hex };
			_release_(freep) char *got = NULL;

			is_int(read_text(&f, good[i].text, strlen(good[i].text), piece, &got), 0,
			       "case %zu in pieces of %zu", i, piece);
			is_text(got, good[i].want, "case %zu: understood", i);
			ok(f.countless == good[i].countless && f.zero_count == good[i].zero,
			   "case %zu: what was passed over is counted", i);
		}
	}
}

static const struct {
	const char *text;
	int err;
	uint64_t line;
	enum folded_columns columns;
} bad[] = {
	{ "a 1\n\nb 18446744073709551616\n", -ERANGE, 3, FOLDED_AUTO },
	{ "a 18446744073709551615.5\n", -ERANGE, 1, FOLDED_AUTO },
	{ "a 1 2\nb 3 4\nc 5\n", -EBADMSG, 3, FOLDED_AUTO },
	{ "a 5\n", -EBADMSG, 1, FOLDED_TWO },
	{ "a 99999999999999999999 5\n", -ERANGE, 1, FOLDED_TWO },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_release_(folded_done) struct folded f = { .columns = bad[i].columns };
		_release_(freep) char *got = NULL;

		is_int(read_text(&f, bad[i].text, strlen(bad[i].text), 7, &got), bad[i].err,
		       "bad case %zu is refused", i);
		is_int(f.line_count, bad[i].line, "bad case %zu: the line is known", i);
	}
}

static void test_lines(void)
{
	_release_(folded_done) struct folded f = { 0 }, g = { 0 };
	_release_(freep) char *got = NULL, *none = NULL;
	size_t len = FOLDED_MAX_LINE_BYTES + 2;
	_release_(freep) char *line = malloc(len);
	const char *text = "a\nb\nc;\n\n\nlast\nd 4\n";

	must(line);
	is_int(read_text(&f, text, strlen(text), 3, &got), 0,
	       "lines without a number are passed over");
	ok(f.countless == 4 && f.first_countless == 1 && f.line_count == 7 && f.stack_count == 1,
	   "lines are numbered, empty ones too");
	memset(line, 'x', len);
	is_int(read_text(&g, line, len, 65536, &none), -E2BIG,
	       "a line that does not end is refused");
	ok(g.line_cap <= 2 * FOLDED_MAX_LINE_BYTES, "before it has taken much memory");
}

static int keep_length(void *ctx, const struct folded_stack *stack)
{
	*(size_t *)ctx = strlen(stack->frames[0]);
	return 42;
}

static void test_long_name(void)
{
	_release_(folded_done) struct folded f = { 0 };
	_release_(freep) char *line = malloc(100003);
	size_t len = 0;

	must(line);
	memset(line, 'n', 100000);
	memcpy(line + 100000, " 1\n", 3);
	folded_init(&f, keep_length, &len);
	is_int(folded_push(&f, line, 100003), 42, "what the callback says ends the reading");
	is_int(len, TEXT_MAX - 1, "a name of 100 kB is cut");
}

static void test_failing_alloc(void)
{
	static const char text[] = "a;b;\xff;d 1\nmain 2\n";
	bool is_hit = true, is_right = true;

	for (size_t n = 1; is_hit; n++) {
		size_t len;
		struct folded f;
		int err;

		folded_init(&f, keep_length, &len);
		failing_alloc_start(n);
		err = folded_push(&f, text, sizeof(text) - 1);
		is_hit = failing_alloc_stop();
		is_right &= err == (is_hit ? -ENOMEM : 42);
		folded_done(&f);
	}
	ok(is_right, "every allocation that fails is told");
}

static void test_names(void)
{
	static const struct {
		const char *name, *want;
	} names[] = {
		{ "main", "main" },   { "a;b", "a:b" }, { "f 12", "f_12" },
		{ "f 1.5", "f_1.5" }, { "f12", "f12" }, { "operator new", "operator new" },
		{ "# x", "#_x" },     { "#", "_" },	{ "a 1 2", "a 1_2" },
		{ "a ", "a_" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_release_(freep) char *got = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&got, &len);

		must(out);
		folded_put_name(out, names[i].name);
		must(fclose(out) == 0);
		is_text(got, names[i].want, "the name '%s' as it is written", names[i].name);
	}
}

int main(void)
{
	test_good();
	test_bad();
	test_lines();
	test_long_name();
	test_failing_alloc();
	test_names();
	return tap_done();
}
