// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames in JSON. */
#include "report/frame_json.h"

const char *const frame_kind_names[] = {
	[FRAME_NATIVE] = "native",
	[FRAME_KERNEL] = "kernel",
	[FRAME_JIT] = "jit",
};

static void number_or_null(struct json *j, const char *key, uint32_t number)
{
	json_key(j, key);
	if (number)
		json_u64(j, number);
	else
		json_string(j, NULL);
}

void frame_json_place(const struct frame *f, struct json *j)
{
	json_key_string(j, "function", f->function[0] ? f->function : NULL);
	json_key_string(j, "module", f->module[0] ? f->module : NULL);
	json_key(j, "offset");
	json_hex(j, f->offset);
	json_key_string(j, "file", f->file[0] ? f->file : NULL);
	number_or_null(j, "line", f->line);
	number_or_null(j, "column", f->column);
}

void frame_json(const struct frame *f, struct json *j)
{
	json_object(j);
	frame_json_place(f, j);
	json_key_string(j, "kind", frame_kind_names[f->kind]);
	json_key_bool(j, "inlined", f->is_inlined);
	json_end(j);
}
