// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whose frame it is, in JavaScript (bpf/lib/unwind_js.h): frames and objects of V8 made by hand.
 * tests/live/v8-tools.bats has real ones.
 */
#include "tap.h"
#include "unwind_native.h"

#define JIT	    0x100000ull
#define STACK	    0x7000000ull
#define HEAP	    0x9000000ull
#define STACK_WORDS 2048
#define HEAP_WORDS  128

static uint64_t stack[STACK_WORDS], heap[HEAP_WORDS];
static uint8_t code[256];

/* A tagged pointer to the object that begins at word @n of the heap. */
#define OBJECT(n) (HEAP + 8ull * (n) + 1)

/* Places of objects. */
enum {
	MAP = 0,
	OTHER_MAP = 4,
	FUNCTION = 10,
	SHARED = 20,
	SCRIPT = 30,
	CONTEXT = 44,
	STRANGER = 50
};

#define FUNCTION_TYPE 2066
#define NAME	      0x1234567ull
#define SCRIPT_ID     (77ull << 32)

static const struct unwind_js js = {
	.shared = 24,
	.instance_type = 12,
	.function_min = 2060,
	.function_max = 2080,
	.name = 16,
	.script = 32,
	.script_id = 64,
};

static const struct unwind_process process = {
	.count = 1,
	.at = { { .start = JIT, .end = JIT + 0x1000, .kind = UNWIND_JIT } },
};

static const struct native_env env = {
	.memory = { { .addr = STACK, .at = stack, .len = sizeof(stack) },
		    { .addr = HEAP, .at = heap, .len = sizeof(heap) },
		    { .addr = JIT, .at = code, .len = sizeof(code) } },
};

static void set_type(size_t map, uint16_t type)
{
	memcpy((uint8_t *)&heap[map] + 12, &type, sizeof(type));
}

/* One function, in one script. */
static void make_heap(void)
{
	memset(heap, 0, sizeof(heap));
	set_type(MAP, FUNCTION_TYPE);
	set_type(OTHER_MAP, FUNCTION_TYPE + 100);
	heap[FUNCTION] = OBJECT(MAP);
	heap[FUNCTION + 3] = OBJECT(SHARED);
	heap[SHARED + 2] = NAME;
	heap[SHARED + 4] = OBJECT(SCRIPT);
	heap[SCRIPT + 8] = SCRIPT_ID;
	heap[CONTEXT] = OBJECT(OTHER_MAP);
	heap[STRANGER] = OBJECT(OTHER_MAP);
	heap[STRANGER + 3] = OBJECT(SHARED);
}

static uint64_t right_word(void)
{
	return stack_js_word(OBJECT(SHARED), NAME, OBJECT(SCRIPT), SCRIPT_ID);
}

/* The frame at word @at: two slots, the caller's rbp and address. The next one is at @next. */
static void make_frame(size_t at, uint64_t function, uint64_t context, size_t next)
{
	stack[at - 2] = function;
	stack[at - 1] = context;
	stack[at] = next ? STACK + 8 * next : 0;
	stack[at + 1] = next ? JIT + 0x41 : 0;
}

static struct unwind_walk walk_from(uint64_t pc, size_t sp, size_t fp)
{
	struct unwind_walk w;

	memset(&w, 0xa5, sizeof(w)); /* what a walk before has left */
	unwind_begin(&w, 7, false, true);
	w.js = js;
	w.env = &env;
	w.pc = pc;
	w.sp = STACK + 8 * sp;
	w.fp = STACK + 8 * fp;
	return w;
}

static void begin(void)
{
	memset(stack, 0, sizeof(stack));
	memset(code, 0x90, sizeof(code));
	make_heap();
}

/* What is read of one frame with these slots: the word, or 0. */
static uint64_t word_of(uint64_t function, uint64_t context)
{
	struct unwind_walk w = walk_from(JIT + 0x40, 0, 10);

	make_frame(10, function, context, 0);
	native_run(&w, &process);
	return native_frame(&w, 0) == JIT + 0x40 ? native_frame(&w, 1) : 1;
}

