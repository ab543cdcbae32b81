// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Functions in a heap made by hand: named in all ways, and replaced by others where they lie. */
#include "symbol/v8_function.h"

#include "tap.h"
#include "v8_heap.h"

/* Flags of a ScopeInfo, as node 24 has them. */
enum {
	KIND_SCRIPT = 0,
	KIND_EVAL = 3,
	KIND_FUNCTION = 4,
	KIND_MODULE = 5,
	HAS_CLASS_VARIABLE = 1 << 10,
	HAS_NAME = 3 << 12,
	HAS_INFERRED_NAME = 1 << 14
};

struct fixture {
	struct v8_heap heap;
	struct strings texts;
	struct v8_functions functions;
	uint64_t undefined;
};

struct scope {
	uint32_t flags;
	int32_t local_count;
	int32_t start;
	uint64_t name, inferred_name;
};

static uint64_t make_scope(struct v8_heap *h, const struct scope *s)
{
	bool is_named = s->local_count < 75;
	int32_t honest = s->local_count >= 0 && s->local_count < 1000 ? s->local_count : 0;
	size_t slots = 16 + 2 * (size_t)honest;
	uint64_t word = v8_heap_object(h, h->image.offsets.type_scope, 8 * slots);
	int32_t at = 8 * 6;

	v8_heap_set(h, word, 8, s->flags);
	v8_heap_set(h, word, 24, v8_heap_smi(s->local_count));
	v8_heap_set(h, word, 32, v8_heap_smi(s->start));
	at += (s->flags & 15) == KIND_MODULE ? 8 : 0;
	for (int32_t i = 0; is_named && i < honest; i++, at += 8)
		v8_heap_set(h, word, at, v8_heap_text(h, "local"));
	at += is_named ? 0 : 8;
	for (int32_t i = 0; i < honest; i++, at += 8)
		v8_heap_set(h, word, at, v8_heap_smi(7));
	at += s->flags & HAS_CLASS_VARIABLE ? 8 : 0;
	if (s->flags & HAS_NAME) {
		v8_heap_set(h, word, at, s->name);
		at += 16;
	}
	if (s->flags & HAS_INFERRED_NAME)
		v8_heap_set(h, word, at, s->inferred_name);
	return word;
}

static uint64_t make_script(struct fixture *f, int32_t id, uint64_t name, uint64_t source)
{
	struct v8_heap *h = &f->heap;
	uint64_t word = v8_heap_object(h, h->image.offsets.type_script, 136);

	v8_heap_set(h, word, 8, source);
	v8_heap_set(h, word, 16, name);
	v8_heap_set(h, word, 64, v8_heap_smi(id));
	v8_heap_set(h, word, 112, f->undefined);
	return word;
}

static uint64_t make_shared(struct v8_heap *h, uint64_t name, uint64_t script)
{
	uint64_t word = v8_heap_object(h, h->image.offsets.type_shared, 72);

	v8_heap_set(h, word, 16, v8_heap_smi(-1));
	v8_heap_set(h, word, 24, name);
	v8_heap_set(h, word, 40, script);
	return word;
}

static void check(struct fixture *f, uint64_t shared, const char *want)
{
	struct v8_function function = { 0 };
	char got[TEXT_MAX * 2 + 64];
	int err;

	v8_memory_begin(&f->heap.memory);
	err = v8_function_find(&f->functions, shared, &function);
	if (err)
		(void)snprintf(got, sizeof(got), "%s", v8_reason_text((enum v8_reason)err));
	else
		(void)snprintf(got, sizeof(got), "%s (%s:%u:%u)%s", function.name, function.file,
			       function.line, function.column,
			       function.is_builtin ? " builtin" : "");
	is_text(got, want, "%s", want);
}

#define SOURCE "one\ntwo three\nfour\n"

