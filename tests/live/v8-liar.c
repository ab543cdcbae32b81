// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Pretends to be node 24 and lies about itself: its frames are those of JavaScript functions, and
 * what they lead to is cyclic, of the wrong type, unmapped, huge, or something else a moment later.
 * One function, "honest", is what it says, and calls all the others; by it one sees that the rest
 * was looked at.
 *
 *	v8-liar		says "ready PID", and then each lie in turn has the CPU, for ever
 */
#include "v8-liar.h"

#include <err.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HEAP_BYTES (64u << 20)
#define HUGE_BYTES (1ull << 30)
#define UNMAPPED   0x00007ead00000001ull
#define TURN_NS	   3000000
#define LIES_MAX   64

enum { /* instance types of the header */
       SEQ = 0x28,
       CONS = 0x29,
       EXTERNAL = 0x2a,
       SLICED = 0x2b,
       THIN = 0x2d,
       SCRIPT = 167,
       UNCOMPILED = 178,
       CODE = 187,
       STREAM = 192,
       WRAPPER = 195,
       TRUSTED_BYTES = 196,
       TRUSTED_ARRAY = 197,
       PROTECTED_ARRAY = 193,
       ARRAY = 205,
       SCOPE = 280,
       SHARED = 282,
       FUNCTION = 2065,
       TYPES = 2100
};

typedef uint64_t word;

static word *heap_at, *heap_end;
static word maps[TYPES];

struct lie {
	word function; /* in its frame */
	void (*run)(word context, word function, void (*next)(void *), void *arg);
};

static struct lie lies[LIES_MAX];
static size_t lie_count;

/* --- objects --------------------------------------------------------------------------------- */

static word smi(int64_t value)
{
	return (word)value << 32;
}

static word *fields(word object)
{
	return (word *)(object - 1);
}

static void *reserve(word bytes, int protection)
{
	void *at =
		mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		err(1, "mmap");
	return at;
}

static word raw_object(size_t words)
{
	word *at = heap_at;

	heap_at += words + words % 2;
	if (heap_at > heap_end)
		errx(1, "too many lies");
	return (word)at | 1;
}

static word map_of(int type)
{
	if (!maps[type]) {
		maps[type] = raw_object(10);
		fields(maps[type])[0] = maps[type];
		((uint16_t *)fields(maps[type]))[6] = (uint16_t)type;
	}
	return maps[type];
}

static word object(int type, size_t words)
{
	word made = raw_object(words);

	fields(made)[0] = map_of(type);
	return made;
}

static void set_length(word string, uint32_t length)
{
	((uint32_t *)fields(string))[3] = length;
}

static word text(const char *chars)
{
	word made = object(SEQ, 3 + strlen(chars) / 8);

	set_length(made, (uint32_t)strlen(chars));
	memcpy(fields(made) + 2, chars, strlen(chars));
	return made;
}

static word string_of(int type, uint32_t length, word first, word second)
{
	word made = object(type, 4);

	set_length(made, length);
	fields(made)[2] = first;
	fields(made)[3] = second;
	return made;
}

static word array_of(int type, int64_t length, size_t words)
{
	word made = object(type, 2 + words);

	fields(made)[1] = smi(length);
	return made;
}

static word script_of(word name, word source, word line_ends)
{
	word made = object(SCRIPT, 17);

	for (int i = 1; i < 17; i++)
		fields(made)[i] = smi(0);
	fields(made)[1] = source;
	fields(made)[2] = name;
	fields(made)[7] = line_ends;
	fields(made)[8] = smi(42);
	return made;
}

static word honest_script(void)
{
	return script_of(text("/liar/honest.js"), text("// 1\n// 2\nfunction honest() {}\n"),
			 smi(0));
}

static word uncompiled_at(int32_t start)
{
	word made = object(UNCOMPILED, 4);

	fields(made)[1] = text("");
	((int32_t *)fields(made))[4] = start;
	((int32_t *)fields(made))[5] = start + 5;
	return made;
}

static word shared_of(word name, word script, word data)
{
	word made = object(SHARED, 10);

	fields(made)[1] = data;
	fields(made)[2] = data;
	fields(made)[3] = name;
	fields(made)[5] = script;
	return made;
}

static word function_of(word shared)
{
	word made = object(FUNCTION, 8);

	fields(made)[4] = shared;
	return made;
}

/* --- code ------------------------------------------------------------------------------------ */

/* A frame as V8 makes it, which calls the third argument with the fourth. */
static const uint8_t frame_code[] = {
	0x55,			/* push %rbp */
	0x48, 0x89, 0xe5,	/* mov %rsp, %rbp */
	0x57,			/* push %rdi: the context */
	0x56,			/* push %rsi: the function */
	0x6a, 0x00,		/* push $0: how many arguments */
	0x6a, 0x00, 0x6a, 0x00, /* push $0 twice: bytecode, and where in it */
	0x50,			/* push %rax: rsp is aligned */
	0x48, 0x89, 0xcf,	/* mov %rcx, %rdi */
	0xff, 0xd2,		/* call *%rdx */
	0xc9, 0xc3,		/* leave; ret */
};

