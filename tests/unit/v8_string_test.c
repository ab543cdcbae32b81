// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Strings of V8 of each representation, and such as no honest process has. */
#include "symbol/v8_string.h"

#include "symbol/v8_lines.h"
#include "symbol/v8_script.h"
#include "tap.h"
#include "v8_heap.h"

static void check(struct v8_heap *h, uint64_t word, const char *want, const char *what)
{
	char text[TEXT_MAX] = "";
	int err;

	v8_memory_begin(&h->memory);
	err = v8_string_read(&h->memory, word, text);
	is_int(err, 0, "%s: read", what);
	is_text(text, want, "%s: its text", what);
}

static void check_reason(struct v8_heap *h, uint64_t word, int want, const char *what)
{
	char text[TEXT_MAX];
	uint64_t reads = h->counts.read_count;

	v8_memory_begin(&h->memory);
	is_int(v8_string_read(&h->memory, word, text), want, "%s: refused", what);
	ok(h->counts.read_count - reads < 2000, "%s: after %llu reads", what,
	   (unsigned long long)(h->counts.read_count - reads));
}

static void test_kinds(struct v8_heap *h)
{
	static const uint16_t units[] = { 0x66, 0x2022, 0xd83d, 0xde00, 0xd800 };
	uint64_t abc = v8_heap_text(h, "abc"), def = v8_heap_text(h, "def\xe9");
	uint64_t cons = v8_heap_string(h, CONS, 7, abc, def);
	uint64_t sliced = v8_heap_string(h, SLICED, 4, cons, v8_heap_smi(2));
	uint64_t thin = v8_heap_string(h, THIN, 4, sliced, 0);
	uint64_t outside = v8_heap_string(h, EXTERNAL, 2, 0x1234, abc - 1 + 16);

	check(h, v8_heap_text(h, ""), "", "empty");
	check(h, abc, "abc", "one byte");
	check(h, def, "defé", "Latin-1");
	check(h, v8_heap_wide(h, units, 4), "f\u2022\U0001f600", "two bytes");
	check(h, v8_heap_wide(h, units, 5), "f\u2022\U0001f600\\xed\\xa0\\x80", "half of a pair");
	check(h, cons, "abcdefé", "joined");
	check(h, sliced, "cdef", "a part, over the joint");
	check(h, thin, "cdef", "moved");
	check(h, v8_heap_string(h, CONS, 11, cons, thin), "abcdefécdef", "all of it");
	check(h, outside, "ab", "outside of the heap");
	check(h, v8_heap_text(h, "a\nb\x1b[1m"), "a\\x0ab\\x1b[1m", "controls");
}

static void test_long(struct v8_heap *h)
{
	char text[3000];
	uint64_t word;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	word = v8_heap_text(h, text);
	text[TEXT_MAX - 1] = '\0';
	memcpy(text + TEXT_MAX - 4, "...", 3);
	check(h, word, text, "long");
	v8_heap_set_length(h, word, 1u << 30);
	check_reason(h, word, V8_TOO_LONG, "1 GiB");
	v8_heap_set_length(h, word, UINT32_MAX);
	check_reason(h, word, V8_TOO_LONG, "4 GiB");
}

static void test_lies(struct v8_heap *h)
{
	uint64_t abc = v8_heap_text(h, "abc");
	uint64_t own = v8_heap_string(h, CONS, 2000, 0, 0);
	uint64_t thin = v8_heap_string(h, THIN, 3, 0, 0);
	uint64_t sliced = v8_heap_string(h, SLICED, 3, 0, v8_heap_smi(0));
	uint64_t nested = abc;

	v8_heap_set(h, own, 16, own);
	v8_heap_set(h, own, 24, own);
	v8_heap_set(h, thin, 16, thin);
	v8_heap_set(h, sliced, 16, sliced);
	check_reason(h, own, V8_CYCLIC, "joined with itself");
	check_reason(h, thin, V8_CYCLIC, "moved to itself");
	check_reason(h, sliced, V8_CYCLIC, "a part of itself");
	for (int i = 0; i < 10000; i++)
		nested = v8_heap_string(h, CONS, 3, nested, abc);
	check_reason(h, nested, V8_CYCLIC, "joined 10,000 times");
	check_reason(h, v8_heap_string(h, CONS, 7, abc, abc), V8_WRONG_TYPE, "parts too short");
	check_reason(h, v8_heap_string(h, SLICED, 3, abc, v8_heap_smi(1)), V8_WRONG_TYPE,
		     "a part that ends behind the whole");
	check_reason(h, v8_heap_string(h, SLICED, 3, abc, v8_heap_smi(-1)), V8_WRONG_TYPE,
		     "a part that begins before the whole");
	check_reason(h, v8_heap_string(h, SLICED, 3, abc, abc), V8_WRONG_TYPE, "no offset");
	check_reason(h, v8_heap_string(h, CONS, 3, 0x7011111111111111, abc), V8_UNMAPPED,
		     "part at an address that is none");
	check_reason(h, v8_heap_string(h, CONS, 3, v8_heap_smi(3), abc), V8_WRONG_TYPE,
		     "a number as part");
	check_reason(h, v8_heap_object(h, h->image.offsets.type_shared, 64), V8_WRONG_TYPE,
		     "a function");
	check_reason(h, v8_heap_string(h, EXTERNAL, 2, 1, 0xffffffffffffffff), V8_UNMAPPED,
		     "outside, at the end of memory");
	check_reason(h, v8_heap_string(h, EXTERNAL | 0x10, 2, 1, HEAP_BASE), V8_WRONG_TYPE,
		     "outside, at an address not kept");
	check_reason(h, 0, V8_WRONG_TYPE, "zero");
	check_reason(h, abc + 2, V8_WRONG_TYPE, "a weak pointer");
	check_reason(h, 1, V8_UNMAPPED, "an object at 0");
}

