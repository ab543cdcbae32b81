// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whom to name: stacks of allocations as node has them, leaf first. */
#include "profile/frame_owner.h"

#include "tap.h"

#define SCRIPT(f, where)                                                                           \
	{                                                                                          \
		.function = (f), .module = "[jit]", .file = (where), .kind = FRAME_JIT             \
	}
#define NATIVE(f)                                                                                  \
	{                                                                                          \
		.function = (f), .module = "node", .file = ""                                      \
	}
#define V8_PART                                                                                    \
	NATIVE("std::_Function_handler<void* (unsigned long)>::_M_invoke"),                        \
		NATIVE("v8::internal::BackingStore::Allocate(v8::internal::Isolate*)")
#define DEPTH 8

static const struct {
	const char *what;
	struct frame frames[DEPTH]; /* up to one without a module */
	size_t want;
} cases[] = {
	{ "the program's function, not Buffer.alloc, which it called",
	  { V8_PART, SCRIPT("FastBuffer", "node:internal/buffer"), SCRIPT("alloc", "node:buffer"),
	    SCRIPT("thumbnail", "/srv/app.js"), SCRIPT("main", "/srv/app.js") },
	  4 },
	{ "a package's function is the program's own",
	  { V8_PART, SCRIPT("concat", "node:buffer"),
	    SCRIPT("read", "/srv/node_modules/busboy/lib/parser.js"),
	    SCRIPT("main", "/srv/app.js") },
	  3 },
	{ "a module by its URL", { V8_PART, SCRIPT("load", "file:///srv/app.mjs") }, 2 },
	{ "node's own where there is none, but for its module buffer",
	  { V8_PART, SCRIPT("allocUnsafeSlow", "node:buffer"),
	    SCRIPT("readFileAfterStat", "node:fs"), SCRIPT("onend", "node:internal/streams") },
	  3 },
	{ "the module buffer where there is nothing else",
	  { V8_PART, SCRIPT("createPool", "node:buffer"), NATIVE("node::Start") },
	  2 },
	{ "a script without a name", { V8_PART, SCRIPT("[js]", ""), NATIVE("node::Start") }, 2 },
	{ "what called V8, where no script did",
	  { V8_PART, NATIVE("Builtins_JSEntry"),
	    NATIVE("node::EmitToJSStreamListener::OnStreamAlloc(unsigned long)"),
	    NATIVE("uv_run") },
	  3 },
	{ "native code without a name is nobody", { V8_PART, NATIVE("") }, 3 },
	{ "nothing but V8", { V8_PART }, 2 },
	{ "no frame", { { 0 } }, 0 },
};

static void test_maker(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t depth = 0;

		while (depth < DEPTH && cases[i].frames[depth].module)
			depth++;
		is_int(frame_of_buffer_maker(cases[i].frames, depth), cases[i].want, "%s",
		       cases[i].what);
	}
}

static void test_own_script(void)
{
	static const struct frame own = SCRIPT("load", "/srv/a.js"),
				  node = SCRIPT("read", "node:fs"),
				  regexp = SCRIPT("RegExp:^a+$", ""), unnamed = SCRIPT("[js]", ""),
				  native = NATIVE("uv_run");

	ok(frame_is_own_script(&own), "a script of the program's");
	ok(frame_is_own_script(&regexp), "a regular expression");
	ok(!frame_is_own_script(&node), "not node's");
	ok(!frame_is_own_script(&unnamed), "not one that is not known");
	ok(!frame_is_own_script(&native), "not native code");
}

int main(void)
{
	test_maker();
	test_own_script();
	return tap_done();
}
