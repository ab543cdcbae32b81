// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The walk of bpf/lib/unwind_walk.h over stacks made by hand: each rule, each end, code without a
 * table, signals, tracers, long stacks. tests/host/unwind_self_test.c has real ones.
 */
#include "tap.h"
#include "unwind_native.h"

/* A text of one page at TEXT + BIAS, the stack at STACK; 512 words of it. */
#define BIAS	    0x10000ull
#define TEXT	    0x20000ull
#define JIT	    0x100000ull
#define GO	    0x200000ull
#define TRAMPOLINE  0x300000ull
#define NOTHING	    0x400000ull
#define STACK	    0x7000000ull
#define STACK_WORDS 2048

static struct unwind_row rows[UNWIND_BLOCK_ROWS];
static uint64_t stack[STACK_WORDS];
static uint8_t jit_code[64], go_code[64];

/* Functions of the text begin every 0x100 bytes; the n-th has rule n. */
static const struct unwind_rule rules[] = {
	[0] = { .cfa = UNWIND_CFA_NONE },
	[1] = { .cfa = UNWIND_CFA_SP, .cfa_offset = 8 },
	[2] = { .cfa = UNWIND_CFA_SP, .cfa_offset = 32, .fp = UNWIND_FP_CFA, .fp_offset = -16 },
	[3] = { .cfa = UNWIND_CFA_FP, .cfa_offset = 16, .fp = UNWIND_FP_CFA, .fp_offset = -16 },
	[4] = { .cfa = UNWIND_CFA_END },
	[5] = { .cfa = UNWIND_CFA_SIGNAL },
	[6] = { .cfa = UNWIND_CFA_INEXPRESSIBLE },
	[7] = { .cfa = UNWIND_CFA_PLT, .cfa_offset = 8, .param = 11 },
	[8] = { .cfa = UNWIND_CFA_REGISTER, .param = 10, .cfa_offset = 0 },
	[9] = { .cfa = UNWIND_CFA_DEREF_FP, .cfa_offset = -8, .fp = UNWIND_FP_AT_FP },
	[10] = { .cfa = UNWIND_CFA_DEREF_SP, .cfa_offset = 16, .param = 8 },
	[11] = { .cfa = UNWIND_CFA_SP, .cfa_offset = 24, .fp = UNWIND_FP_LOST },
	[12] = { .cfa = UNWIND_CFA_SP, .cfa_offset = 48, .fp = UNWIND_FP_CFA, .fp_offset = -32 },
	[13] = { .cfa = UNWIND_CFA_SP, .cfa_offset = -8 },
	[14] = { .cfa = UNWIND_CFA_SP, .cfa_offset = 12 },
};
#define RULES (sizeof(rules) / sizeof(*rules))

/* An address in function @n, past its first instructions. */
#define IN(n) (TEXT + (n)*0x100ull + 0x20)
/* What is kept for a return to it. */
#define CALL(n) (IN(n) - 1)

static const struct unwind_page page = { .first = 3, .last = RULES };

static const struct unwind_process process = {
	.count = 5,
	.at = { { .start = TEXT, .end = TEXT + 0x10000, .bias = BIAS, .page_delta = -1 },
		{ .start = JIT, .end = JIT + 0x1000, .kind = UNWIND_JIT },
		{ .start = GO, .end = GO + 0x1000, .kind = UNWIND_BY_FP },
		{ .start = TRAMPOLINE - 1, .end = TRAMPOLINE + 0x1000, .kind = UNWIND_TRAMPOLINE },
		{ .start = NOTHING, .end = NOTHING + 0x1000, .kind = UNWIND_BY_NOTHING } },
};

static const struct native_env env = {
	.memory = { { .addr = STACK, .at = stack, .len = sizeof(stack) },
		    { .addr = JIT, .at = jit_code, .len = sizeof(jit_code) },
		    { .addr = GO, .at = go_code, .len = sizeof(go_code) } },
	.pages = &page,
	.page_count = 1,
	.rows = rows,
	.rules = rules,
	.rule_count = RULES,
	.registers = { [10] = STACK + 24 },
	.hijacked_slot = STACK + 8,
	.hijacked = IN(4),
};

/* The page's first row is at its start; the rest of the block is of others. */
static void make_rows(void)
{
	for (size_t i = 0; i < RULES; i++)
		rows[3 + i] =
			(struct unwind_row){ .addr = (uint16_t)(i * 0x100), .rule = (uint16_t)i };
	rows[3 + RULES] = (struct unwind_row){ .addr = 0xf000, .rule = 0 };
	rows[4 + RULES] = (struct unwind_row){ .addr = 0, .rule = 6 };
}

static struct unwind_walk walk_at(uint64_t pc, uint64_t sp, uint64_t fp)
{
	struct unwind_walk w;

