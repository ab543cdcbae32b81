// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads a function's name, file and line, and keeps them with the marks by which it is known. */
#include "symbol/v8_function.h"

#include "base/hash.h"
#include "base/vec.h"
#include "symbol/v8_scope.h"
#include "symbol/v8_string.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ANONYMOUS "(anonymous)"
#define TOP_LEVEL "(top level)"

/* What stands in for the name until it is known. */
struct naming {
	uint64_t name, inferred_name;
	int32_t start;
	bool is_top_level;
};

void v8_functions_done(struct v8_functions *f)
{
	free(f->at);
	id_table_done(&f->ids);
	v8_scripts_done(&f->scripts);
	*f = (struct v8_functions){ .scripts = f->scripts };
}

bool v8_functions_are_full(const struct v8_functions *f)
{
	return f->len == V8_MAX_FUNCTIONS || v8_scripts_are_full(&f->scripts);
}

static bool is_function(const void *ctx, uint32_t id, const void *key)
{
	const struct v8_functions *f = ctx;

	return f->at[id].address == *(const uint64_t *)key;
}

static struct v8_function *kept_function(const struct v8_functions *f, uint64_t word)
{
	uint64_t hash = hash_mix(hash_seed(f), word);
	uint32_t id = id_table_find(&f->ids, hash, is_function, f, &word);

	return id == ID_NONE ? NULL : &f->at[id];
}

static int keep_function(struct v8_functions *f, const struct v8_function *function)
{
	struct v8_function *kept = kept_function(f, function->address);

	if (kept) {
		*kept = *function;
		return 0;
	}
	kept = vec_push(f);
	if (!kept)
		return -ENOMEM;
	*kept = *function;
	if (id_table_add(&f->ids, hash_mix(hash_seed(f), function->address),
			 (uint32_t)(f->len - 1))) {
		f->len--;
		return -ENOMEM;
	}
	return 0;
}

/* A function that is not compiled, or whose code was thrown away, has its position there. */
static int read_uncompiled(struct v8_memory *m, uint64_t data, struct naming *naming)
{
	struct v8_object object;
	int err = v8_object_read(m, data, &object);

	if (err == V8_WRONG_TYPE || (!err && (object.type < m->o->type_uncompiled_first ||
					      object.type > m->o->type_uncompiled_last)))
		return 0; /* then it is something else */
	if (err)
		return err;
	naming->start = (int32_t)v8_object_half(&object, m->o->uncompiled_start);
	naming->inferred_name = v8_object_word(&object, m->o->uncompiled_name);
	return 0;
}

static int read_naming(struct v8_memory *m, const struct v8_function *function,
		       struct naming *ret_naming)
{
	struct naming n = { .start = -1 };
	struct v8_object object;
	struct v8_scope scope;
	int err = 0;

	if (!v8_is_smi(function->name_word))
		err = v8_object_read(m, function->name_word, &object);
	if (err)
		return err;
	if (v8_is_smi(function->name_word) || object.type < m->o->string_limit) {
		n.name = v8_is_smi(function->name_word) ? 0 : function->name_word;
		err = read_uncompiled(m, function->data, &n);
	} else if (object.type == m->o->type_scope) {
		err = v8_scope_read(m, &object, &scope);
		if (!err)
			n = (struct naming){ scope.name, scope.inferred_name, scope.start,
					     scope.is_top_level };
	} else {
		err = V8_WRONG_TYPE;
	}
	if (!err)
		*ret_naming = n;
	return err;
}

/* 0 also when it has none, then *text is empty. */
static int read_name(struct v8_memory *m, uint64_t word, char text[TEXT_MAX])
{
	text[0] = '\0';
	return word ? v8_string_read(m, word, text) : 0;
}

int v8_function_name(struct v8_memory *m, uint64_t word, char ret_text[TEXT_MAX])
{
	struct v8_function function = { .address = word };
	struct naming naming = { .start = -1 };
	struct v8_object object;
	int err = v8_object_expect(m, word, m->o->type_shared, &object);

	if (err)
		return err;
	function.name_word = v8_object_word(&object, m->o->shared_name);
	function.data = v8_object_word(&object, m->o->shared_data);
	err = read_naming(m, &function, &naming);
	return err ? err : read_name(m, naming.name, ret_text);
}

