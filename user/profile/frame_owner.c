// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Told by what files and functions are called. */
#include "profile/frame_owner.h"

#include <string.h>

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

bool frame_is_own_script(const struct frame *f)
{
	return f->kind == FRAME_JIT && ((f->file[0] && !starts_with(f->file, "node:")) ||
					starts_with(f->function, "RegExp:"));
}

/* Buffer.alloc() and its like: asked to, on behalf of a caller. */
static bool is_buffer_module(const struct frame *f)
{
	return strcmp(f->file, "node:buffer") == 0 || strcmp(f->file, "node:internal/buffer") == 0;
}

static bool is_node_script(const struct frame *f)
{
	return f->kind == FRAME_JIT && f->file[0] && !is_buffer_module(f);
}

/* Also one whose name could not be read. */
static bool is_script(const struct frame *f)
{
	return f->kind == FRAME_JIT;
}

/* Not V8, nor what the C++ library has between V8 and its callbacks. */
static bool is_caller_of_v8(const struct frame *f)
{
	static const char *const inside[] = { "v8::", "std::", "Builtins_" };

	if (f->kind != FRAME_NATIVE || !f->function[0])
		return false;
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		if (starts_with(f->function, inside[i]))
			return false;
	return true;
}

size_t frame_of_buffer_maker(const struct frame *frames, size_t depth)
{
	static bool (*const kinds[])(const struct frame *) = { frame_is_own_script, is_node_script,
							       is_script, is_caller_of_v8 };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (size_t i = 0; i < depth; i++)
			if (kinds[k](&frames[i]))
				return i;
	return depth;
}
