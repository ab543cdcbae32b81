// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Finds code by scanning back from an address, and remembers where it was. */
#include "symbol/v8_code.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 32 /* of the first instruction, at least */
/* Most code is short, so that little is read at first, and then more. */
#define CHUNK_MIN    1024
#define CHUNK_MAX    16384
#define HEADER_BYTES 256 /* longest that v8_offsets_fill lets pass */

void v8_codes_done(struct v8_codes *c)
{
	free(c->at);
	*c = (struct v8_codes){ .memory = c->memory };
}

/* Is there, at @start, code with the Code object @word? */
static int read_code(struct v8_memory *m, uint64_t start, uint64_t word, struct v8_code *ret_code)
{
	const struct v8_offsets *o = m->o;
	struct v8_object object;
	int err = v8_object_expect(m, word, o->type_code, &object);
	uint32_t size;

	if (err)
		return err;
	size = v8_object_half(&object, o->code_size);
	if (o->code_start != V8_NONE && v8_object_word(&object, o->code_start) != start)
		return V8_NO_CODE;
	if (!size || size > V8_CODE_SIZE_MAX || start > UINT64_MAX - size)
		return V8_NO_CODE;
	*ret_code = (struct v8_code){
		.start = start,
		.size = size,
		.kind = v8_object_half(&object, o->code_flags) & (uint32_t)o->kind_mask,
		.word = word,
		.deopt = v8_object_word(&object, o->code_deopt),
		.positions = v8_object_word(&object, o->code_positions),
	};
	return 0;
}

/* The Code that the header at @address points to; that is one itself in old releases. */
static int code_of_header(struct v8_memory *m, uint64_t address, uint64_t *ret_word)
{
	if (m->o->stream_code == V8_NONE) {
		*ret_word = address + 1;
		return 0;
	}
	return v8_memory_read(m, address + (uint64_t)m->o->stream_code, ret_word,
			      sizeof(*ret_word));
}