	memset(&w, 0xa5, sizeof(w)); /* what a walk before has left */
	unwind_begin(&w, 7, false, true);
	w.env = &env;
	w.pc = pc;
	w.sp = sp;
	w.fp = fp;
	return w;
}

#define FRAMES_MAX 6

/*
 * One interrupted thread: pc, fp, and its stack from sp on; what the walk is to find. A 0 in frames
 * is their end.
 */
static const struct {
	const char *what;
	uint64_t pc, fp;
	uint64_t stack[16];
	uint64_t frames[FRAMES_MAX];
	enum stack_end end;
	bool is_by_fp, is_unmapped;
} cases[] = {
	{ "a leaf without a frame", .pc = IN(1), .stack = { IN(4) }, .frames = { IN(1), CALL(4) } },
	{ "a fixed frame that saves rbp", .pc = IN(2),
	  .stack = { 1, 2, STACK + 48, IN(3), 5, 6, 7, IN(4) },
	  .frames = { IN(2), CALL(3), CALL(4) } },
	{ "rbp saved elsewhere", .pc = IN(12),
	  .stack = { 1, 2, STACK + 56, 4, 5, IN(3), 7, 8, IN(4) },
	  .frames = { IN(12), CALL(3), CALL(4) } },
	{ "no return address: nobody called", .pc = IN(1), .frames = { IN(1) } },
	{ "a PLT entry before its push", .pc = IN(7), .stack = { IN(4) },
	  .frames = { IN(7), CALL(4) } },
	{ "a PLT entry after its push", .pc = IN(7) + 11, .stack = { 1, IN(4) },
	  .frames = { IN(7) + 11, CALL(4) } },
	{ "CFA in another register, in the top frame", .pc = IN(8), .stack = { 1, 2, IN(4) },
	  .frames = { IN(8), CALL(4) } },
	{ "CFA in another register, further up", .pc = IN(1), .stack = { IN(8), 2, IN(4) },
	  .frames = { IN(1), CALL(8) }, .end = STACK_EXPRESSION },
	{ "a realigned frame: CFA and rbp through rbp", .pc = IN(9), .fp = STACK + 16,
	  .stack = { 1, STACK + 40, STACK + 64, 4, IN(3), 6, 7, 8, 9, IN(4) },
	  .frames = { IN(9), CALL(3), CALL(4) } },
	{ "CFA from a word of the stack", .pc = IN(10), .stack = { 1, 2, STACK + 24, IN(4) },
	  .frames = { IN(10), CALL(4) } },
	{ "rbp lost, and not needed", .pc = IN(11), .stack = { 1, 2, IN(1), IN(4) },
	  .frames = { IN(11), CALL(1), CALL(4) } },
	{ "rbp lost, and needed", .pc = IN(11), .fp = STACK + 24,
	  .stack = { 1, 2, IN(3), 4, IN(4) }, .frames = { IN(11), CALL(3) },
	  .end = STACK_EXPRESSION },
	{ "rbp lost, and found again", .pc = IN(11),
	  .stack = { 1, 2, IN(2), 4, 5, STACK + 72, IN(3), 8, 9, 10, IN(4) },
	  .frames = { IN(11), CALL(2), CALL(3), CALL(4) } },
	{ "a rule that cannot be said", .pc = IN(1), .stack = { IN(6) },
	  .frames = { IN(1), CALL(6) }, .end = STACK_EXPRESSION },
	{ "a caller below its callee", .pc = IN(1), .stack = { IN(13), IN(4) },
	  .frames = { IN(1), CALL(13) }, .end = STACK_CORRUPT },
	{ "a caller at an odd place", .pc = IN(1), .stack = { IN(14), IN(4) },
	  .frames = { IN(1), CALL(14) }, .end = STACK_CORRUPT },
	{ "a return address that is none", .pc = IN(1), .stack = { 17 }, .frames = { IN(1) },
	  .end = STACK_CORRUPT },
	{ "code that was not told of", .pc = IN(1), .stack = { 0x5000000 },
	  .frames = { IN(1), 0x4ffffff }, .end = STACK_NO_TABLE, .is_unmapped = true },
	{ "code of which nothing is known", .pc = IN(1), .stack = { NOTHING + 8 },
	  .frames = { IN(1), NOTHING + 7 }, .end = STACK_NO_TABLE },
	{ "JIT code: its frame pointer leads on", .pc = JIT + 32, .fp = STACK + 16,
	  .stack = { 1, 2, STACK + 40, IN(3), 5, 6, IN(4) },
	  .frames = { JIT + 32, CALL(3), CALL(4) }, .is_by_fp = true },
	{ "JIT code at its push of rbp", .pc = JIT + 8, .stack = { IN(4) },
	  .frames = { JIT + 8, CALL(4) }, .is_by_fp = true },
	{ "JIT code just after it", .pc = JIT + 9, .stack = { 1, IN(4) },
	  .frames = { JIT + 9, CALL(4) }, .is_by_fp = true },
	{ "JIT code at its return", .pc = JIT + 40, .stack = { IN(4) },
	  .frames = { JIT + 40, CALL(4) }, .is_by_fp = true },
	{ "a frame pointer of 0 marks the outermost", .pc = GO + 32, .frames = { GO + 32 },
	  .is_by_fp = true },
	{ "a frame pointer below the stack", .pc = GO + 32, .fp = STACK - 64, .frames = { GO + 32 },
	  .end = STACK_NO_TABLE, .is_by_fp = true },
	{ "a frame pointer to what is no code", .pc = GO + 32, .fp = STACK,
	  .stack = { 1, 0x5000000 }, .frames = { GO + 32 }, .end = STACK_NO_TABLE,
	  .is_by_fp = true },
	{ "a hole in the table: by the frame pointer too", .pc = IN(0), .fp = STACK,
	  .stack = { 1, IN(4) }, .frames = { IN(0), CALL(4) }, .is_by_fp = true },
	{ "beyond the last row's rule", .pc = TEXT + 0xffff, .fp = STACK, .stack = { 1, IN(4) },
	  .frames = { TEXT + 0xffff, CALL(4) }, .is_by_fp = true },
	{ "a restorer without a table: the interrupted code follows", .pc = IN(1),
	  .stack = { GO + 48 }, /* the rest is set below */
	  .frames = { IN(1), GO + 48, IN(3), CALL(4) } },
	{ "a return address that a tracer took", .pc = IN(12),
	  .stack = { 1, 2, 3, 4, 5, TRAMPOLINE }, .frames = { IN(12) }, .end = STACK_NO_TABLE },
};

