// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Code in a heap made by hand: found by address, replaced, with tables that are right or lie. */
#include "symbol/v8_code.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"
#include "v8_heap.h"

#define TURBOFAN    12
#define CODE_BYTES  400
#define NOT_INLINED 0

struct fixture {
	struct v8_heap heap;
	struct v8_codes codes;
	uint64_t stream_map;
};

static uint64_t address_of(uint64_t word)
{
	return word - 1;
}

/* The tagged Code of new code, whose instructions start at *ret_start. */
static uint64_t make_code(struct fixture *f, uint32_t size, uint64_t *ret_start)
{
	struct v8_heap *h = &f->heap;
	uint64_t code = v8_heap_object(h, h->image.offsets.type_code, 96);
	uint64_t stream;

	h->used = (h->used + 63) & ~63ul;
	h->used += 32; /* so that instructions are aligned */
	stream = v8_heap_room(h, 32 + size + 64);
	if (!f->stream_map) {
		uint64_t first = v8_heap_object(h, h->image.offsets.type_stream, 16);

		memcpy(&f->stream_map, h->bytes + (first - 1 - HEAP_BASE), 8);
	}
	v8_heap_set(h, stream, 0, f->stream_map);
	v8_heap_set(h, stream, 8, code);
	*ret_start = address_of(stream) + 32;
	v8_heap_set(h, code, 40, *ret_start);
	v8_heap_set(h, code, 48, (uint64_t)TURBOFAN << 32);
	v8_heap_set(h, code, 56, size);
	return code;
}

static int find(struct fixture *f, uint64_t pc, struct v8_code *ret_code)
{
	v8_memory_begin(&f->heap.memory);
	return v8_code_find(&f->codes, pc, ret_code);
}

static void test_find(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	uint64_t start, far_start;
	uint64_t first = make_code(f, CODE_BYTES, &start);
	uint64_t far = make_code(f, 100000, &far_start);
	struct v8_code code = { 0 };

	is_int(find(f, start, &code), 0, "the first instruction");
	is_int(code.word, first, "its Code");
	is_int(code.size, CODE_BYTES, "its size");
	is_int(code.kind, TURBOFAN, "its kind");
	is_int(find(f, start + CODE_BYTES - 1, &code), 0, "the last byte");
	is_int(find(f, start + CODE_BYTES, &code), V8_NO_CODE, "the byte behind");
	is_int(find(f, start - 1, &code), V8_NO_CODE, "the byte before");
	is_int(find(f, far_start + 99999, &code), 0, "the end of a long one");
	is_int(code.word, far, "it is that");
	is_int(find(f, HEAP_BASE + 9000, &code), V8_NO_CODE, "near the begin of what is mapped");
	is_int(find(f, HEAP_BASE + HEAP_BYTES + 64, &code), V8_NO_CODE, "no memory");
	is_int(find(f, 0, &code), V8_NO_CODE, "address 0");
	is_int(find(f, UINT64_MAX, &code), V8_NO_CODE, "the last address");
	v8_heap_set(h, first, 56, CODE_BYTES / 2);
	is_int(find(f, start + CODE_BYTES - 1, &code), V8_NO_CODE, "it is shorter now");
	v8_heap_set(h, first, 56, V8_CODE_SIZE_MAX + 1);
	is_int(find(f, start, &code), V8_NO_CODE, "no code is that long");
	v8_heap_set(h, first, 56, CODE_BYTES);
	v8_heap_set(h, first, 40, start + 32);
	is_int(find(f, start, &code), V8_NO_CODE, "a Code that points elsewhere");
}

static void test_replaced(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	uint64_t start, other_start;
	uint64_t first = make_code(f, CODE_BYTES, &start);
	uint64_t other = make_code(f, CODE_BYTES, &other_start);
	struct v8_code code = { 0 };

	must(!find(f, start, &code));
	v8_code_note(&f->codes, &code, 0x1234567);
	must(!find(f, start + 8, &code));
	is_int(code.shared, 0x1234567, "its function is remembered");
	/* Another one was put at this place. */
	v8_heap_set(h, start - 32 + 1, 8, other);
	v8_heap_set(h, other, 40, start);
	is_int(find(f, start + 8, &code), 0, "another code at the place");
	is_int(code.word, other, "is found");
	is_int(code.shared, 0, "the function of the first is forgotten");
	v8_heap_set(h, start - 32 + 1, 0, v8_heap_smi(0));
	v8_heap_set(h, start - 32 + 1, 8, v8_heap_smi(0));
	is_int(find(f, start + 8, &code), V8_NO_CODE, "and then nothing");
	v8_heap_set(h, start - 32 + 1, 8, first);
	is_int(find(f, start + 8, &code), V8_NO_CODE, "without a map it is none");
}