static void what_is_a_function(void)
{
	begin();
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) == right_word(),
	   "a function's frame tells its SharedFunctionInfo");
	ok(STACK_IS_JS(right_word()) && STACK_JS_SHARED(right_word()) == OBJECT(SHARED),
	   "the word is marked, and has the object in it");
	ok(word_of(OBJECT(FUNCTION), 26) == 0, "a frame with a marker is none");
	ok(word_of(2, OBJECT(CONTEXT)) == 0, "nor one whose function is a small integer");
	ok(word_of(OBJECT(FUNCTION) + 2, OBJECT(CONTEXT)) == 0, "nor a weak pointer");
	ok(word_of(OBJECT(STRANGER), OBJECT(CONTEXT)) == 0, "nor an object of another type");
	ok(word_of(0x5000001, OBJECT(CONTEXT)) == 0, "nor a pointer to nowhere");
	ok(word_of(OBJECT(100), OBJECT(CONTEXT)) == 0, "nor memory without a map");
	heap[FUNCTION] = 0x5000001;
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) == 0, "nor an object whose map is nowhere");
}

static void unreadable(void)
{
	begin();
	heap[FUNCTION + 3] = 0x5000001;
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) == STACK_JS,
	   "a function whose SharedFunctionInfo is nowhere: unreadable, not left out");
	heap[FUNCTION + 3] = 14ull << 32;
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) == STACK_JS, "or is a small integer");
	make_heap();
	heap[SHARED + 4] = 0x5000001;
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) == STACK_JS,
	   "or has a script that is nowhere");
	heap[SHARED + 4] = 0;
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) == stack_js_word(OBJECT(SHARED), NAME, 0, 0),
	   "one without a script is read");
}

/* The same place with another function in it, as after a collection. */
static void content_tells(void)
{
	uint64_t first;

	begin();
	first = word_of(OBJECT(FUNCTION), OBJECT(CONTEXT));
	heap[SCRIPT + 8] = SCRIPT_ID + (1ull << 32);
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) != first, "another script: another word");
	make_heap();
	heap[SHARED + 2] = NAME + 8;
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) != first, "another name: another word");
	make_heap();
	ok(word_of(OBJECT(FUNCTION), OBJECT(CONTEXT)) == first, "the same: the same word");
}

static void no_v8(void)
{
	struct unwind_walk w;

	begin();
	make_frame(10, OBJECT(FUNCTION), OBJECT(CONTEXT), 0);
	w = walk_from(JIT + 0x40, 0, 10);
	w.js = (struct unwind_js){ 0 };
	native_run(&w, &process);
	ok(!native_frame(&w, 1), "without V8 nothing is read");
	w = walk_from(JIT + 0x40, 9, 10);
	native_run(&w, &process);
	ok(!native_frame(&w, 1), "a frame whose slots are not pushed yet tells nothing");
	w = walk_from(JIT + 0x40, 8, 10);
	native_run(&w, &process);
	ok(native_frame(&w, 1) == right_word(), "one that has just pushed them does");
}

/* Interrupted where rbp is the caller's: the frame there is the caller's too. */
static void check_bare(const char *what, const uint8_t *bytes, size_t len, size_t pc)
{
	struct unwind_walk w = walk_from(JIT + 0x40, 4, 10);

	begin();
	memcpy(code + 0x40 - pc, bytes, len);
	make_frame(10, OBJECT(FUNCTION), OBJECT(CONTEXT), 0);
	stack[4] = JIT + 0x81;
	native_run(&w, &process);
	ok(native_frame(&w, 0) == JIT + 0x40 && native_frame(&w, 1) == JIT + 0x80 &&
		   native_frame(&w, 2) == right_word() && !native_frame(&w, 3),
	   "%s: the callee is not given its caller's name, and the caller is there", what);
}

