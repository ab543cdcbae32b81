// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Places of code in a heap made by hand: whose they are, in which tier, or why that is not known.
 */
#include "symbol/v8.h"

#include "base/scope.h"
#include "tap.h"
#include "v8_frames.h"
#include "v8_heap.h"

enum { KIND_OTHER = 1, KIND_BUILTIN = 2, KIND_REGEXP = 3, KIND_WASM = 4, KIND_BASELINE = 10 };

#define BLOB 0x5000ul

static struct v8_builtin builtins[] = {
	{ BLOB, 0x100, "InterpreterEntryTrampoline" },
	{ BLOB + 0x100, 0x100, "LdaZeroHandler" },
	{ BLOB + 0x200, 0x100, "LoadIC" },
	{ BLOB + 0x300, 0x100, "ArrayMap" },
};

struct fixture {
	struct v8_heap heap;
	struct v8_layout layout;
	struct v8 *v8;
	uint64_t stream_map;
};

struct code {
	uint64_t word, start;
};

static struct code make_code(struct fixture *f, uint32_t kind)
{
	struct v8_heap *h = &f->heap;
	struct code code = { .word = v8_heap_object(h, h->image.offsets.type_code, 96) };
	uint64_t stream;

	if (!f->stream_map) {
		uint64_t first = v8_heap_object(h, h->image.offsets.type_stream, 16);

		memcpy(&f->stream_map, h->bytes + (first - 1 - HEAP_BASE), 8);
	}
	h->used = ((h->used + 63) & ~63ul) + 32;
	stream = v8_heap_room(h, 512);
	v8_heap_set(h, stream, 0, f->stream_map);
	v8_heap_set(h, stream, 8, code.word);
	code.start = stream - 1 + 32;
	v8_heap_set(h, code.word, 40, code.start);
	v8_heap_set(h, code.word, 48, (uint64_t)kind << 32);
	v8_heap_set(h, code.word, 56, 256);
	return code;
}

/* A function without script. */
static uint64_t make_function(struct fixture *f, const char *name, uint64_t data)
{
	struct v8_heap *h = &f->heap;
	uint64_t word = v8_heap_object(h, h->image.offsets.type_shared, 72);

	v8_heap_set(h, word, 8, data);
	v8_heap_set(h, word, 16, v8_heap_smi(-1));
	v8_heap_set(h, word, 24, v8_heap_text(h, name));
	v8_heap_set(h, word, 40, v8_heap_smi(0));
	return word;
}

static void check(struct fixture *f, struct v8_place place, const char *want)
{
	_release_(freep) char *got = NULL;
	size_t len;
	FILE *to = open_memstream(&got, &len);
	struct v8_frames frames;

	must(to && !v8_decode(f->v8, &place, &frames));
	v8_frames_print(&frames, to);
	must(!fclose(to) && len > 2);
	got[len - 2] = '\0'; /* the last two ends of lines */
	for (char *end = got; (end = strchr(end, '\n'));)
		*end = ',';
	is_text(got, want, "%s", want);
}

static struct v8_place leaf(const struct code *code, uint64_t shared)
{
	return (struct v8_place){ .pc = code->start + 8, .shared = shared };
}

static struct v8_place call(const struct code *code, uint64_t shared)
{
	return (struct v8_place){ .pc = code->start + 8, .shared = shared, .is_return = true };
}

static void test_baseline(struct fixture *f)
{
	struct code code = make_code(f, KIND_BASELINE);
	uint64_t own = make_function(f, "own", code.word);
	uint64_t caller = make_function(f, "caller", v8_heap_smi(0));

	check(f, leaf(&code, 0), "baseline [js] (:0:0) no function is known");
	check(f, leaf(&code, caller), "baseline [js] (:0:0) the function was just being entered");
	check(f, leaf(&code, own), "baseline own (:0:0)");
	check(f, leaf(&code, caller), "baseline own (:0:0)");
	check(f, leaf(&code, 0), "baseline own (:0:0)");
	check(f, call(&code, own), "baseline own (:0:0)");
	/* It has other code by now. */
	v8_heap_set(&f->heap, own, 8, v8_heap_smi(0));
	check(f, call(&code, own), "baseline own (:0:0)");
	check(f, leaf(&code, caller), "baseline [js] (:0:0) the function was just being entered");
	check(f, leaf(&code, HEAP_BASE - 0xfff), "baseline [js] (:0:0) memory is not mapped");
}

static void test_interpreter_copy(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	struct code code = make_code(f, KIND_BUILTIN);
	uint64_t data = v8_heap_object(h, h->image.offsets.type_interpreter_data, 32);
	uint64_t own = make_function(f, "own", data);
	uint64_t caller = make_function(f, "caller", v8_heap_smi(0));

	v8_heap_set(h, data, 16, code.word);
	check(f, leaf(&code, caller),
	      "interpreted [js] (:0:0) the function was just being entered");
	check(f, leaf(&code, own), "interpreted own (:0:0)");
	check(f, leaf(&code, caller), "interpreted own (:0:0)");
	check(f, call(&code, own), "interpreted own (:0:0)");
}

