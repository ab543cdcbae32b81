// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ids are sorted by their digits; numbers are packed seven bits to a byte, the lowest first. */
#include "heap/objects.h"

#include <errno.h>
#include <stdlib.h>

#define DIGIT_BITS 11
#define DIGITS	   (1u << DIGIT_BITS)
#define ID_SHIFT   32
#define MAX_PACKED 20 /* bytes of one object: 5 of the id, 5 of the class, 10 of its size */

/* --- sorted ----------------------------------------------------------------------------------- */

static void sort_by_digit(const uint64_t *from, uint64_t *to, size_t len, unsigned int shift)
{
	size_t at[DIGITS + 1] = { 0 };

	for (size_t i = 0; i < len; i++)
		at[(from[i] >> shift & (DIGITS - 1)) + 1]++;
	for (size_t d = 1; d <= DIGITS; d++)
		at[d] += at[d - 1];
	for (size_t i = 0; i < len; i++)
		to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

int objects_sort(const struct snapshot *s, uint64_t **ret_keys, size_t *ret_len)
{
	uint64_t *keys = reallocarray(NULL, s->node_count, sizeof(*keys));
	uint64_t *spare = reallocarray(NULL, s->node_count, sizeof(*spare));
	uint32_t used_bits = 0;
	size_t len = 0;

	if (!keys || !spare) {
		free(keys);
		free(spare);
		return -ENOMEM;
	}
	for (uint32_t n = 0; n < s->node_count; n++) {
		if (!s->size[n])
			continue;
		keys[len++] = (uint64_t)s->id[n] << ID_SHIFT | n;
		used_bits |= s->id[n];
	}
	for (unsigned int shift = 0; shift < 32 && used_bits >> shift; shift += DIGIT_BITS) {
		uint64_t *sorted = spare;

		sort_by_digit(keys, sorted, len, ID_SHIFT + shift);
		spare = keys;
		keys = sorted;
	}
	free(spare);
	*ret_keys = keys;
	*ret_len = len;
	return 0;
}

/* --- packed ----------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static uint64_t take(const uint8_t **at)
{
	uint64_t value = 0;
	uint8_t byte;

	for (unsigned int shift = 0;; shift += 7) {
		byte = *(*at)++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
}

/* Room for one more. */
static int grow(struct objects *o, size_t *cap)
{
	size_t want = *cap + *cap / 2 + 4096;
	uint8_t *grown;

	if (*cap - o->packed_len >= MAX_PACKED)
		return 0;
	grown = realloc(o->packed, want);
	if (!grown)
		return -ENOMEM;
	o->packed = grown;
	*cap = want;
	return 0;
}

static int pack(const struct snapshot *s, const uint32_t *class, const uint64_t *keys,
		struct objects *o)
{
	uint32_t last_id = 0;
	size_t cap = 0;

	for (size_t i = 0; i < o->len; i++) {
		uint32_t node = (uint32_t)keys[i], id = (uint32_t)(keys[i] >> ID_SHIFT);
		uint8_t *at;

		if (grow(o, &cap))
			return -ENOMEM;
		at = put(o->packed + o->packed_len, id - last_id);
		at = put(at, class[node]);
		at = put(at, s->size[node]);
		o->packed_len = (size_t)(at - o->packed);
		last_id = id;
		if (id % 2)
			o->newest = id;
	}
	return 0;
}

int objects_pack(const struct snapshot *s, const uint32_t *class, struct objects *ret)
{
	struct objects o = { 0 };
	uint64_t *keys = NULL;
	int err = objects_sort(s, &keys, &o.len);

	if (!err)
		err = pack(s, class, keys, &o);
	free(keys);
	if (err)
		objects_done(&o);
	else
		*ret = o;
	return err;
}

void objects_done(struct objects *o)
{
	free(o->packed);
	*o = (struct objects){ 0 };
}

bool objects_next(struct objects_cursor *c)
{
	if (c->at == c->end)
		return false;
	c->id += (uint32_t)take(&c->at);
	c->class = (uint32_t)take(&c->at);
	c->bytes = take(&c->at);
	return true;
}