static void check_frames(const struct unwind_walk *w, const uint64_t *want, const char *what)
{
	size_t i = 0;

	while (i < FRAMES_MAX && want[i] && native_frame(w, i) == want[i])
		i++;
	if (!ok((i == FRAMES_MAX || !want[i]) && !native_frame(w, i), "%s: frames", what))
		printf("# frame %zu: got 0x%llx\n", i, (unsigned long long)native_frame(w, i));
}

static void each_case(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct unwind_walk w = walk_at(cases[i].pc, STACK, cases[i].fp);

		memset(stack, 0, sizeof(stack));
		memcpy(stack, cases[i].stack, sizeof(cases[i].stack));
		if (stack[0] == GO + 48) { /* struct rt_sigframe from stack[1] on */
			stack[1 + UNWIND_SIGNAL_FP / 8] = STACK + 800;
			stack[1 + UNWIND_SIGNAL_SP / 8] = STACK + 400;
			stack[1 + UNWIND_SIGNAL_PC / 8] = IN(3);
			stack[101] = IN(4);
		}
		native_run(&w, &process);
		is_int(w.end, cases[i].end, "%s: end", cases[i].what);
		check_frames(&w, cases[i].frames, cases[i].what);
		is_int(w.is_by_fp, cases[i].is_by_fp, "%s: by frame pointer or not", cases[i].what);
		is_int(w.is_unmapped, cases[i].is_unmapped, "%s: told of or not", cases[i].what);
	}
}

/* The signal frame's restorer has a table here; the handler ran on a stack above the other. */
static void signal_on_another_stack(void)
{
	const uint64_t want[FRAMES_MAX] = { IN(1), IN(5), IN(1), CALL(4) };
	struct unwind_walk w = walk_at(IN(1), STACK + 8000, 0);

	memset(stack, 0, sizeof(stack));
	stack[1000] = IN(5);
	stack[1001 + UNWIND_SIGNAL_SP / 8] = STACK + 80;
	stack[1001 + UNWIND_SIGNAL_PC / 8] = IN(1);
	stack[10] = IN(4);
	native_run(&w, &process);
	is_int(w.end, STACK_COMPLETE, "a signal on a stack of its own: complete");
	check_frames(&w, want, "a signal on a stack of its own");
}

static void hijacked_return(void)
{
	const uint64_t want[FRAMES_MAX] = { CALL(2), CALL(4) };
	struct unwind_walk w = walk_at(TRAMPOLINE, STACK + 16, 0);

	/* a return probe's own view: the first address is a return address */
	unwind_begin(&w, 7, true, true);
	memset(stack, 0, sizeof(stack));
	w.pc = IN(2);
	w.sp = STACK - 16; /* CFA = STACK + 16, the return address at STACK + 8 was taken */
	stack[1] = TRAMPOLINE;
	native_run(&w, &process);
	is_int(w.end, STACK_COMPLETE, "the return address that a tracer keeps is used: complete");
	check_frames(&w, want, "the return address that a tracer keeps");
}