static void check_lines(struct v8_heap *h, uint64_t ends, uint64_t source, int want,
			const char *want_ends)
{
	struct v8_lines lines = { 0 };
	char text[256] = "";
	size_t len = 0;
	int err;

	v8_memory_begin(&h->memory);
	err = v8_lines_read(&h->memory, ends, source, 100, &lines);
	is_int(err, want, "lines: %s", want_ends);
	for (size_t i = 0; !err && i < lines.len; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%u ", lines.at[i]);
	is_text(text, want_ends, "ends of lines: %s", want_ends);
	free(lines.at);
}

static uint64_t smis(struct v8_heap *h, uint32_t length, uint32_t first, uint32_t second)
{
	uint64_t array = v8_heap_object(h, h->image.offsets.type_array, 32);

	v8_heap_set(h, array, 8, v8_heap_smi((int32_t)length));
	v8_heap_set(h, array, 16, v8_heap_smi((int32_t)first));
	v8_heap_set(h, array, 24, v8_heap_smi((int32_t)second));
	return array;
}

static void test_lines(struct v8_heap *h)
{
	static const uint16_t wide[] = { 'a', 0x2028, 'b', '\r', 0x2029, 'c', 0x0a0a, '\n' };
	uint64_t huge = v8_heap_text(h, "a\nb");

	check_lines(h, 0, v8_heap_text(h, ""), 0, "0 ");
	check_lines(h, 0, v8_heap_text(h, "ab\ncd\r\ne\rf\n"), 0, "2 6 8 10 11 ");
	check_lines(h, 0, v8_heap_text(h, "\r"), 0, "1 ");
	check_lines(h, 0, v8_heap_wide(h, wide, 8), 0, "1 3 4 7 8 ");
	check_lines(h, smis(h, 2, 3, 9), 0, 0, "3 9 ");
	check_lines(h, smis(h, 2, 9, 3), v8_heap_text(h, "a\nb"), 0, "1 3 ");
	check_lines(h, smis(h, 0x7fffffff, 1, 2), v8_heap_text(h, "x"), 0, "1 ");
	check_lines(h, 0, 0, V8_WRONG_TYPE, "");
	v8_heap_set_length(h, huge, 1u << 30);
	check_lines(h, 0, huge, V8_TOO_LONG, "");
	v8_heap_set_length(h, huge, V8_MAX_SOURCE_CHARS);
	check_lines(h, 0, huge, V8_UNMAPPED, "");
}

static void test_budget(struct v8_heap *h)
{
	uint64_t word;
	int err = 0, reads = 0;

	v8_memory_begin(&h->memory);
	for (; !err && reads < 2 * V8_MAX_READS; reads++)
		err = v8_memory_read(&h->memory, HEAP_BASE, &word, sizeof(word));
	is_int(err, V8_TOO_LONG, "reads of a question end");
	is_int(reads, V8_MAX_READS + 1, "after so many");
	v8_memory_begin(&h->memory);
	is_int(v8_memory_read(&h->memory, HEAP_BASE, NULL, V8_MAX_BYTES + 1ul), V8_TOO_LONG,
	       "so do bytes");
	is_int(v8_memory_read(&h->memory, UINT64_MAX - 3, &word, sizeof(word)), V8_UNMAPPED,
	       "memory has an end");
}

int main(void)
{
	static struct v8_heap heap;

	v8_heap_init(&heap);
	test_kinds(&heap);
	test_long(&heap);
	test_lies(&heap);
	test_lines(&heap);
	test_budget(&heap);
	return tap_done();
}