static uint64_t make_bytes(struct v8_heap *h, const void *bytes, size_t len)
{
	uint64_t word = v8_heap_object(h, h->image.offsets.type_trusted_bytes, 16 + len);

	v8_heap_set(h, word, 8, v8_heap_smi((int32_t)len));
	memcpy(h->bytes + (word - 1 - HEAP_BASE) + 16, bytes, len);
	return word;
}

static uint64_t make_array(struct v8_heap *h, int32_t type, const uint64_t *words, size_t len)
{
	uint64_t word = v8_heap_object(h, type, 16 + 8 * len);

	v8_heap_set(h, word, 8, v8_heap_smi((int32_t)len));
	memcpy(h->bytes + (word - 1 - HEAP_BASE) + 16, words, 8 * len);
	return word;
}

struct table {
	uint8_t bytes[256];
	size_t len;
	int64_t offset, position;
	bool is_new;
};

static void put_number(struct table *t, int64_t number)
{
	uint64_t left = (uint64_t)number << 1 ^ -(uint64_t)(number < 0);

	do {
		must(t->len < sizeof(t->bytes));
		t->bytes[t->len++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
		left >>= 7;
	} while (left);
}

static uint64_t position_of(int64_t offset, int64_t inlining)
{
	return (uint64_t)(inlining << 31 | (offset + 1) << 1);
}

/* As before V8 14, or since. */
static void put_position(struct table *t, int64_t offset, bool is_statement, uint64_t position)
{
	int64_t step = offset - t->offset;

	if (t->is_new)
		put_number(t, step << 1 | !is_statement);
	else
		put_number(t, is_statement ? step : -step - 1);
	put_number(t, (int64_t)position - t->position);
	t->offset = offset;
	t->position = (int64_t)position;
}

struct inlining {
	uint64_t position;
	int32_t function, unused;
};

/* Three functions: 0x1001 called by 0x2001, called by the code's own; 0x3001 too. And a builtin. */
static void make_tables(struct fixture *f, struct v8_code *code)
{
	static const uint64_t functions[] = { 0x1003, 0x2003, 0x3001 };
	static const struct inlining inlinings[] = { { 0, 1, 0 },   /* 1: 0x2001 */
						     { 0, 0, 0 },   /* 2: 0x1001, in 1 */
						     { 0, 2, 0 },   /* 3: 0x3001 */
						     { 0, -1, 0 },  /* 4: a builtin, in 3 */
						     { 0, 9, 0 },   /* 5: a function that is none */
						     { 0, 2, 0 } }; /* 6: in itself */
	struct v8_heap *h = &f->heap;
	struct inlining own[6];
	uint64_t words[9] = { 0 };
	struct table t = { .is_new = h->image.offsets.position_shift };

	memcpy(own, inlinings, sizeof(own));
	own[0].position = position_of(50, NOT_INLINED);
	own[1].position = position_of(20, 1);
	own[2].position = position_of(60, NOT_INLINED);
	own[3].position = position_of(3, 3);
	own[5].position = position_of(3, 6);
	put_position(&t, 4, true, position_of(10, NOT_INLINED));
	put_position(&t, 10, false, position_of(200, 2));
	put_position(&t, 20, false, position_of(5, NOT_INLINED));
	put_position(&t, 300, true, position_of(70000, 4));
	put_position(&t, 310, true, position_of(1, 5));
	put_position(&t, 320, true, position_of(1, 6));
	put_position(&t, 330, true, position_of(1, 7));
	words[3] = make_array(h, h->image.offsets.type_trusted_weak_array, functions, 3);
	words[8] = make_bytes(h, own, sizeof(own));
	code->positions = make_bytes(h, t.bytes, t.len);
	code->deopt = make_array(h, h->image.offsets.type_protected_array, words, 9);
}

static void test_inlined(struct fixture *f)
{
	static const struct {
		uint32_t offset;
		int want;
		const char *functions;
	} cases[] = {
		{ 0, 0, "" },
		{ 4, 0, "" },
		{ 9, 0, "" },
		{ 10, 0, "1001 2001 " },
		{ 19, 0, "1001 2001 " },
		{ 20, 0, "" },
		{ 299, 0, "" },
		{ 300, 0, "3001 " },
		{ 310, V8_WRONG_TYPE, "" },
		{ 320, V8_CYCLIC, NULL },
		{ 330, V8_WRONG_TYPE, "" },
	};
	struct v8_code code = { 0 };

	make_tables(f, &code);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct v8_inlined inlined = { 0 };
		char got[512] = "";
		size_t len = 0;

		v8_memory_begin(&f->heap.memory);
		is_int(v8_code_inlined(&f->heap.memory, &code, cases[i].offset, &inlined),
		       cases[i].want, "inlined at %u", cases[i].offset);
		must(inlined.len <= V8_INLINED_MAX);
		for (size_t k = 0; k < inlined.len; k++)
			len += (size_t)snprintf(got + len, sizeof(got) - len, "%llx ",
						(unsigned long long)inlined.shared[k]);
		if (cases[i].functions) {
			is_text(got, cases[i].functions, "functions at %u", cases[i].offset);
		}
	}
}

