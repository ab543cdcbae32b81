/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The heap of V8 in another process, read within a budget. Functions return 0, an enum v8_reason
 * (positive), or -ENOMEM.
 */
#ifndef SYMBOL_V8_MEMORY_H
#define SYMBOL_V8_MEMORY_H

#include "symbol/v8.h"
#include "symbol/v8_offsets.h"

#include <stdbool.h>

#define V8_OBJECT_BYTES 120 /* of an object, at its front: no field that is read lies behind */
#define V8_KNOWN_MAPS	64
/* Of one question. Honest ones take some 30 reads, and the source of a script once. */
#define V8_MAX_READS 4096
#define V8_MAX_BYTES (48u << 20)

struct v8_memory {
	const struct v8_offsets *o;
	struct v8_reader reader;
	struct v8_counts *counts;
	uint32_t reads_left, bytes_left;
	/*
	 * Maps and their instance types, of objects that we know: those maps are never moved. By a
	 * hash of the address.
	 */
	struct v8_known_map {
		uint64_t map;
		uint16_t type;
	} maps[V8_KNOWN_MAPS];
};

/* The front of an object, as it was when read. */
struct v8_object {
	uint64_t address; /* without the tag */
	uint16_t type;
	size_t len;
	uint8_t bytes[V8_OBJECT_BYTES];
};

/* Starts the budget of a question. */
void v8_memory_begin(struct v8_memory *m);

int v8_memory_read(struct v8_memory *m, uint64_t address, void *into, size_t size);

/*
 * The same for what may be the last thing that is mapped: reads less, up to the end of a page, when
 * there is nothing behind; the rest is zero.
 */
int v8_memory_read_front(struct v8_memory *m, uint64_t address, void *into, size_t size,
			 size_t *ret_len);

static inline bool v8_is_object(uint64_t word) /* strong; a weak one ends in binary 11 */
{
	return (word & 3) == 1;
}

static inline bool v8_is_smi(uint64_t word)
{
	return !(word & UINT32_MAX);
}

static inline int32_t v8_smi(uint64_t word)
{
	return (int32_t)(word >> 32);
}

/* Reads the object that the tagged pointer @word points to, and its type. */
int v8_object_read(struct v8_memory *m, uint64_t word, struct v8_object *ret_object);

/* The same, which must be of @type. */
int v8_object_expect(struct v8_memory *m, uint64_t word, int32_t type,
		     struct v8_object *ret_object);

/* A field of 8 or 4 bytes at @offset; 0 when the object does not reach that far. */
uint64_t v8_object_word(const struct v8_object *object, int32_t offset);
uint32_t v8_object_half(const struct v8_object *object, int32_t offset);

/* An array of words or bytes. */
struct v8_array {
	uint64_t data; /* address of the first element */
	uint32_t length;
};

/* Of words, or of bytes if @is_bytes. */
int v8_array_read(struct v8_memory *m, uint64_t word, bool is_bytes, struct v8_array *ret_array);

/* Element @index of an array of words. */
int v8_array_word(struct v8_memory *m, const struct v8_array *array, uint32_t index,
		  uint64_t *ret_word);

#endif
