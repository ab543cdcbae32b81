// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From object to object; where a map is missing, on to the next word that is one. */
#include "symbol/v8_objects.h"

#include "base/hash.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD	       8u
#define ARRAY_HEAD     16u
#define WEAK_LIST_HEAD 24u
#define PROPERTIES_MAX 1023u /* the other bits of the word are a hash */
#define LENGTH_AT      8u    /* of arrays of all kinds, behind the map */

/* --- the copy --------------------------------------------------------------------------------- */

const struct v8_copied_page *v8_copy_page(const struct v8_copy *copy, uint64_t address)
{
	size_t low = 0, high = copy->page_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (copy->pages[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - copy->pages[low - 1].start >= copy->pages[low - 1].len)
		return NULL;
	return &copy->pages[low - 1];
}

static bool read_copied(const struct v8_copy *copy, uint64_t address, void *into, size_t size)
{
	const struct v8_copied_page *p = v8_copy_page(copy, address);
	uint64_t at = p ? address - p->start : 0;

	if (!p || size > p->len - at)
		return false;
	memcpy(into, p->bytes + at, size);
	return true;
}

int v8_copy_read(void *arg, uint64_t address, void *into, size_t size)
{
	const struct v8_copy *copy = arg;

	if (read_copied(copy, address, into, size))
		return 0;
	return copy->rest.read ? copy->rest.read(copy->rest.arg, address, into, size) : -EFAULT;
}

uint64_t v8_copy_word(const struct v8_copy *copy, uint64_t address)
{
	uint64_t word;

	return read_copied(copy, address, &word, sizeof(word)) ? word : 0;
}

static uint64_t word_at(const struct v8_copied_page *p, uint64_t address)
{
	uint64_t word;

	if (address < p->start || address - p->start + sizeof(word) > p->len)
		return 0;
	memcpy(&word, p->bytes + (address - p->start), sizeof(word));
	return word;
}

/* --- shapes ----------------------------------------------------------------------------------- */

static bool is_shape(const void *ctx, uint32_t id, const void *key)
{
	const struct v8_objects *o = ctx;

	return o->at[id].map == *(const uint64_t *)key;
}

/* The type that the map @word is of; 0 when it cannot be read. */
static uint16_t type_in_map(const struct v8_copy *copy, uint64_t word)
{
	uint16_t type = 0;
	uint64_t at = word - 1 + (uint64_t)copy->offsets->map_instance_type;

	return read_copied(copy, at, &type, sizeof(type)) ? type : 0;
}

/* A map's map is one of the maps whose map they are themselves. */
static bool is_map(const struct v8_copy *copy, uint64_t word)
{
	uint64_t meta = v8_copy_word(copy, word - 1);

	return v8_is_object(meta) && v8_copy_word(copy, meta - 1) == meta &&
	       type_in_map(copy, meta) == copy->offsets->type_map;
}

static int add_shape(struct v8_objects *o, uint64_t map, uint64_t hash)
{
	uint64_t at = map - 1 + (uint64_t)o->copy->offsets->map_instance_size;
	struct v8_shape s = { .map = map, .type = type_in_map(o->copy, map) };
	struct v8_shape *kept;

	if (!read_copied(o->copy, at, &s.words, sizeof(s.words)))
		s.words = 0;
	kept = vec_push(o);
	if (!kept)
		return -ENOMEM;
	*kept = s;
	if (!id_table_add(&o->ids, hash, (uint32_t)(o->len - 1)))
		return 0;
	o->len--;
	return -ENOMEM;
}

/* The shape with the map @word: 0 and *ret_id, -ENODATA when it is no map, or -ENOMEM. */
static int find_shape(struct v8_objects *o, uint64_t word, uint32_t *ret_id)
{
	uint64_t hash;
	int err = 0;

	if (!v8_is_object(word))
		return -ENODATA;
	if (o->last < o->len && o->at[o->last].map == word) {
		*ret_id = o->last;
		return 0;
	}
	hash = hash_mix(hash_seed(o), word);
	*ret_id = id_table_find(&o->ids, hash, is_shape, o, &word);
	if (*ret_id == ID_NONE) {
		err = is_map(o->copy, word) ? add_shape(o, word, hash) : -ENODATA;
		*ret_id = (uint32_t)(o->len - 1);
	}
	if (!err)
		o->last = *ret_id;
	return err;
}

struct v8_shape *v8_objects_shape_of_map(struct v8_objects *o, uint64_t map)
{
	uint32_t id;

	return find_shape(o, map, &id) ? NULL : &o->at[id];
}

struct v8_shape *v8_objects_shape(struct v8_objects *o, uint64_t word)
{
	if (!v8_is_object(word))
		return NULL;
	return v8_objects_shape_of_map(o, v8_copy_word(o->copy, word - 1));
}

/* --- how long --------------------------------------------------------------------------------- */

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + WORD - 1) / WORD * WORD;
}

