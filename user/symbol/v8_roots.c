// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From the seeds two steps along pointers from block to block of malloc's, whose length stands
 * before it; and blocks of global handles, known by the numbers that V8 gives to the handles of
 * one.
 */
#include "symbol/v8_roots.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD	      8u
#define STEPS_MAX     2
#define BLOCK_MIN     32u
#define BLOCK_MAX     (64u << 10)
#define LENGTH_FLAGS  7ull /* of malloc's, in the length of a block */
#define HANDLE_WORDS  4u   /* object; class, number and state; parameter; callback */
#define HANDLES_ALIKE 4u   /* with numbers in a row: no accident */
#define STATE_STRONG  1u   /* 0 free, 2 weak */

struct block {
	uint64_t start, end;
};

struct search {
	const struct v8_outside *outside;
	struct v8_roots *roots;
	struct blocks { /* a vector */
		struct block *at;
		size_t len, cap;
	} pending, next;
	uint64_t *seen; /* a bit for each word: a block that begins there was met */
	size_t *first_bit;
};

int v8_roots_add(struct v8_roots *roots, uint64_t word)
{
	uint64_t *slot;

	if (!v8_is_object(word))
		return 0;
	slot = vec_push(roots);
	if (!slot)
		return -ENOMEM;
	*slot = word;
	return 0;
}

/* --- along pointers --------------------------------------------------------------------------- */

/* True once for each address. */
static bool is_new(struct search *s, const struct v8_copied_page *p, uint64_t address)
{
	size_t bit = s->first_bit[p - s->outside->memory.pages] + (address - p->start) / WORD;
	uint64_t mask = 1ull << (bit % 64);
	bool is = !(s->seen[bit / 64] & mask);

	s->seen[bit / 64] |= mask;
	return is;
}

/* A pointer to a block is followed in the next step. */
static int note_block(struct search *s, uint64_t address)
{
	const struct v8_copied_page *p;
	uint64_t length;
	struct block *b;

	if (!address || address % (2ul * WORD))
		return 0;
	p = v8_copy_page(&s->outside->memory, address);
	if (!p || address - p->start < WORD)
		return 0;
	length = v8_copy_word(&s->outside->memory, address - WORD) & ~LENGTH_FLAGS;
	if (length < BLOCK_MIN || length > BLOCK_MAX || !is_new(s, p, address))
		return 0;
	b = vec_push(&s->next);
	if (!b)
		return -ENOMEM;
	*b = (struct block){ address, address + length - WORD };
	return 0;
}

static int look_into(struct search *s, const struct block *b)
{
	int err = 0;

	for (uint64_t at = b->start; at < b->end && !err; at += WORD) {
		uint64_t word = v8_copy_word(&s->outside->memory, at);

		err = v8_roots_add(s->roots, word);
		if (!err)
			err = note_block(s, word);
	}
	return err;
}

static int take_steps(struct search *s)
{
	int err = 0;

	for (size_t i = 0; i < s->outside->seed_count && !err; i++)
		err = look_into(
			s, &(struct block){ s->outside->seeds[i].start, s->outside->seeds[i].end });
	for (int step = 0; step < STEPS_MAX && !err; step++) {
		struct blocks done = s->pending;

		s->pending = s->next;
		s->next = done;
		s->next.len = 0;
		for (size_t i = 0; i < s->pending.len && !err; i++)
			err = look_into(s, &s->pending.at[i]);
	}
	return err;
}

/* --- global handles --------------------------------------------------------------------------- */

static uint8_t number_of(const uint64_t *handle)
{
	return (uint8_t)(handle[1] >> 16);
}

/* How many handles with numbers in a row begin at @words. */
static size_t count_handles(const uint64_t *words, size_t count)
{
	size_t n = 1;

	if (count < HANDLE_WORDS)
		return 0;
	while ((n + 1) * HANDLE_WORDS <= count &&
	       number_of(words + n * HANDLE_WORDS) ==
		       (uint8_t)(number_of(words + (n - 1) * HANDLE_WORDS) + 1) &&
	       number_of(words + n * HANDLE_WORDS))
		n++;
	return n;
}

static int add_handles(struct search *s, const uint64_t *words, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		const uint64_t *handle = words + i * HANDLE_WORDS;

		if ((handle[1] >> 24 & 3) == STATE_STRONG)
			err = v8_roots_add(s->roots, handle[0]);
	}
	return err;
}

static int find_handles(struct search *s, const struct v8_copied_page *p)
{
	size_t count = p->len / WORD, n;
	const uint64_t *words = (const uint64_t *)(const void *)p->bytes;
	int err = 0;

	for (size_t i = 0; i < count && !err; i += n) {
		size_t handles = count_handles(words + i, count - i);

		n = 2; /* blocks begin at multiples of 16 bytes */
		if (handles < HANDLES_ALIKE)
			continue;
		err = add_handles(s, words + i, handles);
		n = handles * HANDLE_WORDS;
	}
	return err;
}

static int begin(struct search *s)
{
	const struct v8_copy *memory = &s->outside->memory;
	size_t bits = 0;

	s->first_bit = calloc(memory->page_count + 1, sizeof(*s->first_bit));
	for (size_t i = 0; s->first_bit && i < memory->page_count; i++) {
		s->first_bit[i] = bits;
		bits += memory->pages[i].len / WORD + 1;
	}
	s->seen = calloc(bits / 64 + 1, sizeof(*s->seen));
	return s->first_bit && s->seen ? 0 : -ENOMEM;
}

int v8_roots_find(const struct v8_outside *outside, struct v8_roots *roots)
{
	struct search s = { .outside = outside, .roots = roots };
	int err = begin(&s);

	if (!err)
		err = take_steps(&s);
	for (size_t i = 0; i < outside->memory.page_count && !err; i++)
		err = find_handles(&s, &outside->memory.pages[i]);
	free(s.seen);
	free(s.first_bit);
	free(s.pending.at);
	free(s.next.at);
	return err;
}
