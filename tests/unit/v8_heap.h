/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A heap of V8 made by hand, laid out as node 24 has it: objects are put one behind the other, and
 * may lie. Reads outside of it fail.
 */
#ifndef TESTS_UNIT_V8_HEAP_H
#define TESTS_UNIT_V8_HEAP_H

#include "symbol/v8_memory.h"
#include "tap.h"
#include "v8_image.h"

#define HEAP_BASE  0x7000000000ul
#define HEAP_BYTES (1u << 22)

/* Instance types of strings: representation in the lower three bits, 8 for one byte. */
enum { SEQ_ONE = 40, SEQ_TWO = 32, CONS = 41, EXTERNAL = 42, SLICED = 43, THIN = 45 };

struct v8_heap {
	uint8_t bytes[HEAP_BYTES];
	size_t used;
	struct v8_image image; /* whose constants count */
	struct v8_counts counts;
	struct v8_memory memory;
};

static inline int v8_heap_read(void *arg, uint64_t address, void *into, size_t size)
{
	struct v8_heap *h = arg;
	uint64_t at = address - HEAP_BASE;

	if (at > HEAP_BYTES || size > HEAP_BYTES - at)
		return -EFAULT;
	memcpy(into, h->bytes + at, size);
	return 0;
}

static inline void v8_heap_init(struct v8_heap *h)
{
	static uint8_t bytes[1 << 18];
	FILE *f = fopen("tests/corpus/v8/node-24", "re");

	must(f);
	must(!v8_image_open(&h->image, (struct bytes){ bytes, fread(bytes, 1, sizeof(bytes), f) }));
	(void)fclose(f);
	h->memory.o = &h->image.offsets;
	h->memory.counts = &h->counts;
	h->memory.reader = (struct v8_reader){ v8_heap_read, h };
	v8_memory_begin(&h->memory);
}

static inline void v8_heap_set(struct v8_heap *h, uint64_t word, int32_t offset, uint64_t value)
{
	memcpy(h->bytes + (word - 1 - HEAP_BASE) + offset, &value, sizeof(value));
}

static inline uint64_t v8_heap_room(struct v8_heap *h, size_t size)
{
	uint64_t word = HEAP_BASE + h->used + 1;

	must(h->used + size + 64 < HEAP_BYTES);
	h->used += (size + 15) & ~15ul;
	return word;
}

/* An object of @type with a map of its own, tagged. */
static inline uint64_t v8_heap_object(struct v8_heap *h, int32_t type, size_t size)
{
	uint64_t map = v8_heap_room(h, 32), word = v8_heap_room(h, size);
	uint16_t instance_type = (uint16_t)type;

	memcpy(h->bytes + (map - 1 - HEAP_BASE) + h->image.offsets.map_instance_type,
	       &instance_type, sizeof(instance_type));
	v8_heap_set(h, word, 0, map);
	return word;
}

static inline uint64_t v8_heap_smi(int32_t value)
{
	return (uint64_t)(uint32_t)value << 32;
}

static inline void v8_heap_set_length(struct v8_heap *h, uint64_t word, uint32_t length)
{
	memcpy(h->bytes + (word - 1 - HEAP_BASE) + 12, &length, sizeof(length));
}

static inline uint64_t v8_heap_text(struct v8_heap *h, const char *text)
{
	size_t len = strlen(text);
	uint64_t word = v8_heap_object(h, SEQ_ONE, 16 + len);

	v8_heap_set_length(h, word, (uint32_t)len);
	memcpy(h->bytes + (word - 1 - HEAP_BASE) + 16, text, len);
	return word;
}

static inline uint64_t v8_heap_wide(struct v8_heap *h, const uint16_t *units, size_t len)
{
	uint64_t word = v8_heap_object(h, SEQ_TWO, 16 + 2 * len);

	v8_heap_set_length(h, word, (uint32_t)len);
	memcpy(h->bytes + (word - 1 - HEAP_BASE) + 16, units, 2 * len);
	return word;
}

/* Strings made of others. */
static inline uint64_t v8_heap_string(struct v8_heap *h, int32_t type, uint32_t length,
				      uint64_t first, uint64_t second)
{
	uint64_t word = v8_heap_object(h, type, 32);

	v8_heap_set_length(h, word, length);
	v8_heap_set(h, word, 16, first);
	v8_heap_set(h, word, 24, second);
	return word;
}

#endif
