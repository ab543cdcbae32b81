// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A ScopeInfo has, behind its map, slots of 8 bytes: flags, number of parameters, number of local
 * variables in the context; from 12.8 on start and end position; the locals' names (or a table of
 * them, when they are many) and properties; then, as the flags have it: the class variable, name
 * and slot of the function, the inferred name; before 12.8 start and end position.
 */
#include "symbol/v8_scope.h"

#include <string.h>

#define MAX_LOCALS	    65536
#define MAX_NAMED_LOCALS    75 /* from so many on they are in a table */
#define TAIL_SLOTS	    6

#define FLAG_CLASS_VARIABLE (1u << 10)
#define FLAG_FUNCTION_NAME  (3u << 12)
#define FLAG_INFERRED_NAME  (1u << 14)
#define KIND_MASK	    15u

static uint64_t slot(const struct v8_object *object, int32_t index)
{
	return v8_object_word(object, 8 * (index + 1));
}

static bool is_module(const struct v8_offsets *o, uint32_t flags)
{
	return (flags & KIND_MASK) == (uint32_t)o->scope_function_type + 1;
}

/* Kinds of scopes stand in one order around that of functions, but for scripts. */
static bool is_top_level(const struct v8_offsets *o, uint32_t flags)
{
	uint32_t kind = flags & KIND_MASK, function = (uint32_t)o->scope_function_type;

	if (kind == function - 1 || kind == function + 1)
		return true;
	return function == 2 ? kind == 4 : kind <= 1;
}

/* Are start and end position among the first slots? */
static bool has_early_positions(const struct v8_offsets *o)
{
	return o->scope_first_local >= 5;
}

static void take_tail(const struct v8_offsets *o, uint32_t flags, const uint64_t *tail,
		      struct v8_scope *scope)
{
	size_t at = flags & FLAG_CLASS_VARIABLE ? 1 : 0;

	if (flags & FLAG_FUNCTION_NAME) {
		scope->name = v8_is_object(tail[at]) ? tail[at] : 0;
		at += 2;
	}
	if (flags & FLAG_INFERRED_NAME) {
		scope->inferred_name = v8_is_object(tail[at]) ? tail[at] : 0;
		at++;
	}
	if (!has_early_positions(o) && v8_is_smi(tail[at]))
		scope->start = v8_smi(tail[at]);
}

int v8_scope_read(struct v8_memory *m, const struct v8_object *object, struct v8_scope *ret_scope)
{
	const struct v8_offsets *o = m->o;
	/* A Smi once, a number as it is since. */
	uint64_t raw = slot(object, 0), count = slot(object, o->scope_local_count);
	uint32_t flags = (uint32_t)raw ? (uint32_t)raw : (uint32_t)(raw >> 32);
	uint64_t tail[TAIL_SLOTS], first = (uint64_t)o->scope_first_local, locals;
	size_t len;
	int err;

	if (!v8_is_smi(count) || v8_smi(count) < 0 || v8_smi(count) > MAX_LOCALS)
		return V8_WRONG_TYPE;
	locals = (uint64_t)v8_smi(count);
	if (has_early_positions(o) && is_module(o, flags))
		first++; /* the number of its variables */
	first += locals < MAX_NAMED_LOCALS ? locals : 1;
	first += locals;
	err = v8_memory_read_front(m, object->address + 8 * (first + 1), tail, sizeof(tail), &len);
	if (err)
		return err;
	*ret_scope = (struct v8_scope){ .start = -1, .is_top_level = is_top_level(o, flags) };
	take_tail(o, flags, tail, ret_scope);
	if (has_early_positions(o) && v8_is_smi(slot(object, o->scope_first_local - 2)))
		ret_scope->start = v8_smi(slot(object, o->scope_first_local - 2));
	return 0;
}
