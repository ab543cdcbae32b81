// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Getters worked out: Heap::MaxReserved as four versions of V8 have it, and what is not understood.
 */
#include "symbol/getter.h"

#include "failing_alloc.h"
#include "gc_memory.h"
#include "tap.h"

#define ADDRESS 0x400000ull
#define OBJECT	0x500000ull
#define FLAGS	0x600000ull

struct program {
	const char *what;
	const uint8_t *code;
	size_t len;
	int err;
	uint64_t want;
};

#define CODE(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* Members of the object: 0x30 is 16, 0x48 300, 0x50 400, 0xc8 17, 0xe0 500; the flags' byte 1. */
static int read_memory(const struct reader *r, uint64_t addr, void *buf, size_t len)
{
	static const struct {
		uint64_t at, value;
	} members[] = { { OBJECT + 0x30, 16 }, { OBJECT + 0x48, 300 }, { OBJECT + 0x50, 400 },
			{ OBJECT + 0xc8, 17 }, { OBJECT + 0xe0, 500 }, { FLAGS, 0x101 } };

	(void)r;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (members[i].at == addr) {
			memcpy(buf, &members[i].value, len);
			return 0;
		}
	return -EFAULT;
}

/* To FLAGS from the end of an instruction at so many bytes. */
#define RIP(end)                                                                                   \
	(FLAGS - ADDRESS - (end)) & 0xff, (FLAGS - ADDRESS - (end)) >> 8 & 0xff,                   \
		(FLAGS - ADDRESS - (end)) >> 16 & 0xff, 0