/* A chain of @count frame pointer frames that ends in function 4. */
static struct unwind_walk deep(size_t count)
{
	struct unwind_walk w = walk_at(IN(3), STACK, STACK);

	for (size_t i = 0; i < count; i++) {
		stack[2 * i] = STACK + 16 * (i + 1);
		stack[2 * i + 1] = i + 1 == count ? IN(4) : IN(3);
	}
	native_run(&w, &process);
	return w;
}

static void deep_stacks(void)
{
	static const size_t counts[] = { 1,
					 STACK_PART_FRAMES - 2,
					 STACK_PART_FRAMES - 1,
					 STACK_PART_FRAMES,
					 2 * STACK_PART_FRAMES,
					 STACK_MAX_FRAMES - 1,
					 STACK_MAX_FRAMES,
					 STACK_MAX_FRAMES + 1 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		bool fits = counts[i] + 1 <= STACK_MAX_FRAMES;
		struct unwind_walk w = deep(counts[i]);

		is_int(w.end, fits ? STACK_COMPLETE : STACK_TOO_DEEP, "%zu callers: end",
		       counts[i]);
		is_int(w.part * STACK_PART_FRAMES + w.depth,
		       fits ? counts[i] + 1 : STACK_MAX_FRAMES, "%zu callers: frames", counts[i]);
		ok(native_frame(&w, counts[i]) == (fits ? CALL(4) : 0), "%zu callers: the root",
		   counts[i]);
	}
}

/* The same frames hash alike whatever was there before, others do not. */
static void hashes(void)
{
	struct unwind_walk a = deep(130), b = deep(130), c = deep(131);

	ok(a.hash[0] == b.hash[0] && a.hash[1] == b.hash[1], "equal stacks have equal hashes");
	ok(a.hash[0] == c.hash[0] && a.hash[1] != c.hash[1], "others not");
}

static void tables_only(void)
{
	struct unwind_walk w = walk_at(JIT + 32, STACK, STACK + 16);

	w.may_use_fp = 0;
	native_run(&w, &process);
	is_int(w.end, STACK_NO_TABLE, "without frame pointers a walk ends in JIT code");
	is_int(w.is_by_fp, 0, "and says that it used none");
}

static void unreadable_stack(void)
{
	struct unwind_walk w = walk_at(IN(1), STACK + sizeof(stack), 0);

	native_run(&w, &process);
	is_int(w.end, STACK_UNREADABLE, "a stack that ends in a return address");
	w = walk_at(IN(2), STACK + sizeof(stack) - 16, 0);
	native_run(&w, &process);
	is_int(w.end, STACK_UNREADABLE, "a stack that ends in a frame");
	w = walk_at(IN(5), STACK + sizeof(stack) - 16, 0);
	native_run(&w, &process);
	is_int(w.end, STACK_UNREADABLE, "a stack that ends in a signal frame");
	w = walk_at(IN(9), STACK, 8);
	native_run(&w, &process);
	is_int(w.end, STACK_UNREADABLE, "a CFA that is nowhere");
	w = walk_at(GO + 32, STACK, STACK + sizeof(stack) - 8);
	native_run(&w, &process);
	is_int(w.end, STACK_UNREADABLE, "a frame pointer to the stack's end");
}

/* Whatever the table says, nothing outside it is read: an index too large is no rule. */
static void odd_tables(void)
{
	struct unwind_process odd = process;
	struct unwind_walk w = walk_at(IN(1), STACK, 0);

	odd.at[0].page_delta = 5;
	native_run(&w, &odd);
	is_int(w.end, STACK_COMPLETE, "a page that is none: by frame pointer, which is 0");
	ok(w.is_by_fp, "a page that is none counts as code without a table");
	odd = process;
	odd.count = 0;
	w = walk_at(IN(1), STACK, 0);
	native_run(&w, &odd);
	is_int(w.end, STACK_NO_TABLE, "a process without mappings");
	odd.count = 4000000000u;
	w = walk_at(IN(1), STACK, 0);
	native_run(&w, &odd);
	ok(w.end < STACK_ENDS, "a count that lies");
}

static void make_code(void)
{
	static const uint8_t prologue[] = { 0x55, 0x48, 0x89, 0xe5 };
	static const uint8_t sigreturn[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 };

	memset(jit_code, 0x90, sizeof(jit_code));
	memset(go_code, 0x90, sizeof(go_code));
	memcpy(jit_code + 8, prologue, sizeof(prologue));
	memcpy(go_code + 48, sigreturn, sizeof(sigreturn));
	jit_code[40] = 0xc3;
}

int main(void)
{
	make_rows();
	make_code();
	each_case();
	signal_on_another_stack();
	hijacked_return();
	deep_stacks();
	hashes();
	tables_only();
	unreadable_stack();
	odd_tables();
	return tap_done();
}