static int fill_name(struct v8_functions *f, const struct naming *naming,
		     struct v8_function *function)
{
	struct v8_memory *m = f->scripts.memory;
	char text[TEXT_MAX];
	int err = read_name(m, naming->name, text);

	if (!err && !text[0]) {
		err = read_name(m, naming->inferred_name, text);
		if (err == V8_WRONG_TYPE) { /* undefined */
			text[0] = '\0';
			err = 0;
		}
	}
	if (err)
		return err;
	function->name = text[0]		? strings_keep(f->scripts.texts, text)
			 : naming->is_top_level ? TOP_LEVEL
						: ANONYMOUS;
	return function->name ? 0 : -ENOMEM;
}

/*
 * The script of @function. With a breakpoint, or while coverage is measured, functions of node 18
 * and 20 have a DebugInfo in its place, which has the script.
 */
static int find_script(struct v8_functions *f, struct v8_function *function,
		       struct v8_script **ret_script)
{
	struct v8_memory *m = f->scripts.memory;
	struct v8_object object;
	int err;

	function->script = function->script_word;
	err = v8_script_find(&f->scripts, function->script, ret_script);
	if (err != V8_WRONG_TYPE ||
	    v8_object_expect(m, function->script_word, m->o->type_debug_info, &object))
		return err;
	function->script = v8_object_word(&object, m->o->debug_script);
	return v8_script_find(&f->scripts, function->script, ret_script);
}

/* Builtins and functions of the embedder have no script. */
static int fill_place(struct v8_functions *f, int32_t start, struct v8_function *function)
{
	struct v8_script *script;
	int err = find_script(f, function, &script);

	if (err == V8_WRONG_TYPE) {
		function->script = 0;
		function->file = "";
		return 0;
	}
	if (err)
		return err;
	function->script_id = script->id;
	function->file = script->file;
	function->is_builtin = false;
	return v8_script_place(&f->scripts, script, start, &function->line, &function->column);
}

static bool is_fresh(struct v8_functions *f, const struct v8_function *kept,
		     const struct v8_function *now, int *ret_err)
{
	struct v8_script *script;

	*ret_err = 0;
	if (!kept || kept->name_word != now->name_word || kept->script_word != now->script_word)
		return false;
	if (!kept->script)
		return true;
	*ret_err = v8_script_find(&f->scripts, kept->script, &script);
	return !*ret_err && script->id == kept->script_id && script->file == kept->file;
}

int v8_function_find(struct v8_functions *f, uint64_t word, struct v8_function *ret_function)
{
	struct v8_memory *m = f->scripts.memory;
	const struct v8_offsets *o = m->o;
	struct v8_function now = { .address = word, .file = "" };
	const struct v8_function *kept;
	struct v8_object object;
	struct naming naming = { .start = -1 };
	uint64_t builtin;
	int err = v8_object_expect(m, word, o->type_shared, &object);

	if (err)
		return err;
	now.name_word = v8_object_word(&object, o->shared_name);
	now.script_word = v8_object_word(&object, o->shared_script);
	now.data = v8_object_word(&object, o->shared_data);
	builtin = v8_object_word(&object, o->shared_builtin);
	now.is_builtin = v8_is_smi(builtin) && v8_smi(builtin) >= 0;
	kept = kept_function(f, word);
	if (is_fresh(f, kept, &now, &err)) {
		*ret_function = *kept;
		ret_function->data = now.data;
		return 0;
	}
	if (!err || err == V8_WRONG_TYPE)
		err = read_naming(m, &now, &naming);
	if (!err)
		err = fill_name(f, &naming, &now);
	if (!err)
		err = fill_place(f, naming.start, &now);
	if (!err)
		err = keep_function(f, &now);
	if (!err)
		*ret_function = now;
	return err;
}
