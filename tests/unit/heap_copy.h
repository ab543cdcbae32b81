/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A copy of a heap of V8 made by hand, laid out as node 24 has it: pages of objects, one behind the
 * other. Page 0 has V8's constants, objects of the others are counted.
 */
#ifndef TESTS_UNIT_HEAP_COPY_H
#define TESTS_UNIT_HEAP_COPY_H

#include "symbol/v8_census.h"

#include <string.h>

#define COPY_PAGES	5
#define COPY_PAGE_BYTES 4096u
#define COPY_BASE	0x7000000000ull
#define COPY_GAPS	8

/* Instance types and fields of node 24. */
static const struct v8_offsets copy_offsets = {
	.heap_object_tag = 1,
	.heap_object_tag_mask = 3,
	.map_instance_type = 12,
	.map_instance_size = 8,
	.map_prototype = 24,
	.function_prototype = 56,
	.function_shared = 32,
	.shared_data = 8,
	.shared_builtin = 16,
	.shared_name = 24,
	.shared_script = 40,
	.array_length = 8,
	.array_data = 16,
	.string_length = 12,
	.string_chars = 16,
	.string_data = 24,
	.cons_first = 16,
	.cons_second = 24,
	.sliced_parent = 16,
	.sliced_offset = 24,
	.thin_actual = 16,
	.string_limit = 128,
	.representation_mask = 7,
	.seq_tag = 0,
	.cons_tag = 1,
	.external_tag = 2,
	.sliced_tag = 3,
	.thin_tag = 5,
	.encoding_mask = 8,
	.one_byte_tag = 8,
	.type_function_first = 2065,
	.type_function_last = 2081,
	.type_shared = 282,
	.type_scope = 280,
	.type_script = 281,
	.type_code = 187,
	.type_stream = 188,
	.type_bytes = 217,
	.type_array = 205,
	.type_trusted_bytes = 196,
	.type_trusted_array = 197,
	.type_protected_array = 193,
	.type_trusted_weak_array = 199,
	.type_weak_array = 256,
	.type_map = 272,
	.type_symbol = 128,
	.type_bigint = 129,
	.type_number = 130,
	.type_filler = 267,
	.type_free = 268,
	.type_doubles = 218,
	.type_property_array = 277,
	.type_weak_list = 295,
	.type_embedder_array = 264,
	.type_bytecode = 186,
	.type_descriptors_first = 252,
	.type_descriptors_last = 253,
	.type_context_first = 220,
	.type_context_last = 229,
	.type_proxy = 299,
	.type_regexp = 2137,
	.type_array_buffer = 2062,
	.type_typed_array = 2061,
	.descriptors_header = 24,
	.bytecode_header = 64,
};

enum { TYPE_OBJECT = 1057, TYPE_FUNCTION = 2065, TYPE_ONE_BYTE = 8, TYPE_CONS = 9 };

struct heap_copy {
	uint8_t bytes[COPY_PAGES][COPY_PAGE_BYTES];
	size_t used[COPY_PAGES];
	struct v8_copied_page pages[COPY_PAGES];
	struct v8_gap gaps[COPY_GAPS], left[1];
	struct v8_copy copy;
	uint64_t meta; /* the map of maps */
	uint64_t string_map, function_map, shared_map, array_map, number_map;
};

static inline uint64_t copy_address(size_t page)
{
	return COPY_BASE + page * V8_PAGE_BYTES;
}

/* The page with @word, or NULL. */
static inline uint8_t *copy_at(struct heap_copy *h, uint64_t word)
{
	uint64_t at = word - 1 - COPY_BASE;

	return h->bytes[at / V8_PAGE_BYTES] + at % V8_PAGE_BYTES;
}

static inline void copy_set(struct heap_copy *h, uint64_t word, size_t offset, uint64_t value)
{
	memcpy(copy_at(h, word) + offset, &value, sizeof(value));
}

/* Room for an object of @words with @map, tagged. */
static inline uint64_t copy_put(struct heap_copy *h, size_t page, uint64_t map, size_t words)
{
	uint64_t word = copy_address(page) + h->used[page] + 1;

	h->used[page] += words * 8;
	copy_set(h, word, 0, map);
	return word;
}

static inline uint64_t copy_map(struct heap_copy *h, uint16_t type, uint8_t words,
				uint64_t prototype)
{
	uint64_t map = copy_put(h, 0, h->meta, 10);

	copy_at(h, map)[8] = words;
	memcpy(copy_at(h, map) + 12, &type, sizeof(type));
	copy_set(h, map, 24, prototype);
	return map;
}

static inline uint64_t copy_smi(uint64_t value)
{
	return value << 32;
}

static inline uint64_t copy_text(struct heap_copy *h, size_t page, const char *text)
{
	size_t len = strlen(text);
	uint64_t word = copy_put(h, page, h->string_map, 2 + (len + 7) / 8);

	copy_set(h, word, 8, (uint64_t)len << 32);
	memcpy(copy_at(h, word) + 16, text, len);
	return word;
}

/* A function of this name that makes objects with @prototype. */
static inline uint64_t copy_function(struct heap_copy *h, size_t page, const char *name,
				     uint64_t prototype)
{
	uint64_t text = copy_text(h, 0, name), shared = copy_put(h, 0, h->shared_map, 8);
	uint64_t function = copy_put(h, page, h->function_map, 8);

	copy_set(h, shared, 24, text);
	copy_set(h, function, 32, shared);
	copy_set(h, function, 56, prototype);
	return function;
}

/* What is left of the pages is a gap. */
static inline void copy_close(struct heap_copy *h)
{
	size_t count = 0;

	for (size_t i = 1; i < COPY_PAGES; i++)
		h->gaps[count++] = (struct v8_gap){ copy_address(i) + h->used[i],
						    copy_address(i) + COPY_PAGE_BYTES };
	h->copy.gap_count = count;
}

static inline void copy_init(struct heap_copy *h)
{
	*h = (struct heap_copy){ .copy = { .offsets = &copy_offsets,
					   .pages = h->pages,
					   .page_count = COPY_PAGES,
					   .gaps = h->gaps,
					   .left = h->left } };
	for (size_t i = 0; i < COPY_PAGES; i++)
		h->pages[i] = (struct v8_copied_page){ .start = copy_address(i),
						       .end = copy_address(i) + COPY_PAGE_BYTES,
						       .bytes = h->bytes[i],
						       .len = COPY_PAGE_BYTES,
						       .is_counted = i > 0 };
	h->meta = copy_address(0) + 1;
	h->meta = copy_map(h, (uint16_t)copy_offsets.type_map, 10, 0);
	h->string_map = copy_map(h, TYPE_ONE_BYTE, 0, 0);
	h->function_map = copy_map(h, TYPE_FUNCTION, 8, 0);
	h->shared_map = copy_map(h, (uint16_t)copy_offsets.type_shared, 8, 0);
	h->array_map = copy_map(h, (uint16_t)copy_offsets.type_array, 0, 0);
	h->number_map = copy_map(h, (uint16_t)copy_offsets.type_number, 2, 0);
}

#endif
