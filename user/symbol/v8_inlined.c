// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Functions inlined into optimised code. A table says to which position of the source instructions
 * belong: pairs of differences, each a signed number in groups of 7 bits. A position has the number
 * of an inlining, 0 for none; the inlining has a function and the position of its call.
 */
#include "symbol/v8_code.h"

#include <string.h>

#define TABLE_BYTES_MAX (4u << 20)
#define CHUNK_BYTES	8192
#define MAX_VLQ_BITS	63

/* One position, as a word: offset in the source 30 bits from bit 1, inlining 16 bits from 31. */
#define INLINING_SHIFT 31
#define INLINING_MASK  0xffffu

struct inlining {
	uint64_t position; /* of the call */
	int32_t function;  /* index in the literals, -1 none */
	int32_t unused;
};

/* Reads numbers from an array of bytes. */
struct numbers {
	struct v8_memory *m;
	uint64_t address;
	uint32_t left; /* not read yet */
	size_t at, len;
	uint8_t chunk[CHUNK_BYTES];
};

static int next_byte(struct numbers *n, uint8_t *ret_byte)
{
	int err;

	if (n->at == n->len) {
		n->at = 0;
		n->len = n->left < CHUNK_BYTES ? n->left : CHUNK_BYTES;
		if (!n->len)
			return V8_WRONG_TYPE;
		err = v8_memory_read(n->m, n->address, n->chunk, n->len);
		if (err) {
			n->len = 0;
			return err;
		}
		n->address += n->len;
		n->left -= (uint32_t)n->len;
	}
	*ret_byte = n->chunk[n->at++];
	return 0;
}

static bool at_end(const struct numbers *n)
{
	return n->at == n->len && !n->left;
}

/* A number, its sign in the lowest bit. */
static int next_number(struct numbers *n, int64_t *ret_number)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		int err = next_byte(n, &byte);

		if (err)
			return err;
		if (shift > MAX_VLQ_BITS)
			return V8_WRONG_TYPE;
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	*ret_number = (int64_t)(value >> 1 ^ -(value & 1));
	return 0;
}

/* An expression, not a statement, is negative, or has the lowest bit set. */
static uint64_t code_difference(const struct v8_offsets *o, int64_t step)
{
	if (o->position_shift)
		return (uint64_t)step >> 1;
	return (uint64_t)(step < 0 ? -(step + 1) : step);
}

/* The position of the last entry at or before @offset, 0 when there is none. */
static int find_position(struct numbers *n, uint32_t offset, uint64_t *ret_position)
{
	uint64_t position = 0;
	uint64_t code = 0;

	*ret_position = 0;
	while (!at_end(n)) {
		int64_t code_step, position_step;
		int err = next_number(n, &code_step);

		if (!err)
			err = next_number(n, &position_step);
		if (err)
			return err;
		code += code_difference(n->m->o, code_step);
		position += (uint64_t)position_step;
		if (code > offset)
			break;
		*ret_position = position;
	}
	return 0;
}

/* Maglev of 13.6.233.10 writes no positions: then what it inlined is lost. */
static int check_none_inlined(struct v8_memory *m, const struct v8_code *code)
{
	struct v8_array data;
	uint64_t count = 0;
	int err = v8_array_read(m, code->deopt, false, &data);

	if (!err)
		err = v8_array_word(m, &data, (uint32_t)m->o->deopt_inlined_count, &count);
	return !err && count ? V8_WRONG_TYPE : err;
}

static int read_position(struct v8_memory *m, const struct v8_code *code, uint32_t offset,
			 uint64_t *ret_position)
{
	struct numbers n = { .m = m };
	struct v8_array table;
	int err = v8_array_read(m, code->positions, true, &table);

	*ret_position = 0;
	if (!err && !table.length)
		return check_none_inlined(m, code);
	if (!err && table.length > TABLE_BYTES_MAX)
		err = V8_TOO_LONG;
	if (err)
		return err;
	n.address = table.data;
	n.left = table.length;
	return find_position(&n, offset, ret_position);
}

static uint32_t inlining_of(uint64_t position)
{
	return (uint32_t)(position >> INLINING_SHIFT) & INLINING_MASK;
}

/* Arrays that deoptimization data refers to. */
struct deopt {
	struct v8_array inlinings; /* bytes */
	struct v8_array literals;
};

static int read_deopt(struct v8_memory *m, const struct v8_code *code, struct deopt *ret_deopt)
{
	const struct v8_offsets *o = m->o;
	struct v8_array data;
	uint64_t inlinings, literals;
	int err = v8_array_read(m, code->deopt, false, &data);

	if (!err)
		err = v8_array_word(m, &data, (uint32_t)o->deopt_inlinings, &inlinings);
	if (!err)
		err = v8_array_word(m, &data, (uint32_t)o->deopt_literals, &literals);
	if (!err)
		err = v8_array_read(m, inlinings, true, &ret_deopt->inlinings);
	if (!err)
		err = v8_array_read(m, literals, false, &ret_deopt->literals);
	return err;
}

/* One step outwards: adds the function of inlining @id, and gives where it is called. */
static int step_out(struct v8_memory *m, const struct deopt *deopt, uint32_t id,
		    struct v8_inlined *inlined, uint64_t *ret_position)
{
	struct inlining inlining;
	uint64_t shared;
	int err;

	if ((uint64_t)id * sizeof(inlining) > deopt->inlinings.length)
		return V8_WRONG_TYPE;
	err = v8_memory_read(m, deopt->inlinings.data + (id - 1) * sizeof(inlining), &inlining,
			     sizeof(inlining));
	if (err)
		return err;
	*ret_position = inlining.position;
	if (inlining.function < 0)
		return 0; /* a builtin, which has none */
	err = v8_array_word(m, &deopt->literals, (uint32_t)inlining.function, &shared);
	if (!err)
		inlined->shared[inlined->len++] = shared & ~2ul; /* literals are weak */
	return err;
}

int v8_code_inlined(struct v8_memory *m, const struct v8_code *code, uint32_t offset,
		    struct v8_inlined *ret_inlined)
{
	struct deopt deopt;
	uint64_t position;
	int err = read_position(m, code, offset, &position);

	ret_inlined->len = 0;
	if (err || !inlining_of(position))
		return err;
	err = read_deopt(m, code, &deopt);
	for (int step = 0; !err && inlining_of(position); step++) {
		if (step == V8_INLINED_MAX)
			return V8_CYCLIC;
		err = step_out(m, &deopt, inlining_of(position), ret_inlined, &position);
	}
	return err;
}

int v8_code_function(struct v8_memory *m, const struct v8_code *code, uint64_t *ret_shared)
{
	const struct v8_offsets *o = m->o;
	struct v8_object wrapper;
	struct v8_array data;
	uint64_t word = 0;
	int err = v8_array_read(m, code->deopt, false, &data);

	if (!err)
		err = v8_array_word(m, &data, (uint32_t)o->deopt_shared, &word);
	if (!err && o->wrapper_shared != V8_NONE) {
		err = v8_object_expect(m, word, o->type_wrapper, &wrapper);
		if (!err)
			word = v8_object_word(&wrapper, o->wrapper_shared);
	}
	if (!err)
		*ret_shared = word;
	return err;
}