/* Index of the first one that starts after @pc. */
static size_t index_after(const struct v8_codes *c, uint64_t pc)
{
	size_t low = 0, high = c->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->at[middle].start <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void forget(struct v8_codes *c, size_t from, size_t to)
{
	if (to < c->len)
		memmove(c->at + from, c->at + to, (c->len - to) * sizeof(*c->at));
	c->len -= to - from;
}

static int keep(struct v8_codes *c, const struct v8_code *code)
{
	size_t from, to;

	if (c->len == V8_MAX_CODES)
		c->len = 0;
	from = index_after(c, code->start);
	if (from && code->start - c->at[from - 1].start < c->at[from - 1].size)
		from--;
	to = index_after(c, code->start + code->size - 1);
	forget(c, from, to);
	if (!vec_push(c))
		return -ENOMEM;
	memmove(c->at + from + 1, c->at + from, (c->len - 1 - from) * sizeof(*c->at));
	c->at[from] = *code;
	return 0;
}

/* What was found before, if it is still there. */
static int find_kept(struct v8_codes *c, uint64_t pc, struct v8_code *ret_code)
{
	size_t after = index_after(c, pc);
	const struct v8_code *kept;
	uint64_t header, word;
	int err;

	if (!after)
		return V8_NO_CODE;
	kept = &c->at[after - 1];
	if (pc - kept->start >= kept->size)
		return V8_NO_CODE;
	header = kept->start - (uint64_t)c->memory->o->stream_header;
	err = code_of_header(c->memory, header, &word);
	if (!err && word == kept->word)
		err = read_code(c->memory, kept->start, word, ret_code);
	else if (!err)
		err = V8_NO_CODE;
	if (!err && ret_code->size == kept->size && ret_code->kind == kept->kind) {
		ret_code->shared = kept->shared;
		return 0;
	}
	forget(c, after - 1, after);
	return V8_NO_CODE;
}

/* A part of memory that ends behind the headers it is searched for. */
struct chunk {
	uint64_t address;
	size_t len;
	uint8_t bytes[CHUNK_MAX + HEADER_BYTES];
};

static uint64_t word_at(const struct chunk *chunk, uint64_t address)
{
	uint64_t word;

	memcpy(&word, chunk->bytes + (address - chunk->address), sizeof(word));
	return word;
}

/* Is the header of some code at @address, in the chunk? 0 when it is. */
static int try_header(struct v8_codes *c, const struct chunk *chunk, uint64_t address,
		      struct v8_code *ret_code)
{
	const struct v8_offsets *o = c->memory->o;
	uint64_t map = word_at(chunk, address);
	struct v8_object header;
	uint64_t word = address + 1;
	int err;

	if (c->header_map ? map != c->header_map : !v8_is_object(map))
		return V8_NO_CODE;
	if (o->stream_code != V8_NONE)
		word = word_at(chunk, address + (uint64_t)o->stream_code);
	if (!v8_is_object(word))
		return V8_NO_CODE;
	if (!c->header_map && o->type_stream != V8_NONE) {
		err = v8_object_expect(c->memory, address + 1, o->type_stream, &header);
		if (err)
			return err;
	}
	err = read_code(c->memory, address + (uint64_t)o->stream_header, word, ret_code);
	if (!err)
		c->header_map = map;
	return err;
}

/* Places where code may start: from the lowest one to the highest. */
struct range {
	uint64_t lowest, highest;
};

/* Searches @range for code that reaches @pc; V8_NO_CODE: there is none yet. */
static int scan_chunk(struct v8_codes *c, struct range range, uint64_t pc, struct v8_code *ret_code)
{
	uint64_t header_size = (uint64_t)c->memory->o->stream_header;
	uint64_t lowest = range.lowest, start = range.highest;
	struct chunk chunk = { .address = lowest - header_size };
	int err;

	chunk.len = start - lowest + header_size;
	if (lowest < HEADER_BYTES)
		return V8_UNMAPPED;
	err = v8_memory_read(c->memory, chunk.address, chunk.bytes, chunk.len);
	if (err == V8_UNMAPPED && chunk.len > header_size) {
		/* What is mapped may begin with this page. */
		lowest += (header_size + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
		chunk.address = lowest - header_size;
		if (start < lowest)
			return V8_UNMAPPED;
		chunk.len = start - lowest + header_size;
		err = v8_memory_read(c->memory, chunk.address, chunk.bytes, chunk.len);
	}
	if (err)
		return err;
	for (uint64_t at = start; at >= lowest; at -= ALIGNMENT) {
		err = try_header(c, &chunk, at - header_size, ret_code);
		if (err == V8_TOO_LONG)
			return err;
		if (!err)
			return pc - at < ret_code->size ? 0 : V8_TOO_LONG;
	}
	return V8_NO_CODE;
}

static int scan(struct v8_codes *c, uint64_t pc, struct v8_code *ret_code)
{
	uint64_t size = CHUNK_MIN, most = CHUNK_MAX;
	struct range range = { .highest = pc & ~(uint64_t)(ALIGNMENT - 1) };

	for (uint64_t seen = 0; seen < V8_CODE_SCAN_MAX; seen += size) {
		int err;

		range.lowest = range.highest & ~(size - 1);
		err = scan_chunk(c, range, pc, ret_code);
		if (err == V8_UNMAPPED && size > CHUNK_MIN) {
			size = most = CHUNK_MIN; /* what is mapped begins within it */
			continue;
		}
		if (err != V8_NO_CODE)
			return err;
		range.highest = range.lowest - ALIGNMENT;
		size = size < most ? 2 * size : size;
	}
	return V8_NO_CODE;
}

int v8_code_find(struct v8_codes *c, uint64_t pc, struct v8_code *ret_code)
{
	int err = find_kept(c, pc, ret_code);

	if (!err)
		return 0;
	err = scan(c, pc, ret_code);
	/* The next code in front does not reach it, or nothing was mapped there. */
	if (err == V8_TOO_LONG || err == V8_UNMAPPED)
		return V8_NO_CODE;
	return err ? err : keep(c, ret_code);
}

void v8_code_note(struct v8_codes *c, const struct v8_code *code, uint64_t shared)
{
	size_t after = index_after(c, code->start);

	if (after && c->at[after - 1].start == code->start)
		c->at[after - 1].shared = shared;
}