/* Positions were not written down: what was inlined is lost, if anything was. */
static void test_none(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	struct v8_code code = { 0 };
	struct v8_inlined inlined = { 0 };
	uint64_t words[9] = { 0 };

	make_tables(f, &code);
	code.positions = make_bytes(h, "", 0);
	v8_memory_begin(&h->memory);
	is_int(v8_code_inlined(&h->memory, &code, 10, &inlined), 0,
	       "no positions, nothing inlined");
	words[1] = v8_heap_smi(2);
	code.deopt = make_array(h, h->image.offsets.type_protected_array, words, 9);
	is_int(v8_code_inlined(&h->memory, &code, 10, &inlined), V8_WRONG_TYPE,
	       "no positions, something inlined");
}

static void test_bad_tables(struct fixture *f)
{
	static const uint8_t endless[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct v8_heap *h = &f->heap;
	struct v8_code code = { 0 };
	struct v8_inlined inlined = { 0 };
	uint64_t shared;

	v8_memory_begin(&h->memory);
	make_tables(f, &code);
	code.positions = make_bytes(h, endless, sizeof(endless));
	is_int(v8_code_inlined(&h->memory, &code, 4, &inlined), V8_WRONG_TYPE, "an endless number");
	code.positions = make_bytes(h, endless, 3);
	is_int(v8_code_inlined(&h->memory, &code, 4, &inlined), V8_WRONG_TYPE, "a number cut off");
	v8_heap_set(h, code.positions, 8, v8_heap_smi(1 << 30));
	is_int(v8_code_inlined(&h->memory, &code, 4, &inlined), V8_TOO_LONG, "a table of 1 GiB");
	v8_heap_set(h, code.positions, 8, v8_heap_smi(-1));
	is_int(v8_code_inlined(&h->memory, &code, 4, &inlined), V8_WRONG_TYPE, "of length -1");
	code.positions = code.deopt;
	is_int(v8_code_inlined(&h->memory, &code, 4, &inlined), V8_WRONG_TYPE, "no bytes");
	is_int(v8_code_function(&h->memory, &code, &shared), V8_WRONG_TYPE, "no wrapper");
	code.deopt = v8_heap_smi(0);
	is_int(v8_code_function(&h->memory, &code, &shared), V8_WRONG_TYPE, "no data");
}

static void test_function(struct fixture *f)
{
	struct v8_heap *h = &f->heap;
	uint64_t wrapper = v8_heap_object(h, h->image.offsets.type_wrapper, 16);
	uint64_t words[9] = { 0 }, shared = 0;
	struct v8_code code = { 0 };

	words[7] = wrapper;
	v8_heap_set(h, wrapper, 8, 0x4321);
	code.deopt = make_array(h, h->image.offsets.type_protected_array, words, 9);
	v8_memory_begin(&h->memory);
	is_int(v8_code_function(&h->memory, &code, &shared), 0, "the function of code");
	is_int(shared, 0x4321, "in its wrapper");
}

static void test_failing_allocation(struct fixture *f)
{
	uint64_t start;
	struct v8_code code;
	int err;

	(void)make_code(f, CODE_BYTES, &start);
	v8_codes_done(&f->codes);
	failing_alloc_start(1);
	err = find(f, start, &code);
	ok(failing_alloc_stop(), "an allocation failed");
	is_int(err, -ENOMEM, "and is told");
	is_int(find(f, start, &code), 0, "found later");
}

int main(void)
{
	static struct fixture f;

	v8_heap_init(&f.heap);
	f.heap.used = 8192; /* what is scanned begins before the first code */
	f.codes.memory = &f.heap.memory;
	test_find(&f);
	test_replaced(&f);
	test_inlined(&f);
	f.heap.image.offsets.position_shift = 1;
	test_inlined(&f);
	f.heap.image.offsets.position_shift = 0;
	test_none(&f);
	test_bad_tables(&f);
	test_function(&f);
	test_failing_allocation(&f);
	v8_codes_done(&f.codes);
	return tap_done();
}