/* Code that runs, in an object of its own; what that says of itself is @code. */
static void add_lie_in(word function, word code)
{
	word *stream = reserve(4096, PROT_READ | PROT_WRITE | PROT_EXEC);

	if (lie_count == LIES_MAX)
		errx(1, "more than %d lies", LIES_MAX);
	stream[0] = map_of(STREAM);
	stream[1] = code;
	memcpy(stream + 4, frame_code, sizeof(frame_code));
	if ((code & 3) == 1 && code != UNMAPPED && fields(code)[5] == 0)
		fields(code)[5] = (word)(stream + 4);
	lies[lie_count++] = (struct lie){ function, (void *)(stream + 4) };
}

static word code_of(uint32_t kind, word deopt, word positions)
{
	word made = object(CODE, 12);

	fields(made)[1] = deopt;
	fields(made)[2] = positions;
	((uint32_t *)fields(made))[13] = kind;
	((int32_t *)fields(made))[14] = sizeof(frame_code);
	return made;
}

static void add_lie(word function)
{
	add_lie_in(function, code_of(12, smi(0), smi(0)));
}

static void add_name(word name)
{
	add_lie(function_of(shared_of(name, honest_script(), uncompiled_at(10))));
}

static void add_script(word script)
{
	add_lie(function_of(shared_of(text("in_a_lie"), script, uncompiled_at(10))));
}

/* --- lies ------------------------------------------------------------------------------------ */

static word huge(int type, uint32_t length)
{
	word *at = reserve(HUGE_BYTES + 4096, PROT_READ | PROT_WRITE);

	at[0] = map_of(type);
	if (type < 128)
		((uint32_t *)at)[3] = length;
	else
		at[1] = smi(length);
	return (word)at | 1;
}

static word cyclic(int type)
{
	word made = string_of(type, 1u << 20, 0, 0);

	fields(made)[2] = fields(made)[3] = made;
	if (type == SLICED)
		fields(made)[3] = smi(1);
	return made;
}

/* A tree that has 2^40 leaves, of 41 objects. */
static word exponential(void)
{
	word made = text("x");

	for (int i = 0; i < 40; i++)
		made = string_of(CONS, 1u << (i < 28 ? i + 1 : 28), made, made);
	return made;
}

/* Nested in its first part, then in its second, and no end of it. */
static word deep(int type, bool is_second)
{
	word made = text("deep");

	for (int i = 0; i < 100000; i++)
		made = is_second ? string_of(type, 1000, text(""), made)
				 : string_of(type, 1000, made, type == SLICED ? smi(0) : text(""));
	return made;
}

static void lie_in_names(void)
{
	word two = text("changes");

	for (int type = CONS; type <= THIN; type++) {
		if (type == CONS || type == SLICED || type == THIN)
			add_name(cyclic(type));
	}
	add_name(exponential());
	add_name(deep(CONS, false));
	add_name(deep(CONS, true));
	add_name(deep(SLICED, false));
	add_name(huge(SEQ, 1u << 30));
	add_name(string_of(SEQ, UINT32_MAX, 0, 0));
	add_name(string_of(SLICED, 10, text("short"), smi(INT32_MAX)));
	add_name(string_of(SLICED, 10, text("short"), smi(-5)));
	add_name(string_of(EXTERNAL, 10, UNMAPPED, UNMAPPED));
	add_name(UNMAPPED);
	add_name(1); /* the object at 0 */
	add_name((word)-1);
	add_name((word)heap_end - 7); /* of which one word is there */
	add_name(honest_script());
	add_name(map_of(SEQ));
	add_name(text("\033[2Jnot\nfor\ra terminal\x9b\x01"));
	/* of another type a moment later: main changes it */
	add_name(two);
}

static word scope_of(int64_t locals, size_t words)
{
	word made = object(SCOPE, 6 + words);

	fields(made)[1] = smi(-1);
	fields(made)[3] = smi(locals);
	fields(made)[4] = smi(5);
	fields(made)[5] = smi(3); /* ends before it starts */
	return made;
}

static void lie_in_scopes(void)
{
	static const int64_t locals[] = { 0, 1, 74, 75, 76, 1000000, INT32_MAX, -1, INT32_MIN };

	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++) {
		word scope = scope_of(locals[i], 400);

		for (int slot = 6; slot < 400; slot++)
			fields(scope)[slot] = scope;
		add_name(scope);
	}
	add_name(scope_of(0, 0));
}

static void lie_in_scripts(void)
{
	word ends = huge(ARRAY, INT32_MAX), name = text("/liar/x.js"), source = text("source");
	word shared;

	for (int i = 0; i < 100000; i++)
		fields(ends)[2 + i] = smi(i % 2 ? INT32_MAX : -i);
	add_script(script_of(name, source, ends));
	add_script(script_of(name, huge(SEQ, 1u << 30), smi(0)));
	add_script(script_of(cyclic(CONS), cyclic(CONS), smi(0)));
	add_script(script_of(name, deep(CONS, true), array_of(ARRAY, INT32_MIN, 4)));
	add_script(script_of(UNMAPPED, UNMAPPED, UNMAPPED));
	add_script(script_of(huge(SEQ, 1u << 30), source, smi(0)));
	add_script(UNMAPPED);
	add_script(text("no script"));
	for (int32_t start = -1; start <= INT32_MAX - 1000000000; start += 1000000000)
		add_lie(function_of(shared_of(text("far"), script_of(name, source, ends),
					      uncompiled_at(start))));
	shared = shared_of(text("own script"), 0, 0);
	fields(shared)[1] = fields(shared)[5] = shared;
	add_lie(function_of(shared));
}

