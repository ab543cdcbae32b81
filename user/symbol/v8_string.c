// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Takes V8's strings together, piece by piece, without recursion. */
#include "symbol/v8_string.h"

#include <string.h>

#define MAX_PENDING 32	/* joined strings nest to the left mostly */
#define MAX_STEPS   256 /* strings looked at for one text: one that contains itself never ends */
#define MAX_CHARS   TEXT_MAX
/* In the type: the address of an external string's characters is not in it. */
#define UNCACHED 0x10

struct piece {
	uint64_t string;
	uint32_t from, len; /* characters */
};

struct joining {
	struct piece pending[MAX_PENDING]; /* the next one last */
	size_t pending_len;
	unsigned int steps;
	char utf8[MAX_CHARS * 4];
	size_t len;
	uint32_t lead; /* first half of a character of two, 0 none */
};

static int32_t representation(const struct v8_offsets *o, const struct v8_object *s)
{
	return s->type & o->representation_mask;
}

static int read_string(struct v8_memory *m, uint64_t word, struct v8_object *ret_object)
{
	int err = v8_object_read(m, word, ret_object);

	return !err && ret_object->type >= m->o->string_limit ? V8_WRONG_TYPE : err;
}

/* The characters of @s itself; false when they are in other strings. */
static bool own_chars(const struct v8_offsets *o, const struct v8_object *s,
		      struct v8_chars *ret_chars)
{
	ret_chars->length = v8_object_half(s, o->string_length);
	ret_chars->is_wide = (s->type & o->encoding_mask) != o->one_byte_tag;
	if (representation(o, s) == o->seq_tag) {
		ret_chars->address = s->address + (uint64_t)o->string_chars;
		return true;
	}
	if (representation(o, s) != o->external_tag || s->type & UNCACHED)
		return false;
	ret_chars->address = v8_object_word(s, o->string_data);
	return ret_chars->address != 0;
}

static void add_code(struct joining *j, uint32_t code)
{
	char *at = j->utf8 + j->len;

	if (j->len + 4 > sizeof(j->utf8))
		return;
	if (code < 0x80) {
		at[0] = (char)code;
		j->len += 1;
	} else if (code < 0x800) {
		at[0] = (char)(0xc0 | code >> 6);
		at[1] = (char)(0x80 | (code & 0x3f));
		j->len += 2;
	} else if (code < 0x10000) {
		at[0] = (char)(0xe0 | code >> 12);
		at[1] = (char)(0x80 | (code >> 6 & 0x3f));
		at[2] = (char)(0x80 | (code & 0x3f));
		j->len += 3;
	} else {
		at[0] = (char)(0xf0 | code >> 18);
		at[1] = (char)(0x80 | (code >> 12 & 0x3f));
		at[2] = (char)(0x80 | (code >> 6 & 0x3f));
		at[3] = (char)(0x80 | (code & 0x3f));
		j->len += 4;
	}
}

/* A half without its other one becomes what cleaning makes of it. */
static void add_unit(struct joining *j, uint16_t unit)
{
	if (j->lead && unit >= 0xdc00 && unit < 0xe000) {
		add_code(j, 0x10000 + ((j->lead - 0xd800) << 10) + (unit - 0xdc00u));
		j->lead = 0;
		return;
	}
	if (j->lead)
		add_code(j, j->lead);
	j->lead = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
	if (!j->lead)
		add_code(j, unit);
}

static int add_chars(struct v8_memory *m, struct joining *j, const struct v8_chars *chars,
		     const struct piece *p)
{
	uint8_t raw[MAX_CHARS * 2];
	uint32_t len = p->len < MAX_CHARS ? p->len : MAX_CHARS;
	size_t width = chars->is_wide ? 2 : 1;
	int err;

	if (p->from > chars->length || p->len > chars->length - p->from)
		return V8_WRONG_TYPE;
	err = len ? v8_memory_read(m, chars->address + p->from * width, raw, len * width) : 0;
	for (uint32_t i = 0; !err && i < len; i++) {
		uint16_t unit = raw[i];

		if (chars->is_wide)
			memcpy(&unit, raw + 2ul * i, sizeof(unit));
		add_unit(j, unit);
	}
	return err;
}