static void test_kinds(struct fixture *f)
{
	struct code regexp = make_code(f, KIND_REGEXP), wasm = make_code(f, KIND_WASM);
	struct code other = make_code(f, KIND_OTHER), nothing = { 0, HEAP_BASE + 64 };
	uint64_t function = make_function(f, "f", v8_heap_smi(0));

	check(f, leaf(&regexp, 0), "unknown [regexp] (:0:0)");
	check(f, leaf(&wasm, 0), "unknown [wasm] (:0:0)");
	check(f, leaf(&other, function), "unknown f (:0:0)");
	check(f, leaf(&nothing, function), "unknown f (:0:0)");
	check(f, leaf(&nothing, 0), "unknown [js] (:0:0) no code of V8's is there");
}

static struct v8_place builtin(uint64_t offset, uint64_t shared, bool is_return)
{
	return (struct v8_place){ 0x1234, BLOB + offset, shared, is_return };
}

static void test_builtins(struct fixture *f)
{
	uint64_t function = make_function(f, "f", v8_heap_smi(0));
	uint64_t map = make_function(f, "map", v8_heap_smi(0));
	uint64_t broken = make_function(f, "b", v8_heap_smi(0));

	v8_heap_set(&f->heap, map, 16, v8_heap_smi(1000));
	v8_heap_set(&f->heap, broken, 0, v8_heap_smi(1));
	check(f, builtin(0x50, function, true), "interpreted f (:0:0)");
	check(f, builtin(0x150, function, false), "interpreted f (:0:0)");
	check(f, builtin(0x150, 0, false), "builtin LdaZeroHandler (:0:0)");
	check(f, builtin(0x250, function, false), "builtin LoadIC (:0:0),unknown f (:0:0)");
	check(f, builtin(0x250, 0, true), "builtin LoadIC (:0:0)");
	check(f, builtin(0x350, map, true), "builtin ArrayMap (:0:0)");
	check(f, builtin(0x450, 0, true), "builtin [builtin] (:0:0)");
	check(f, builtin(0x50, broken, true),
	      "interpreted [js] (:0:0) an object is of another kind than it should be");
	f->layout.builtin_count = 0; /* a stripped file */
	check(f, builtin(0x50, function, true), "interpreted f (:0:0)");
	check(f, builtin(0x50, function, false), "unknown f (:0:0)");
	check(f, builtin(0x350, map, true), "builtin map (:0:0)");
	check(f, builtin(0x50, broken, true),
	      "unknown [js] (:0:0) an object is of another kind than it should be");
	f->layout.builtin_count = 4;
}

/* More functions than are kept: all are forgotten at once, and named anew. */
static void test_many(struct fixture *f)
{
	struct code nothing = { 0, HEAP_BASE + 64 };
	bool is_fine = true;
	size_t used = f->heap.used;

	for (int i = 0; i < 20000 && is_fine; i++) {
		char name[32], want[64];
		struct v8_frames frames;
		struct v8_place place;

		(void)snprintf(name, sizeof(name), "function_%d", i);
		(void)snprintf(want, sizeof(want), "%s", name);
		f->heap.used = used; /* the next one lies where this one was */
		place = leaf(&nothing, make_function(f, name, v8_heap_smi(0)));
		/* Its name is another object, as V8's would be. */
		v8_heap_set(&f->heap, place.shared, 40, v8_heap_smi(i));
		is_fine = !v8_decode(f->v8, &place, &frames) &&
			  strcmp(frames.at[0].function, want) == 0;
	}
	ok(is_fine, "20,000 functions, each where the last one was, are called by their names");
	v8_forget(f->v8);
	test_kinds(f);
}

static void test_words(void)
{
	is_text(v8_tier_name(V8_TIER_TURBOFAN), "turbofan", "a tier's name");
	is_text(v8_tier_name(V8_TIERS), "unknown", "of none");
	is_text(v8_reason_text(V8_REASONS), "", "no reason");
	v8_free(NULL);
}

int main(void)
{
	static struct fixture f;

	v8_heap_init(&f.heap);
	f.heap.used = 8192;
	f.layout = f.heap.image.layout;
	f.layout.builtins = builtins;
	f.layout.builtin_count = 4;
	f.layout.builtins_start = BLOB;
	f.layout.builtins_end = BLOB + 0x400;
	f.v8 = v8_new(&f.layout, (struct v8_reader){ v8_heap_read, &f.heap });
	must(f.v8);
	test_baseline(&f);
	test_interpreter_copy(&f);
	test_kinds(&f);
	test_builtins(&f);
	test_many(&f);
	test_words();
	v8_free(f.v8);
	return tap_done();
}