static void bare(void)
{
	/* mov -0x30(%rcx), %rbx; testb $1, 0x1b(%rbx); jne; push %rbp; mov %rsp, %rbp */
	static const uint8_t enter[] = { 0x48, 0x8b, 0x59, 0xd0, 0xf6, 0x43, 0x1b, 0x01, 0x0f,
					 0x85, 1,    2,	   3,	 4,    0x55, 0x48, 0x89, 0xe5 };
	/* mov %rbp, %rsp; pop %rbp; cmp $3, %rcx; jg; ret $24 */
	static const uint8_t leave[] = { 0x48, 0x8b, 0xe5, 0x5d, 0x48, 0x83, 0xf9,
					 0x03, 0x7f, 0x03, 0xc2, 0x18, 0x00 };
	static const size_t places[] = { 4, 8, 10 };

	check_bare("at the first instruction", enter, sizeof(enter), 0);
	check_bare("at the second", enter, sizeof(enter), 4);
	check_bare("at the jump", enter, sizeof(enter), 8);
	check_bare("at the push", enter, sizeof(enter), 14);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		check_bare("leaving", leave, sizeof(leave), places[i]);
}

static void standing(void)
{
	struct unwind_walk w = walk_from(JIT + 0x40, 4, 10);

	begin();
	code[0x40 + 24] = 0x55; /* another function, too far away */
	code[0x40 + 25] = 0x48;
	code[0x40 + 26] = 0x89;
	code[0x40 + 27] = 0xe5;
	make_frame(10, OBJECT(FUNCTION), OBJECT(CONTEXT), 0);
	native_run(&w, &process);
	ok(native_frame(&w, 1) == right_word(), "a frame that stands is the function's own");
	code[0x40 + 8] = 0x55; /* nearer, as in code of other makers */
	code[0x40 + 9] = 0x48;
	code[0x40 + 10] = 0x89;
	code[0x40 + 11] = 0xe5;
	stack[11] = JIT + 0x81;
	w = walk_from(JIT + 0x40, 4, 10);
	w.js = (struct unwind_js){ 0 };
	native_run(&w, &process);
	ok(native_frame(&w, 1) == JIT + 0x80, "without V8 it is never taken for one to come");
}

/* Two words a frame; the border of a part may lie between them. */
static void deep(void)
{
	static const size_t counts[] = { 58, 59, 60, 117, 233, 234, 235 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		size_t count = counts[i], words = 2 * count, right = 0;
		const size_t max = (size_t)STACK_MAX_FRAMES;
		bool fits = words <= max;
		struct unwind_walk w;

		begin();
		for (size_t k = 0; k < count; k++)
			make_frame(10 + 4 * k, OBJECT(FUNCTION), OBJECT(CONTEXT),
				   k + 1 < count ? 14 + 4 * k : 0);
		w = walk_from(JIT + 0x40, 0, 10);
		native_run(&w, &process);
		for (size_t k = 0; k < words; k++)
			right += native_frame(&w, k) == (k % 2 ? right_word() : JIT + 0x40);
		is_int(right, fits ? words : max, "%zu frames: words", count);
		is_int(w.end, fits ? STACK_COMPLETE : STACK_TOO_DEEP, "%zu frames: end", count);
	}
}

static void hashes(void)
{
	struct unwind_walk a, b;

	begin();
	make_frame(10, OBJECT(FUNCTION), OBJECT(CONTEXT), 0);
	a = walk_from(JIT + 0x40, 0, 10);
	native_run(&a, &process);
	heap[SCRIPT + 8]++;
	b = walk_from(JIT + 0x40, 0, 10);
	native_run(&b, &process);
	ok(a.hash[0] != b.hash[0], "the same code for another function is another stack");
}

int main(void)
{
	what_is_a_function();
	unreadable();
	content_tells();
	no_v8();
	bare();
	standing();
	deep();
	hashes();
	return tap_done();
}
