// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Marks from the roots on, with a stack of its own: lists may be long. */
#include "symbol/v8_live.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD	   8u
#define CACHE_SIZE 512u /* pages found last, by address */

struct marking {
	struct v8_objects *objects;
	uint64_t *marks; /* bits, as objects->begins */
	struct {
		uint64_t *at; /* addresses of objects whose fields are to be followed */
		size_t len, cap;
	} pending;
	const struct v8_copied_page *cache[CACHE_SIZE];
	uint64_t astray;
};

static const struct v8_copied_page *find_page(struct marking *m, uint64_t address)
{
	const struct v8_copied_page **cached = &m->cache[address / V8_PAGE_BYTES % CACHE_SIZE];

	if (!*cached || address - (*cached)->start >= (*cached)->len)
		*cached = v8_copy_page(m->objects->copy, address);
	return *cached;
}

static size_t bit_of(const struct v8_objects *o, const struct v8_copied_page *p, uint64_t address)
{
	return o->first_bit[p - o->copy->pages] + (address - p->start) / WORD;
}

static bool is_set(const uint64_t *bits, size_t bit)
{
	return bits[bit / 64] >> (bit % 64) & 1;
}

static bool is_left(const struct v8_copy *copy, uint64_t address)
{
	size_t low = 0, high = copy->left_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (copy->left[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < copy->left[low - 1].end;
}

/* A strong pointer to an object that was not met yet is to be followed. */
static int follow(struct marking *m, uint64_t word)
{
	const struct v8_objects *o = m->objects;
	const struct v8_copied_page *p;
	uint64_t *pending;
	size_t bit;

	if (!v8_is_object(word) || (word - 1) % WORD)
		return 0;
	p = find_page(m, word - 1);
	if (!p)
		m->astray += is_left(o->copy, word - 1);
	if (!p || !p->is_counted)
		return 0;
	bit = bit_of(o, p, word - 1);
	if (bit >= o->first_bit[p - o->copy->pages + 1] || !is_set(o->begins, bit) ||
	    is_set(m->marks, bit))
		return 0;
	m->marks[bit / 64] |= 1ull << (bit % 64);
	pending = vec_push(&m->pending);
	if (!pending)
		return -ENOMEM;
	*pending = word - 1;
	return 0;
}

/* The first word behind the object that begins with word @bit of all: the next thing begins there,
 * or the page ends. */
static size_t end_of(const struct v8_objects *o, size_t bit, size_t page_end)
{
	uint64_t rest;

	for (bit++; bit < page_end; bit = (bit / 64 + 1) * 64) {
		rest = o->begins[bit / 64] >> (bit % 64);
		if (rest) {
			bit += (size_t)__builtin_ctzll(rest);
			return bit < page_end ? bit : page_end;
		}
	}
	return page_end;
}

/* Numbers and characters are no pointers, whatever they look like. */
bool v8_type_has_pointers(const struct v8_offsets *o, uint16_t type)
{
	int32_t representation = type & o->representation_mask;

	if (type < o->string_limit)
		return representation != o->seq_tag && representation != o->external_tag;
	return type != o->type_number && type != o->type_bigint && type != o->type_doubles &&
	       type != o->type_bytes && type != o->type_trusted_bytes && type != o->type_filler &&
	       type != o->type_free;
}

/* Addresses of bytes, which may have been in a page long ago. */
static bool has_raw_words(const struct v8_offsets *o, uint16_t type)
{
	return type == o->type_array_buffer || type == o->type_typed_array;
}

/* What was not copied of a large object counts, too: its end is where its page ends. */
static uint64_t bytes_of(const struct v8_copied_page *p, uint64_t address, size_t words)
{
	bool is_cut = address - p->start + words * WORD >= p->len / WORD * WORD;

	return is_cut && p->len < p->end - p->start ? p->end - address : words * WORD;
}

static int visit(struct marking *m, uint64_t address)
{
	struct v8_objects *o = m->objects;
	const struct v8_copied_page *p = find_page(m, address);
	size_t bit = bit_of(o, p, address);
	size_t words = end_of(o, bit, o->first_bit[p - o->copy->pages + 1]) - bit;
	const uint8_t *from = p->bytes + (address - p->start);
	struct v8_shape *shape;
	uint64_t word, astray;
	bool is_raw;
	int err;

	memcpy(&word, from, sizeof(word));
	shape = v8_objects_shape_of_map(o, word);
	if (!shape) /* where nothing could be explained */
		return 0;
	shape->live_count++;
	shape->live_bytes += bytes_of(p, address, words);
	astray = m->astray;
	is_raw = has_raw_words(o->copy->offsets, shape->type);
	err = follow(m, word);
	if (!v8_type_has_pointers(o->copy->offsets, shape->type))
		return err;
	for (size_t i = 1; i < words && !err; i++) {
		memcpy(&word, from + i * WORD, sizeof(word));
		err = follow(m, word);
	}
	if (is_raw)
		m->astray = astray;
	return err;
}

int v8_live_mark(struct v8_objects *o, const struct v8_roots *roots, uint64_t *ret_astray)
{
	struct marking m = { .objects = o };
	size_t bits = o->first_bit[o->copy->page_count];
	int err;

	m.marks = calloc(bits / 64 + 1, sizeof(*m.marks));
	err = m.marks ? 0 : -ENOMEM;
	for (size_t i = 0; i < roots->len && !err; i++)
		err = follow(&m, roots->at[i]);
	m.astray = 0; /* of roots: what was one once */
	while (!err && m.pending.len)
		err = visit(&m, m.pending.at[--m.pending.len]);
	*ret_astray = m.astray;
	free(m.marks);
	free(m.pending.at);
	return err;
}