static void lie_in_functions(void)
{
	word function = object(FUNCTION, 8);

	fields(function)[4] = function;
	add_lie(function); /* its own SharedFunctionInfo */
	add_lie(function_of(UNMAPPED));
	add_lie(function_of(text("no function")));
	add_lie(UNMAPPED);
	add_lie((word)-1);
	add_lie(object(SHARED, 8));
}

/* Code that says how its functions are inlined into each other: in a circle, and a billion of them.
 */
static word deopt_of(int64_t inlined, int64_t positions)
{
	word deopt = array_of(PROTECTED_ARRAY, INT32_MAX, 20),
	     literals = array_of(TRUSTED_ARRAY, inlined, 20);
	word inlinings = array_of(TRUSTED_BYTES, positions, 40);

	for (int i = 2; i < 20; i++)
		fields(deopt)[i] = deopt;
	for (int i = 2; i < 20; i++)
		fields(literals)[i] =
			shared_of(text("inlined"), honest_script(), uncompiled_at(10));
	memset(fields(inlinings) + 2, 0x5a, 320);
	for (int i = 0; i < 40; i += 2) {
		fields(inlinings)[2 + i] = (word)(i / 2 + 2)
					   << 31; /* called from the one behind it */
		fields(inlinings)[3 + i] = (word)i;
	}
	fields(deopt)[2 + 1] = smi(inlined);
	fields(deopt)[2 + 3] = literals;
	fields(deopt)[2 + 7] = fields(literals)[2];
	fields(deopt)[2 + 8] = inlinings;
	return deopt;
}

static void lie_in_code(void)
{
	static const int64_t lengths[] = { 18, 1 << 20, INT32_MAX, -1 };
	word function = function_of(shared_of(text("inlines"), honest_script(), uncompiled_at(10)));
	word endless = huge(TRUSTED_BYTES, INT32_MAX), positions = array_of(TRUSTED_BYTES, 256, 40),
	     big;

	memset(fields(endless) + 2, 0xff, 1u << 20); /* one number that does not end */
	for (int i = 0; i < 256; i++) /* at each byte of code another inlined function */
		((uint8_t *)(fields(positions) + 2))[i] = i % 2 ? 0x06 : 0x02;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		word deopt = deopt_of(lengths[i], lengths[i]);

		add_lie_in(function, code_of(12, deopt, positions));
		add_lie_in(function, code_of(12, deopt, endless));
	}
	add_lie_in(function, code_of(12, UNMAPPED, UNMAPPED));
	add_lie_in(function, UNMAPPED);
	big = code_of(11, smi(0), smi(0));
	((int32_t *)fields(big))[14] = INT32_MAX;
	add_lie_in(function, big);
}

/* --- its stacks ------------------------------------------------------------------------------ */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static __attribute__((noinline)) void burn(void *arg)
{
	uint64_t end = now_ns() + TURN_NS;

	while (now_ns() < end)
		;
	__asm__ volatile("" ::"r"(arg));
}

/* What the honest function calls. */
static __attribute__((noinline)) void call_lie(void *arg)
{
	const struct lie *lie = arg;

	lie->run(lie->function, lie->function, burn, NULL);
	__asm__ volatile("" ::"r"(arg));
}

/* Turns the words of an object into others and back, all the time. */
static void *change(void *arg)
{
	word *at = arg, kept[4];

	memcpy(kept, at, sizeof(kept));
	for (unsigned i = 0;; i++) {
		at[0] = i % 3 ? kept[0] : map_of(CONS);
		at[1] = i % 5 ? kept[1] : ~0ull;
		at[2] = i % 7 ? kept[2] : (word)at | 1;
		at[3] = i % 2 ? kept[3] : (word)at | 1;
		usleep(100);
	}
	return NULL;
}

int main(void)
{
	word changing;
	pthread_t thread;

	heap_at = reserve(HEAP_BYTES, PROT_READ | PROT_WRITE);
	heap_end = heap_at + HEAP_BYTES / sizeof(word) - 1;
	add_name(text("honest"));
	lie_in_names();
	changing = fields(fields(lies[lie_count - 1].function)[4])[3];
	lie_in_scopes();
	lie_in_scripts();
	lie_in_functions();
	lie_in_code();
	if (pthread_create(&thread, NULL, change, fields(changing)))
		errx(1, "no thread");
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	for (size_t i = 1;; i = i % (lie_count - 1) + 1)
		lies[0].run(lies[0].function, lies[0].function, call_lie, &lies[i]);
}
