// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Objects are counted by map; then each map gets the name of a function. */
#include "symbol/v8_census.h"

#include "base/hash.h"
#include "base/vec.h"
#include "symbol/v8_function.h"

#include <errno.h>
#include <stdlib.h>

#define CHAIN_MAX      64	   /* prototypes of prototypes */
#define TRIES_MAX      8	   /* functions with the same prototype */
#define FIELDS_MAX     1024	   /* words of a prototype that are looked through */
#define ALL_FIELDS_MAX (16u << 20) /* of all prototypes */
#define PROPERTIES_AT  8u	   /* of an object: where those have no room in it are */
#define DEFAULT_NAME   "Object"

/* A function that has a prototype, tagged both. */
struct constructor {
	uint64_t prototype, function;
	uint32_t next; /* another one with the same prototype, ID_NONE */
};

struct naming {
	struct v8_objects *objects;
	struct v8_census *census;
	struct {
		struct constructor *at;
		size_t len, cap;
	} constructors;
	struct id_table ids; /* by prototype: the constructor found first */
	struct {
		struct known_name {
			uint64_t prototype;
			uint32_t name;
		} * at;
		size_t len, cap;
	} known; /* names found, by prototype */
	struct id_table known_ids;
	uint32_t fields_left; /* that may be looked at */
	struct v8_memory memory;
	struct v8_counts counts;
};

static void naming_done(struct naming *n)
{
	free(n->constructors.at);
	free(n->known.at);
	id_table_done(&n->ids);
	id_table_done(&n->known_ids);
}

/* --- who makes them --------------------------------------------------------------------------- */

static bool has_prototype(const void *ctx, uint32_t id, const void *key)
{
	const struct naming *n = ctx;

	return n->constructors.at[id].prototype == *(const uint64_t *)key;
}

static uint64_t hash_of(const struct naming *n, uint64_t word)
{
	return hash_mix(hash_seed(n), word);
}

static bool is_receiver(const struct v8_offsets *o, const struct v8_shape *s)
{
	return s && s->type >= o->type_proxy;
}

static uint64_t prototype_of_map(const struct v8_copy *copy, uint64_t map)
{
	return v8_copy_word(copy, map - 1 + (uint64_t)copy->offsets->map_prototype);
}

/* A function has the prototype itself, or the first map of its objects, which has it. */
static int on_function(void *ctx, uint64_t address, const struct v8_shape *shape)
{
	struct naming *n = ctx;
	const struct v8_copy *copy = n->objects->copy;
	const struct v8_offsets *o = copy->offsets;
	uint64_t at = (uint64_t)o->function_prototype, word;
	const struct v8_shape *s;
	struct constructor *c;
	uint32_t id;

	if (!shape) {
		n->constructors.len = 0;
		id_table_done(&n->ids);
		return 0;
	}
	if (shape->words * 8ul < at + 8)
		return 0;
	word = v8_copy_word(copy, address + at);
	s = v8_objects_shape(n->objects, word);
	if (s && s->type == o->type_map) {
		word = prototype_of_map(copy, word);
		s = v8_objects_shape(n->objects, word);
	}
	if (!is_receiver(o, s))
		return 0;
	c = vec_push(&n->constructors);
	if (!c)
		return -ENOMEM;
	*c = (struct constructor){ word, address + 1, ID_NONE };
	id = id_table_find(&n->ids, hash_of(n, word), has_prototype, n, &word);
	if (id == ID_NONE)
		return id_table_add(&n->ids, hash_of(n, word), (uint32_t)(n->constructors.len - 1));
	c->next = n->constructors.at[id].next;
	n->constructors.at[id].next = (uint32_t)(n->constructors.len - 1);
	return 0;
}

/* Is @word among the words of the object at @address? */
static bool holds(struct naming *n, uint64_t address, uint64_t size, uint64_t word)
{
	for (uint64_t at = 8; at < size && at < FIELDS_MAX * 8ul && n->fields_left; at += 8) {
		n->fields_left--;
		if (v8_copy_word(n->objects->copy, address + at) == word)
			return true;
	}
	return false;
}

/* Is the function @word a property of the prototype @prototype: its "constructor"? */
static bool is_property(struct naming *n, uint64_t prototype, uint64_t word)
{
	const struct v8_shape *s = v8_objects_shape(n->objects, prototype);
	uint64_t more = v8_copy_word(n->objects->copy, prototype - 1 + PROPERTIES_AT);

	if (s && holds(n, prototype - 1, v8_objects_size(n->objects, s, prototype - 1), word))
		return true;
	s = v8_objects_shape(n->objects, more);
	return s && holds(n, more - 1, v8_objects_size(n->objects, s, more - 1), word);
}

/* The function whose objects inherit from @prototype; 0: none. */
static uint64_t constructor_of(struct naming *n, uint64_t prototype)
{
	uint32_t first =
		id_table_find(&n->ids, hash_of(n, prototype), has_prototype, n, &prototype);
	uint32_t tries = 0;

	if (first == ID_NONE)
		return 0;
	for (uint32_t id = first; id != ID_NONE && tries < TRIES_MAX; tries++) {
		const struct constructor *c = &n->constructors.at[id];

		if (c->next == ID_NONE && id == first)
			return c->function; /* the only one */
		if (is_property(n, prototype, c->function))
			return c->function;
		id = c->next;
	}
	return n->constructors.at[first].function;
}