static uint64_t string_bytes(const struct v8_offsets *o, uint16_t type, uint64_t half)
{
	bool is_wide = (type & o->encoding_mask) != o->one_byte_tag;

	return round_up((uint64_t)o->string_chars + (half << is_wide));
}

static uint64_t array_bytes(const struct v8_offsets *o, uint16_t type, uint64_t length)
{
	if (type == o->type_bytes || type == o->type_trusted_bytes)
		return round_up(ARRAY_HEAD + length);
	if (type == o->type_bytecode)
		return round_up((uint64_t)o->bytecode_header + length);
	if (type == o->type_weak_list)
		return WEAK_LIST_HEAD + WORD * length;
	if (type == o->type_property_array)
		return ARRAY_HEAD + WORD * (length & PROPERTIES_MAX);
	return ARRAY_HEAD + WORD * length;
}

static bool is_within(uint16_t type, int32_t first, int32_t last)
{
	return type >= first && type <= last;
}

/* Does the word behind the map tell how many elements there are? */
static bool is_array(const struct v8_offsets *o, uint16_t type)
{
	/* between these two are arrays that are something else too: tables, lists */
	return is_within(type, o->type_array, o->type_bytes) || type == o->type_doubles ||
	       is_within(type, o->type_context_first, o->type_context_last) ||
	       type == o->type_weak_array || type == o->type_weak_list ||
	       type == o->type_property_array || type == o->type_embedder_array ||
	       type == o->type_bytecode || type == o->type_free || type == o->type_trusted_bytes ||
	       type == o->type_trusted_array || type == o->type_protected_array ||
	       type == o->type_trusted_weak_array;
}

/* Of an object that tells its own length; 0: of a kind that does so in a way we do not know. */
static uint64_t own_bytes(const struct v8_objects *objects, const struct v8_copied_page *p,
			  const struct v8_shape *s, uint64_t at)
{
	const struct v8_offsets *o = objects->copy->offsets;
	uint64_t word = word_at(p, at + LENGTH_AT);

	if (s->type < o->string_limit)
		return string_bytes(o, s->type, word >> 32);
	if (is_within(s->type, o->type_descriptors_first, o->type_descriptors_last))
		return (uint64_t)o->descriptors_header + 3ull * WORD * (word & UINT16_MAX);
	if (!is_array(o, s->type) || !v8_is_smi(word) || v8_smi(word) < 0)
		return 0;
	if (s->type == o->type_free)
		return (uint64_t)v8_smi(word) * objects->free_unit;
	return array_bytes(o, s->type, (uint64_t)v8_smi(word));
}

uint64_t v8_objects_size(const struct v8_objects *o, const struct v8_shape *shape, uint64_t address)
{
	const struct v8_copied_page *p = v8_copy_page(o->copy, address);
	uint64_t size = (uint64_t)shape->words * WORD;

	if (!size && p)
		size = own_bytes(o, p, shape, address);
	return size ? size : WORD;
}

/* --- one behind the other --------------------------------------------------------------------- */

struct walk {
	struct v8_objects *objects;
	const struct v8_copied_page *page;
	size_t gap; /* the first that is not behind us */
	v8_function_fn on_function;
	void *ctx;
};

/* Where the gap at or behind @at begins, or the end of the page. */
static uint64_t next_limit(struct walk *w, uint64_t at)
{
	const struct v8_copy *copy = w->objects->copy;

	while (w->gap < copy->gap_count && copy->gaps[w->gap].end <= at)
		w->gap++;
	if (w->gap < copy->gap_count && copy->gaps[w->gap].start < w->page->end)
		return copy->gaps[w->gap].start;
	return w->page->end;
}

/* The next word from @at on that is a map, or @limit. 0 or -ENOMEM. */
static int skip_to_map(struct walk *w, uint64_t at, uint64_t limit, uint64_t *ret_at)
{
	uint64_t copied_end = w->page->start + w->page->len;
	uint32_t id;

	for (; at < limit; at += WORD) {
		int err = at < copied_end ? find_shape(w->objects, word_at(w->page, at), &id)
					  : -ENODATA;

		if (err == -ENOMEM)
			return err;
		if (!err)
			break;
		if (at >= copied_end)
			at = limit - WORD;
	}
	*ret_at = at < limit ? at : limit;
	return 0;
}

/* Is what lies at @at the begin of an object, or the end of all? 0, -ENODATA, -ENOMEM. */
static int check_end(struct walk *w, uint64_t at, uint64_t limit)
{
	uint32_t id;

	if (at == limit || at >= w->page->start + w->page->len)
		return at <= limit ? 0 : -ENODATA;
	return at < limit ? find_shape(w->objects, word_at(w->page, at), &id) : -ENODATA;
}

/*
 * Builds of one release differ in what free space counts its length in: bytes, of which there are
 * whole words, or words.
 */
static bool counts_in_words(const struct v8_objects *o, const struct v8_shape *s, uint64_t length)
{
	return s->type == o->copy->offsets->type_free && o->free_unit == 1 && v8_is_smi(length) &&
	       v8_smi(length) % (int32_t)WORD;
}

