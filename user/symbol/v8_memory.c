// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads objects of V8 and checks what they are. */
#include "symbol/v8_memory.h"

#include "base/hash.h"

#include <string.h>

#define PAGE_BYTES 4096

void v8_memory_begin(struct v8_memory *m)
{
	m->reads_left = V8_MAX_READS;
	m->bytes_left = V8_MAX_BYTES;
}

int v8_memory_read(struct v8_memory *m, uint64_t address, void *into, size_t size)
{
	if (!m->reads_left || size > m->bytes_left)
		return V8_TOO_LONG;
	m->reads_left--;
	m->bytes_left -= (uint32_t)size;
	m->counts->read_count++;
	m->counts->read_bytes += size;
	if (address > UINT64_MAX - size)
		return V8_UNMAPPED;
	return m->reader.read(m->reader.arg, address, into, size) ? V8_UNMAPPED : 0;
}

int v8_memory_read_front(struct v8_memory *m, uint64_t address, void *into, size_t size,
			 size_t *ret_len)
{
	size_t to_page_end = PAGE_BYTES - (address & (PAGE_BYTES - 1));
	int err = v8_memory_read(m, address, into, size);

	*ret_len = size;
	if (err != V8_UNMAPPED || to_page_end >= size)
		return err;
	memset(into, 0, size);
	*ret_len = to_page_end;
	return v8_memory_read(m, address, into, to_page_end);
}

/* Of words, also weak ones. */
static bool is_array(const struct v8_offsets *o, uint16_t type)
{
	return type == o->type_array || type == o->type_trusted_array ||
	       type == o->type_protected_array || type == o->type_weak_array ||
	       type == o->type_trusted_weak_array;
}

static bool is_bytes_array(const struct v8_offsets *o, uint16_t type)
{
	return type == o->type_bytes || type == o->type_trusted_bytes;
}

static bool is_known(const struct v8_offsets *o, uint16_t type)
{
	return type < o->string_limit || type == o->type_shared || type == o->type_scope ||
	       type == o->type_script || type == o->type_code || type == o->type_stream ||
	       is_array(o, type) || is_bytes_array(o, type);
}

static int type_of_map(struct v8_memory *m, uint64_t map, uint16_t *ret_type)
{
	struct v8_known_map *known = &m->maps[hash_mix(map, 0) % V8_KNOWN_MAPS];
	uint16_t type;
	int err;

	if (!v8_is_object(map))
		return V8_WRONG_TYPE;
	if (known->map == map) {
		*ret_type = known->type;
		return 0;
	}
	err = v8_memory_read(m, map - 1 + (uint64_t)m->o->map_instance_type, &type, sizeof(type));
	if (err)
		return err;
	if (is_known(m->o, type))
		*known = (struct v8_known_map){ map, type };
	*ret_type = type;
	return 0;
}

int v8_object_read(struct v8_memory *m, uint64_t word, struct v8_object *ret_object)
{
	int err;

	if (!v8_is_object(word))
		return V8_WRONG_TYPE;
	ret_object->address = word - 1;
	err = v8_memory_read_front(m, ret_object->address, ret_object->bytes,
				   sizeof(ret_object->bytes), &ret_object->len);
	if (err)
		return err;
	return type_of_map(m, v8_object_word(ret_object, m->o->object_map), &ret_object->type);
}

int v8_object_expect(struct v8_memory *m, uint64_t word, int32_t type, struct v8_object *ret_object)
{
	int err = v8_object_read(m, word, ret_object);

	return !err && ret_object->type != type ? V8_WRONG_TYPE : err;
}

static void copy_field(const struct v8_object *object, int32_t offset, void *into, size_t size)
{
	memset(into, 0, size);
	if (offset >= 0 && object->len >= size && (size_t)offset <= object->len - size)
		memcpy(into, object->bytes + offset, size);
}

uint64_t v8_object_word(const struct v8_object *object, int32_t offset)
{
	uint64_t word;

	copy_field(object, offset, &word, sizeof(word));
	return word;
}

uint32_t v8_object_half(const struct v8_object *object, int32_t offset)
{
	uint32_t half;

	copy_field(object, offset, &half, sizeof(half));
	return half;
}

int v8_array_read(struct v8_memory *m, uint64_t word, bool is_bytes, struct v8_array *ret_array)
{
	struct v8_object object;
	uint64_t length;
	int err = v8_object_read(m, word, &object);

	if (err)
		return err;
	if (is_bytes ? !is_bytes_array(m->o, object.type) : !is_array(m->o, object.type))
		return V8_WRONG_TYPE;
	length = v8_object_word(&object, m->o->array_length);
	if (!v8_is_smi(length) || v8_smi(length) < 0)
		return V8_WRONG_TYPE;
	ret_array->data = object.address + (uint64_t)m->o->array_data;
	ret_array->length = (uint32_t)v8_smi(length);
	return 0;
}

int v8_array_word(struct v8_memory *m, const struct v8_array *array, uint32_t index,
		  uint64_t *ret_word)
{
	if (index >= array->length)
		return V8_WRONG_TYPE;
	return v8_memory_read(m, array->data + 8ul * index, ret_word, sizeof(*ret_word));
}