static int add_name(struct naming *n, const char *text, uint32_t *ret_name)
{
	struct v8_census *c = n->census;
	int err = strings_add(&c->names, text, ret_name);

	while (!err && c->len < c->names.len) {
		struct v8_census_row *row = vec_push(c);

		if (!row)
			return -ENOMEM;
		*row = (struct v8_census_row){ 0 };
	}
	return err;
}

/* The name of a function, "" when it has none that can be read. */
static void read_name(struct naming *n, uint64_t function, char text[TEXT_MAX])
{
	const struct v8_copy *copy = n->objects->copy;
	uint64_t at = function - 1 + (uint64_t)copy->offsets->function_shared;

	v8_memory_begin(&n->memory);
	if (v8_function_name(&n->memory, v8_copy_word(copy, at), text))
		text[0] = '\0';
}

/* --- what they are called --------------------------------------------------------------------- */

static bool is_known(const void *ctx, uint32_t id, const void *key)
{
	const struct naming *n = ctx;

	return n->known.at[id].prototype == *(const uint64_t *)key;
}

static int keep_known(struct naming *n, uint64_t prototype, uint32_t name)
{
	struct known_name *known = vec_push(&n->known);

	if (!known)
		return -ENOMEM;
	*known = (struct known_name){ prototype, name };
	return id_table_add(&n->known_ids, hash_of(n, prototype), (uint32_t)(n->known.len - 1));
}

/* Of objects that inherit from @prototype. */
static int name_of_prototype(struct naming *n, uint64_t prototype, uint32_t *ret_name)
{
	const struct v8_copy *copy = n->objects->copy;
	uint64_t at = prototype;
	char text[TEXT_MAX] = "";
	uint32_t id = id_table_find(&n->known_ids, hash_of(n, prototype), is_known, n, &prototype);
	int err;

	if (id != ID_NONE) {
		*ret_name = n->known.at[id].name;
		return 0;
	}
	for (int i = 0; i < CHAIN_MAX && !text[0]; i++) {
		const struct v8_shape *s = v8_objects_shape(n->objects, at);
		uint64_t function, map;

		if (!is_receiver(copy->offsets, s))
			break;
		map = s->map; /* looking on moves shapes */
		function = constructor_of(n, at);
		if (function)
			read_name(n, function, text);
		at = prototype_of_map(copy, map);
	}
	err = add_name(n, text[0] ? text : DEFAULT_NAME, ret_name);
	return err ? err : keep_known(n, prototype, *ret_name);
}

static const char *name_of_string(const struct v8_offsets *o, uint16_t type)
{
	int32_t representation = type & o->representation_mask;

	if (representation == o->cons_tag)
		return "(concatenated string)";
	return representation == o->sliced_tag ? "(sliced string)" : "(string)";
}

/* What is not known by its constructor; NULL: it is. */
static const char *name_of_type(const struct v8_offsets *o, uint16_t type)
{
	if (type < o->string_limit)
		return name_of_string(o, type);
	if (type == o->type_symbol)
		return "(symbol)";
	if (type == o->type_bigint)
		return "(bigint)";
	if (type == o->type_number)
		return "(number)";
	if (type >= o->type_function_first && type <= o->type_function_last)
		return "Function";
	if (type == o->type_regexp)
		return "RegExp";
	if (type >= o->type_proxy)
		return NULL;
	if (type >= o->type_context_first && type <= o->type_context_last)
		return "system / Context";
	if (type == o->type_array || type == o->type_doubles || type == o->type_bytes ||
	    type == o->type_property_array)
		return "(array)";
	return "(system)";
}

static int name_of_shape(struct naming *n, const struct v8_shape *s, uint32_t *ret_name)
{
	const struct v8_copy *copy = n->objects->copy;
	const char *text = name_of_type(copy->offsets, s->type);

	if (text)
		return add_name(n, text, ret_name);
	return name_of_prototype(n, prototype_of_map(copy, s->map), ret_name);
}

static int name_shapes(struct naming *n)
{
	for (size_t i = 0; i < n->objects->len; i++) {
		struct v8_shape s = n->objects->at[i];
		struct v8_census_row *row;
		uint32_t name;
		int err = s.count ? name_of_shape(n, &s, &name) : 0;

		if (err)
			return err;
		if (!s.count)
			continue;
		row = &n->census->at[name];
		row->count += s.count;
		row->bytes += s.bytes;
		row->live_count += s.live_count;
		row->live_bytes += s.live_bytes;
		n->census->live_count += s.live_count;
		n->census->live_bytes += s.live_bytes;
	}
	return 0;
}

int v8_census_take(const struct v8_copy *copy, const struct v8_roots *roots, struct v8_census *ret)
{
	struct v8_objects objects;
	struct naming n = { .objects = &objects, .census = ret, .fields_left = ALL_FIELDS_MAX };
	int err = v8_objects_count(copy, on_function, &n, &objects);

	/* v8_copy_read takes it as it is given, and changes nothing in it */
	n.memory.reader = (struct v8_reader){ v8_copy_read, (void *)(uintptr_t)copy };
	n.memory.o = copy->offsets;
	n.memory.counts = &n.counts;
	ret->object_count = objects.object_count;
	ret->object_bytes = objects.object_bytes;
	ret->free_bytes = objects.free_bytes;
	ret->unknown_bytes = objects.unknown_bytes;
	if (!err)
		err = v8_live_mark(&objects, roots, &ret->astray_count);
	if (!err)
		err = name_shapes(&n);
	naming_done(&n);
	v8_objects_done(&objects);
	return err;
}

void v8_census_done(struct v8_census *c)
{
	strings_done(&c->names);
	free(c->at);
	*c = (struct v8_census){ 0 };
}