/* The end of the object at @at; -EAGAIN: free space counts in words. One that tells a wrong length
 * ends where the next one begins. */
static int find_end(struct walk *w, uint32_t id, uint64_t at, uint64_t limit, uint64_t *ret_end)
{
	struct v8_objects *o = w->objects;
	uint64_t size = (uint64_t)o->at[id].words * WORD;
	int err;

	if (size && size <= limit - at) {
		*ret_end = at + size;
		return 0;
	}
	if (counts_in_words(o, &o->at[id], word_at(w->page, at + LENGTH_AT)))
		return -EAGAIN;
	if (!size)
		size = own_bytes(o, w->page, &o->at[id], at);
	err = size >= WORD && size % WORD == 0 && size <= limit - at
		      ? check_end(w, at + size, limit)
		      : -ENODATA;
	*ret_end = at + size;
	return err == -ENODATA ? skip_to_map(w, at + WORD, limit, ret_end) : err;
}

static void note_begin(struct walk *w, uint64_t at)
{
	size_t page = (size_t)(w->page - w->objects->copy->pages);
	size_t bit = w->objects->first_bit[page] + (at - w->page->start) / WORD;

	if (at - w->page->start < w->page->len / WORD * WORD)
		w->objects->begins[bit / 64] |= 1ull << (bit % 64);
}

static int count_object(struct walk *w, uint32_t id, uint64_t at, uint64_t size)
{
	struct v8_objects *o = w->objects;
	const struct v8_offsets *offsets = o->copy->offsets;
	struct v8_shape *s = &o->at[id];

	if (s->type == offsets->type_filler || s->type == offsets->type_free) {
		o->free_bytes += size;
		return 0;
	}
	s->count++;
	s->bytes += size;
	o->object_count++;
	o->object_bytes += size;
	if (s->type < offsets->type_function_first || s->type > offsets->type_function_last)
		return 0;
	return w->on_function(w->ctx, at, s);
}

static int count_page(struct walk *w)
{
	const struct v8_copied_page *p = w->page;
	struct v8_objects *o = w->objects;
	uint64_t at = p->start, end = at;
	int err = 0;

	while (!err && at < p->end) {
		uint64_t limit = next_limit(w, at);
		uint32_t id;

		note_begin(w, at);
		if (limit <= at || at - p->start >= p->len) { /* a gap, or behind a large object */
			end = limit <= at ? o->copy->gaps[w->gap].end : p->end;
			end = end < p->end ? end : p->end;
			o->free_bytes += end - at;
			at = end;
			continue;
		}
		err = find_shape(o, word_at(p, at), &id);
		if (err == -ENODATA) {
			err = skip_to_map(w, at + WORD, limit, &end);
			o->unknown_bytes += err ? 0 : end - at;
		} else if (!err) {
			err = find_end(w, id, at, limit, &end);
			if (!err)
				err = count_object(w, id, at, end - at);
		}
		at = end;
	}
	return err;
}

/* Room for a bit of each word. 0 or -ENOMEM. */
static int begin(struct v8_objects *o, const struct v8_copy *copy, uint32_t free_unit)
{
	size_t bits = 0;

	*o = (struct v8_objects){ .copy = copy, .free_unit = free_unit };
	o->first_bit = calloc(copy->page_count + 1, sizeof(*o->first_bit));
	if (!o->first_bit)
		return -ENOMEM;
	for (size_t i = 0; i < copy->page_count; i++) {
		o->first_bit[i] = bits;
		bits += copy->pages[i].len / WORD;
	}
	o->first_bit[copy->page_count] = bits;
	o->begins = calloc(bits / 64 + 1, sizeof(*o->begins));
	return o->begins ? 0 : -ENOMEM;
}

static int count_pages(struct walk *w)
{
	const struct v8_copy *copy = w->objects->copy;
	int err = 0;

	for (size_t i = 0; i < copy->page_count && !err; i++) {
		w->page = &copy->pages[i];
		if (w->page->is_counted)
			err = count_page(w);
	}
	return err;
}

int v8_objects_count(const struct v8_copy *copy, v8_function_fn on_function, void *ctx,
		     struct v8_objects *ret)
{
	struct walk w = { .objects = ret, .on_function = on_function, .ctx = ctx };
	int err;

	err = begin(ret, copy, 1);
	if (!err)
		err = count_pages(&w);
	if (err != -EAGAIN)
		return err;
	v8_objects_done(ret);
	w.gap = 0;
	err = begin(ret, copy, WORD);
	if (!err)
		err = on_function(ctx, 0, NULL);
	return err ? err : count_pages(&w);
}

void v8_objects_done(struct v8_objects *o)
{
	free(o->at);
	free(o->begins);
	free(o->first_bit);
	id_table_done(&o->ids);
	*o = (struct v8_objects){ 0 };
}