static int push(struct joining *j, uint64_t string, uint32_t from, uint32_t len)
{
	if (!len)
		return 0;
	if (j->pending_len == MAX_PENDING)
		return V8_CYCLIC;
	j->pending[j->pending_len++] = (struct piece){ string, from, len };
	return 0;
}

/* The parts of @p that lie in the two strings that @s joins. */
static int split(struct v8_memory *m, struct joining *j, const struct v8_object *s,
		 const struct piece *p)
{
	uint64_t first = v8_object_word(s, m->o->cons_first);
	uint64_t second = v8_object_word(s, m->o->cons_second);
	struct v8_object object;
	uint32_t middle, end = p->from + p->len;
	int err = read_string(m, first, &object);

	if (err)
		return err;
	middle = v8_object_half(&object, m->o->string_length);
	if (end > middle) {
		uint32_t from = p->from > middle ? p->from - middle : 0;

		err = push(j, second, from, end - middle - from);
	}
	if (!err && p->from < middle)
		err = push(j, first, p->from, (end < middle ? end : middle) - p->from);
	return err;
}

static int add_piece(struct v8_memory *m, struct joining *j, const struct piece *p)
{
	const struct v8_offsets *o = m->o;
	struct v8_object s;
	struct v8_chars chars;
	uint64_t offset;
	int err = read_string(m, p->string, &s);

	if (err)
		return err;
	if (own_chars(o, &s, &chars))
		return add_chars(m, j, &chars, p);
	if (p->from > chars.length || p->len > chars.length - p->from)
		return V8_WRONG_TYPE;
	if (representation(o, &s) == o->cons_tag)
		return split(m, j, &s, p);
	if (representation(o, &s) == o->thin_tag)
		return push(j, v8_object_word(&s, o->thin_actual), p->from, p->len);
	offset = v8_object_word(&s, o->sliced_offset);
	if (representation(o, &s) != o->sliced_tag || !v8_is_smi(offset) || v8_smi(offset) < 0 ||
	    p->from > INT32_MAX)
		return V8_WRONG_TYPE;
	return push(j, v8_object_word(&s, o->sliced_parent), p->from + (uint32_t)v8_smi(offset),
		    p->len);
}

int v8_string_read(struct v8_memory *m, uint64_t word, char ret_text[TEXT_MAX])
{
	struct joining j = { .len = 0 };
	struct v8_object s;
	uint32_t length;
	int err = read_string(m, word, &s);

	if (err)
		return err;
	length = v8_object_half(&s, m->o->string_length);
	if (length > V8_NAME_MAX)
		return V8_TOO_LONG;
	err = push(&j, word, 0, length < MAX_CHARS ? length : MAX_CHARS);
	while (!err && j.pending_len) {
		struct piece next = j.pending[--j.pending_len];

		err = ++j.steps > MAX_STEPS ? V8_CYCLIC : add_piece(m, &j, &next);
	}
	if (err)
		return err;
	if (j.lead)
		add_code(&j, j.lead);
	(void)text_clean(j.utf8, j.len, ret_text, TEXT_MAX);
	return 0;
}

int v8_string_flat(struct v8_memory *m, uint64_t word, struct v8_chars *ret_chars)
{
	const struct v8_offsets *o = m->o;
	uint32_t from = 0, length = 0;

	for (int step = 0; step < 8; step++) {
		struct v8_object s;
		int err = read_string(m, word, &s);
		bool is_own = !err && own_chars(o, &s, ret_chars);

		if (err)
			return err;
		if (!step)
			length = ret_chars->length;
		if (is_own && (from > ret_chars->length || length > ret_chars->length - from))
			return V8_WRONG_TYPE;
		if (is_own) {
			ret_chars->address += (uint64_t)from << ret_chars->is_wide;
			ret_chars->length = length;
			return 0;
		}
		if (representation(o, &s) == o->sliced_tag) {
			from += (uint32_t)v8_smi(v8_object_word(&s, o->sliced_offset));
			word = v8_object_word(&s, o->sliced_parent);
		} else if (representation(o, &s) == o->thin_tag) {
			word = v8_object_word(&s, o->thin_actual);
		} else if (representation(o, &s) == o->cons_tag) {
			/* Once copied together, the first part is all of it. */
			word = v8_object_word(&s, o->cons_first);
		} else {
			return V8_WRONG_TYPE;
		}
	}
	return V8_CYCLIC;
}