static const struct program programs[] = {
	{ "V8 10 and 11",
	  CODE(0x48, 0x8b, 0x87, 0xc8, 0, 0, 0, 0x48, 0x8b, 0x97, 0xe0, 0, 0, 0, 0x48, 0x8d, 0x04,
	       0x40, 0x48, 0x01, 0xd0, 0xc3),
	  0, 3 * 17 + 500 },
	{ "V8 12",
	  CODE(0x80, 0x3d, RIP(7), 0x01, 0xb8, 2, 0, 0, 0, 0x48, 0x8b, 0x57, 0x48, 0x48, 0x83, 0xd0,
	       0, 0x48, 0x0f, 0xaf, 0x47, 0x30, 0x48, 0x01, 0xd0, 0xc3),
	  0, 2 * 16 + 300 },
	{ "V8 13",
	  CODE(0x0f, 0xb6, 0x15, RIP(7), 0xb8, 3, 0, 0, 0, 0x48, 0x29, 0xd0, 0x48, 0x0f, 0xaf, 0x47,
	       0x30, 0x48, 0x8b, 0x57, 0x50, 0x48, 0x01, 0xd0, 0xc3),
	  0, 2 * 16 + 400 },
	{ "V8 14",
	  CODE(0x55, 0x48, 0x89, 0xe5, 0x48, 0x8b, 0x47, 0x30, 0x0f, 0xb6, 0x0d, RIP(15), 0x80,
	       0xf1, 0x01, 0x48, 0x8b, 0x57, 0x50, 0x48, 0x01, 0xc2, 0x48, 0xd3, 0xe0, 0x48, 0x01,
	       0xd0, 0x5d, 0xc3),
	  0, 16 + 16 + 400 },
	{ "its own argument", CODE(0x48, 0x89, 0xf8, 0xc3), 0, OBJECT },
	{ "a 32-bit write clears the rest", CODE(0x89, 0xf8, 0xc3), 0, OBJECT },
	{ "a register xored with itself is 0", CODE(0x31, 0xc0, 0xc3), 0, 0 },
	{ "nothing", CODE(0x90), -EBADMSG, 0 },
	{ "no return", CODE(0x31, 0xc0), -EBADMSG, 0 },
	{ "no instruction", CODE(0x06), -EBADMSG, 0 },
	{ "a result that was never set", CODE(0xc3), -EOPNOTSUPP, 0 },
	{ "another argument", CODE(0x48, 0x89, 0xf0, 0xc3), -EOPNOTSUPP, 0 },
	{ "a branch", CODE(0x31, 0xc0, 0x74, 0x02, 0xb0, 0x07, 0xc3), 0, 0 },
	{ "a branch that is not taken", CODE(0x31, 0xc0, 0x75, 0x02, 0xb0, 0x07, 0xc3), 0, 7 },
	{ "a branch that nothing decided", CODE(0x74, 0x00, 0x31, 0xc0, 0xc3), -EOPNOTSUPP, 0 },
	{ "a sum by a loop: 5 + 4 + 3 + 2 + 1",
	  CODE(0x31, 0xc0, 0xb9, 5, 0, 0, 0, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9, 0xc3), 0,
	  15 },
	{ "a loop without an end", CODE(0xeb, 0xfe), -EOPNOTSUPP, 0 },
	{ "a call of the rest of itself, which returns there twice",
	  CODE(0x31, 0xc0, 0xe8, 0, 0, 0, 0, 0xff, 0xc0, 0xc3), 0, 2 },
	{ "calls without an end", CODE(0xe8, 0xfb, 0xff, 0xff, 0xff), -EOPNOTSUPP, 0 },
	{ "a call of what is not there", CODE(0xff, 0xd7), -EFAULT, 0 },
	{ "comparisons: signed",
	  CODE(0x48, 0xc7, 0xc1, 0xff, 0xff, 0xff, 0xff, 0x31, 0xc0, 0x48, 0x83, 0xf9, 1, 0x0f,
	       0x9c, 0xc0, 0xc3),
	  0, 1 },
	{ "comparisons: unsigned",
	  CODE(0x48, 0xc7, 0xc1, 0xff, 0xff, 0xff, 0xff, 0x31, 0xc0, 0x48, 0x83, 0xf9, 1, 0x0f,
	       0x92, 0xc0, 0xc3),
	  0, 0 },
	{ "a move by a condition",
	  CODE(0xb8, 1, 0, 0, 0, 0xb9, 9, 0, 0, 0, 0x48, 0x39, 0xc8, 0x48, 0x0f, 0x42, 0xc1, 0xc3),
	  0, 9 },
	{ "shifts", CODE(0xb8, 0xf0, 0, 0, 0, 0x48, 0xc1, 0xe8, 4, 0x48, 0xc1, 0xe0, 1, 0xc3), 0,
	  0x1e },
	{ "a word of its own stack",
	  CODE(0x48, 0x83, 0xec, 8, 0x48, 0x89, 0x3c, 0x24, 0x48, 0x8b, 0x04, 0x24, 0x48, 0x83,
	       0xc4, 8, 0xc3),
	  0, OBJECT },
	{ "a word of its stack that nobody wrote",
	  CODE(0x48, 0x83, 0xec, 8, 0x8b, 0x04, 0x24, 0x48, 0x83, 0xc4, 8, 0xc3), -EOPNOTSUPP, 0 },
	{ "what its caller wants back is given back",
	  CODE(0x53, 0x48, 0x89, 0xfb, 0x48, 0x89, 0xd8, 0x5b, 0xc3), 0, OBJECT },
	{ "what its caller wants back, used",
	  CODE(0x53, 0x48, 0x89, 0xfb, 0x5b, 0x48, 0x89, 0xd8, 0x48, 0x01, 0xd8, 0xc3), -EOPNOTSUPP,
	  0 },
	{ "a write to memory", CODE(0x48, 0x89, 0x07, 0x31, 0xc0, 0xc3), -EOPNOTSUPP, 0 },
	{ "memory that is not there", CODE(0x48, 0x8b, 0x07, 0xc3), -EFAULT, 0 },
	{ "thread storage", CODE(0x64, 0x48, 0x8b, 0x47, 0x30, 0xc3), -EOPNOTSUPP, 0 },
	{ "16 bits", CODE(0x66, 0x8b, 0x47, 0x30, 0xc3), -EOPNOTSUPP, 0 },
	{ "a carry that nothing set", CODE(0xb8, 1, 0, 0, 0, 0x48, 0x83, 0xd0, 0, 0xc3),
	  -EOPNOTSUPP, 0 },
	{ "a byte of a register that is not known", CODE(0xb0, 1, 0xc3), -EOPNOTSUPP, 0 },
	{ "the stack pointer led away", CODE(0x48, 0x89, 0xfc, 0x31, 0xc0, 0xc3), -EBADMSG, 0 },
	{ "a pop of where to return to", CODE(0x58, 0xc3), -EBADMSG, 0 },
	{ "a push that stays is returned to", CODE(0x57, 0x31, 0xc0, 0xc3), -EFAULT, 0 },
	{ "an atomic change", CODE(0xf0, 0x48, 0x29, 0x77, 0x08, 0x31, 0xc0, 0xc3), -EOPNOTSUPP,
	  0 },
};

/* The code of a case, and no-operations behind it. */
struct code {
	const uint8_t *at;
	size_t len;
};

static int read_code(const struct reader *r, uint64_t addr, void *buf, size_t len)
{
	const struct code *c = r->ctx;
	uint8_t *to = buf;

	if (addr > ADDRESS || addr + len <= ADDRESS)
		return -EFAULT;
	memset(to, 0x06, len); /* no instruction */
	if (c->len)
		memcpy(to + (ADDRESS - addr), c->at, c->len);
	return 0;
}