static void test_names(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	uint64_t empty = v8_heap_text(h, ""), name = v8_heap_text(h, "name");
	uint64_t inferred = v8_heap_text(h, "o.inferred");
	uint64_t script = make_script(f, 1, v8_heap_text(h, "/a.js"), v8_heap_text(h, SOURCE));
	const uint32_t both = KIND_FUNCTION | HAS_NAME | HAS_INFERRED_NAME;
	const struct {
		struct scope scope;
		const char *want;
	} cases[] = {
		{ { both, 0, 4, name, f->undefined }, "name (/a.js:2:1)" },
		{ { both, 3, 8, name, f->undefined }, "name (/a.js:2:5)" },
		{ { both, 74, 14, name, f->undefined }, "name (/a.js:3:1)" },
		{ { both, 75, 0, name, f->undefined }, "name (/a.js:1:1)" },
		{ { both, 500, 0, name, f->undefined }, "name (/a.js:1:1)" },
		{ { both | HAS_CLASS_VARIABLE, 2, 3, name, inferred }, "name (/a.js:1:4)" },
		{ { both, 1, 0, empty, inferred }, "o.inferred (/a.js:1:1)" },
		{ { both, 1, 0, 0, inferred }, "o.inferred (/a.js:1:1)" },
		{ { both, 1, 0, empty, f->undefined }, "(anonymous) (/a.js:1:1)" },
		{ { KIND_FUNCTION, 1, 19, 0, 0 }, "(anonymous) (/a.js:4:1)" },
		{ { KIND_FUNCTION, 1, 20, 0, 0 }, "(anonymous) (/a.js:0:0)" },
		{ { KIND_FUNCTION, 1, -1, 0, 0 }, "(anonymous) (/a.js:0:0)" },
		{ { KIND_SCRIPT | HAS_NAME, 0, 0, empty, 0 }, "(top level) (/a.js:1:1)" },
		{ { KIND_EVAL | HAS_NAME, 0, 0, empty, 0 }, "(top level) (/a.js:1:1)" },
		{ { KIND_MODULE | HAS_NAME, 3, 0, name, 0 }, "name (/a.js:1:1)" },
		{ { both, -1, 0, name, 0 }, "an object is of another kind than it should be" },
		{ { both, 1 << 20, 0, name, 0 }, "an object is of another kind than it should be" },
		{ { both, 0, 0, script, 0 }, "an object is of another kind than it should be" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(f, make_shared(h, make_scope(h, &cases[i].scope), script), cases[i].want);
	check(f, make_shared(h, script, script), "an object is of another kind than it should be");
	check(f, make_shared(h, HEAP_BASE + HEAP_BYTES + 1, script), "memory is not mapped");
	check(f, script, "an object is of another kind than it should be");
	check(f, v8_heap_smi(1), "an object is of another kind than it should be");
}

static void test_without_scope(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	uint64_t script = make_script(f, 2, f->undefined, v8_heap_text(h, SOURCE));
	uint64_t name = v8_heap_text(h, "name");
	uint64_t uncompiled = v8_heap_object(h, h->image.offsets.type_uncompiled_first, 32);
	uint64_t debug = v8_heap_object(h, h->image.offsets.type_debug_info, 64);
	uint64_t shared = make_shared(h, name, script);

	check(f, shared, "name (:0:0)");
	shared = make_shared(h, name, script);
	v8_heap_set(h, shared, 8, uncompiled);
	v8_heap_set(h, uncompiled, 8, v8_heap_text(h, "inferred"));
	v8_heap_set(h, uncompiled, 16, 5);
	check(f, shared, "name (:2:2)");
	shared = make_shared(h, v8_heap_smi(0), script);
	v8_heap_set(h, shared, 8, uncompiled);
	check(f, shared, "inferred (:2:2)");
	shared = make_shared(h, name, f->undefined);
	v8_heap_set(h, shared, 16, v8_heap_smi(1117));
	check(f, shared, "name (:0:0) builtin");
	v8_heap_set(h, debug, 24, script);
	shared = make_shared(h, name, debug);
	v8_heap_set(h, shared, 8, uncompiled);
	check(f, shared, "name (:2:2)");
	check(f, shared, "name (:2:2)");
	v8_heap_set(h, debug, 24, debug);
	shared = make_shared(h, name, debug);
	check(f, shared, "name (:0:0)");
}

/* The collector moved or freed something, and something else lies where it was. */
static void test_replaced(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	struct scope scope = { KIND_FUNCTION | HAS_NAME, 0, 4, v8_heap_text(h, "first"), 0 };
	uint64_t script = make_script(f, 3, v8_heap_text(h, "/b.js"), v8_heap_text(h, SOURCE));
	uint64_t scope_word = make_scope(h, &scope);
	uint64_t shared = make_shared(h, scope_word, script);

	check(f, shared, "first (/b.js:2:1)");
	scope.name = v8_heap_text(h, "second");
	v8_heap_set(h, shared, 24, make_scope(h, &scope));
	check(f, shared, "second (/b.js:2:1)");
	/* All at the same places, but of another script. */
	v8_heap_set(h, script, 64, v8_heap_smi(4));
	v8_heap_set(h, script, 8, v8_heap_text(h, "one two three\n"));
	scope.start = 4;
	memcpy(h->bytes + (scope.name - 1 - HEAP_BASE) + 16, "third!", 6);
	check(f, shared, "third! (/b.js:1:5)");
	v8_heap_set(h, script, 16, v8_heap_text(h, "/c.js"));
	check(f, shared, "third! (/c.js:1:5)");
	v8_heap_set(h, script, 112, v8_heap_text(h, "named.ts"));
	v8_heap_set(h, script, 64, v8_heap_smi(5));
	check(f, shared, "third! (named.ts:1:5)");
	v8_heap_set(h, script, 24, v8_heap_smi(10));
	v8_heap_set(h, script, 32, v8_heap_smi(100));
	v8_heap_set(h, script, 64, v8_heap_smi(6));
	check(f, shared, "third! (named.ts:11:105)");
	v8_heap_set(h, shared, 0, HEAP_BASE + HEAP_BYTES + 1);
	check(f, shared, "memory is not mapped");
}

static void test_kept(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	struct scope scope = { KIND_FUNCTION | HAS_NAME, 0, 4, v8_heap_text(h, "kept"), 0 };
	uint64_t script = make_script(f, 9, v8_heap_text(h, "/k.js"), v8_heap_text(h, SOURCE));
	uint64_t shared = make_shared(h, make_scope(h, &scope), script);
	uint64_t reads;

	check(f, shared, "kept (/k.js:2:1)");
	reads = h->counts.read_count;
	check(f, shared, "kept (/k.js:2:1)");
	ok(h->counts.read_count - reads <= 4, "what is kept takes %llu reads",
	   (unsigned long long)(h->counts.read_count - reads));
}

/* A source that cannot be read to its end is read a few times only. */
static void test_source_out_of_reach(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	uint64_t source = v8_heap_text(h, SOURCE), before = 0;
	uint64_t script = make_script(f, 20, v8_heap_text(h, "/o.js"), source);
	struct scope scope = { KIND_FUNCTION | HAS_NAME, 0, 4, v8_heap_text(h, "far"), 0 };

	v8_heap_set_length(h, source, V8_MAX_SOURCE_CHARS);
	for (int i = 0; i <= V8_MAX_ATTEMPTS; i++) {
		before = h->counts.read_bytes;
		check(f, make_shared(h, make_scope(h, &scope), script), "far (/o.js:0:0)");
	}
	ok(h->counts.read_bytes - before < 65536, "the last of them reads %llu bytes",
	   (unsigned long long)(h->counts.read_bytes - before));
}

static void test_full(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	uint64_t script = make_script(f, 10, v8_heap_text(h, "/f.js"), v8_heap_text(h, SOURCE));
	uint64_t shared = make_shared(h, v8_heap_text(h, "same"), script);

	ok(!v8_functions_are_full(&f->functions), "there is room");
	f->functions.scripts.line_count += V8_MAX_KEPT_LINES;
	ok(v8_functions_are_full(&f->functions), "until too many lines are kept");
	v8_functions_done(&f->functions);
	ok(!v8_functions_are_full(&f->functions), "forgotten, there is room again");
	check(f, shared, "same (/f.js:0:0)");
}

int main(void)
{
	static struct fixture f;

	v8_heap_init(&f.heap);
	f.undefined = v8_heap_object(&f.heap, 131, 32);
	f.functions.scripts.memory = &f.heap.memory;
	f.functions.scripts.texts = &f.texts;
	test_names(&f);
	test_without_scope(&f);
	test_replaced(&f);
	test_kept(&f);
	test_source_out_of_reach(&f);
	test_full(&f);
	v8_functions_done(&f.functions);
	strings_done(&f.texts);
	return tap_done();
}
