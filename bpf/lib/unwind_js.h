/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose frame it is, in JavaScript: read from V8's frames while they are there, because its
 * collector moves functions and throws them away. Part of unwind_walk.h. Offsets are of
 * abi/unwind.h.
 *
 * A frame tells what it is by its words, and rbp tells the frame. What V8 makes has frame pointers;
 * its bytecode runs in few pieces of code, which serve all functions.
 */
#ifndef LIB_UNWIND_JS_H
#define LIB_UNWIND_JS_H

/* Bytes looked at around the interrupted instruction. */
#define UNWIND_JS_BEFORE 12
#define UNWIND_JS_WORDS	 5

/* 1 when the 4 bytes at @at of @code are @want. Without a branch: it is done often. */
static __always_inline __u64 unwind_js_has(const __u64 code[UNWIND_JS_WORDS], __u32 at, __u32 want)
{
	__u64 bytes = code[at / 8] >> (at % 8 * 8);

	if (at % 8 > 4)
		bytes |= code[at / 8 + 1] << (64 - at % 8 * 8);
	return ((__u64)((__u32)bytes ^ want) - 1) >> 63;
}

/*
 * V8's functions look whether they are still valid before they make a frame, up to 20 bytes of
 * code, and drop their arguments after it is gone, before they return: rbp is then their caller's.
 */
static __always_inline bool unwind_js_is_bare(const struct unwind_walk *w)
{
	const __u32 enter = 0xe5894855; /* push %rbp; mov %rsp, %rbp */
	const __u32 leave = 0x5de58b48; /* mov %rbp, %rsp; pop %rbp */
	__u64 code[UNWIND_JS_WORDS];
	__u64 is_bare;

	if (unwind_read(w, code, sizeof(code), w->pc - UNWIND_JS_BEFORE))
		return false;
	/* just left; behind the comparison of how many arguments there are; behind its jump */
	is_bare = unwind_js_has(code, UNWIND_JS_BEFORE - 4, leave) |
		  unwind_js_has(code, UNWIND_JS_BEFORE - 8, leave) |
		  unwind_js_has(code, UNWIND_JS_BEFORE - 10, leave);
	for (__u32 i = 1; i <= 20; i++)
		is_bare |= unwind_js_has(code, UNWIND_JS_BEFORE + i, enter);
	return is_bare;
}

static __always_inline bool unwind_js_is_object(__u64 word)
{
	return (word & 3) == 1;
}

/* Is it the Map of a JSFunction? They are few, and mostly that of the frame before. */
static __always_inline bool unwind_js_is_function_map(struct unwind_walk *w, __u64 map)
{
	__u16 type;

	if (!unwind_js_is_object(map))
		return false;
	if (map == w->js_map)
		return true;
	if (unwind_read(w, &type, sizeof(type), map - 1 + w->js.instance_type))
		return false;
	if (type < w->js.function_min || type > w->js.function_max)
		return false;
	w->js_map = map;
	return true;
}

/* A field of the object in js_words. */
static __always_inline __u64 unwind_js_field(const struct unwind_walk *w, __u16 offset)
{
	return w->js_words[offset / 8 & 7];
}

/* The number of @script: mostly it is that of the frame before. False: it cannot be read. */
static __always_inline bool unwind_js_find_script(struct unwind_walk *w, __u64 script)
{
	__u64 id = 0;

	if (script == w->js_script)
		return true;
	if (unwind_js_is_object(script) &&
	    unwind_read(w, &id, sizeof(id), script - 1 + w->js.script_id))
		return false;
	w->js_script = script;
	w->js_script_id = id;
	return true;
}

/* The word of abi/stacks.h for @shared, a SharedFunctionInfo if the function is what it says. */
static __always_inline __u64 unwind_js_word(struct unwind_walk *w, __u64 shared)
{
	__u64 name, script;

	if (!unwind_js_is_object(shared) || unwind_read(w, w->js_words, 48, shared - 1))
		return STACK_JS;
	name = unwind_js_field(w, w->js.name);
	script = unwind_js_field(w, w->js.script);
	if (!unwind_js_find_script(w, script))
		return STACK_JS;
	return stack_js_word(shared, name, script, w->js_script_id);
}

/*
 * What stands at the frame pointer, in one reading: the function, the context or what kind of frame
 * it is (both 0 when they are not there yet, or without V8), the caller's rbp, the return address.
 */
static __always_inline int unwind_js_read_frame(const struct unwind_walk *w, __u64 frame[4])
{
	if (w->js.shared && w->fp - 16 >= w->sp && unwind_read(w, frame, 32, w->fp - 16) == 0)
		return 0;
	frame[0] = frame[1] = 0;
	return unwind_read(w, frame + 2, 16, w->fp);
}

/* Tells of the frame just kept whose it is, when that is a JavaScript function. False: full. */
static __always_inline bool unwind_js_keep(struct unwind_walk *w, __u64 function, __u64 context)
{
	if (!unwind_js_is_object(function) || !unwind_js_is_object(context))
		return true;
	if (function != w->js_function) { /* else it calls itself */
		if (unwind_read(w, w->js_words, 40, function - 1) ||
		    !unwind_js_is_function_map(w, w->js_words[0]))
			return true;
		w->js_function = function;
		w->js_word = unwind_js_word(w, unwind_js_field(w, w->js.shared));
	}
	return unwind_keep(w, w->js_word);
}

#endif