static int value_of(const uint8_t *at, size_t len, uint64_t *ret_value)
{
	const struct code c = { at, len };
	const struct reader memory = { .read_at = read_memory, .size = UINT64_MAX };
	const struct reader code = { .read_at = read_code, .ctx = &c, .size = UINT64_MAX };
	const struct getter g = { &code, &memory };

	return getter_value(&g, ADDRESS, OBJECT, ret_value);
}

static void test_programs(void)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		const struct program *p = &programs[i];
		uint64_t value = 99;

		is_int(value_of(p->code, p->len, &value), p->err, "%s", p->what);
		is_int(value, p->err ? 99 : p->want, "%s: the value", p->what);
	}
}

static void test_length(void)
{
	uint8_t code[400];
	uint64_t value;

	memset(code, 0x57, sizeof(code)); /* push */
	is_int(value_of(code, sizeof(code), &value), -EOPNOTSUPP, "too many values pushed");
}

/* Calls of one function are noted, also that by a jump at the end; others are followed. */
static void test_calls(void)
{
	/* lea rdi,[rdi+8]; call +14; lea rdi,[rdi+8]; jmp +5; nops; (0x12) xor eax,eax; ret */
	static const uint8_t at[] = { 0x48, 0x8d, 0x7f, 8, 0xe8, 9, 0, 0,    0,	   0x48, 0x8d,
				      0x7f, 8,	  0xe9, 0, 0,	 0, 0, 0x31, 0xc0, 0xc3 };
	const struct code c = { at, sizeof(at) };
	const struct reader memory = { .read_at = read_memory, .size = UINT64_MAX };
	const struct reader code = { .read_at = read_code, .ctx = &c, .size = UINT64_MAX };
	const struct getter g = { &code, &memory };
	struct getter_calls calls = { .callee = ADDRESS + 18 };

	is_int(getter_calls(&g, ADDRESS, OBJECT, &calls), 0, "calls");
	is_int(calls.count, 2, "both calls");
	is_int(calls.arguments[0], OBJECT + 8, "the first");
	is_int(calls.arguments[1], OBJECT + 16, "the second, by a jump");
	calls.callee = ADDRESS + 99;
	is_int(getter_calls(&g, ADDRESS, OBJECT, &calls), 0, "calls of another function");
	is_int(calls.count, 0, "none");
}

static void test_own_member(void)
{
	/* lock sub [rdi+16],rdx; mov rax,[rdi+24]; ret */
	static const uint8_t at[] = { 0xf0, 0x48, 0x29, 0x57, 0x10, 0x48, 0x8b, 0x47, 0x18, 0xc3 };
	const struct code c = { at, sizeof(at) };
	const struct reader code = { .read_at = read_code, .ctx = &c, .size = UINT64_MAX };
	uint64_t offset = 0;

	is_int(getter_own_member(&code, ADDRESS, sizeof(at), GETTER_SUBTRACTS, &offset), 0,
	       "a counter");
	is_int(offset, 16, "its offset");
	is_int(getter_own_member(&code, ADDRESS, sizeof(at), GETTER_LOADS, &offset), 0, "a load");
	is_int(offset, 24, "its offset");
	is_int(getter_own_member(&code, ADDRESS, 5, GETTER_LOADS, &offset), -ENODATA,
	       "not in so many bytes");
	is_int(offset, 24, "nothing is written then");
}

static void test_stored_member(void)
{
	/* lea r12,[rdi+0x1000]; mov rax,[r13+0x1040]; mov [rbx+0x38],rax; ret */
	static const uint8_t at[] = { 0x4c, 0x8d, 0xa7, 0, 0x10, 0,    0,    0x49, 0x8b, 0x85,
				      0x40, 0x10, 0,	0, 0x48, 0x89, 0x43, 0x38, 0xc3 };
	const struct code c = { at, sizeof(at) };
	const struct reader code = { .read_at = read_code, .ctx = &c, .size = UINT64_MAX };
	struct getter_member member = { 0 };

	is_int(getter_stored_member(&code, ADDRESS, sizeof(at), 0x38, &member), 0, "a member");
	is_int(member.base, 0x1000, "what it is counted from");
	is_int(member.offset, 0x40, "its offset");
	is_int(getter_stored_member(&code, ADDRESS, sizeof(at), 0x40, &member), -ENODATA,
	       "a field that is not stored");
}

static void test_out_of_memory(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		uint64_t value = 0;
		int err;

		failing_alloc_start(n);
		err = value_of(programs[0].code, programs[0].len, &value);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_programs();
	test_length();
	test_calls();
	test_own_member();
	test_stored_member();
	test_out_of_memory();
	return tap_done();
}
