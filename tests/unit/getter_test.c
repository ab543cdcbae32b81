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
	{ "a branch", CODE(0x31, 0xc0, 0x74, 0x00, 0xc3), -EOPNOTSUPP, 0 },
	{ "a loop", CODE(0xeb, 0xfe), -EOPNOTSUPP, 0 },
	{ "a call", CODE(0xe8, 0, 0, 0, 0, 0xc3), -EOPNOTSUPP, 0 },
	{ "a write to memory", CODE(0x48, 0x89, 0x07, 0x31, 0xc0, 0xc3), -EOPNOTSUPP, 0 },
	{ "memory that is not there", CODE(0x48, 0x8b, 0x07, 0xc3), -EFAULT, 0 },
	{ "thread storage", CODE(0x64, 0x48, 0x8b, 0x47, 0x30, 0xc3), -EOPNOTSUPP, 0 },
	{ "16 bits", CODE(0x66, 0x8b, 0x47, 0x30, 0xc3), -EOPNOTSUPP, 0 },
	{ "a carry that nothing set", CODE(0x31, 0xc0, 0x48, 0x83, 0xd0, 0, 0xc3), -EOPNOTSUPP, 0 },
	{ "a byte of a register that is not known", CODE(0xb0, 1, 0xc3), -EOPNOTSUPP, 0 },
	{ "the stack pointer changed", CODE(0x48, 0x89, 0xfc, 0x31, 0xc0, 0xc3), -EOPNOTSUPP, 0 },
	{ "a pop of what was not pushed", CODE(0x58, 0xc3), -EOPNOTSUPP, 0 },
	{ "a push that stays", CODE(0x57, 0x31, 0xc0, 0xc3), -EBADMSG, 0 },
	{ "the frame pointer read", CODE(0x48, 0x89, 0xe5, 0x48, 0x89, 0xe8, 0xc3), -EOPNOTSUPP,
	  0 },
};

static void test_programs(void)
{
	const struct reader memory = { .read_at = read_memory, .size = UINT64_MAX };

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		const struct program *p = &programs[i];
		struct bytes code = { p->code, p->len };
		uint64_t value = 99;

		is_int(getter_value(code, ADDRESS, OBJECT, &memory, &value), p->err, "%s", p->what);
		is_int(value, p->err ? 99 : p->want, "%s: the value", p->what);
	}
}

static void test_length(void)
{
	const struct reader memory = { .read_at = read_memory, .size = UINT64_MAX };
	uint8_t code[GETTER_MAX_INSTRUCTIONS + 1];
	uint64_t value;

	memset(code, 0x90, sizeof(code));
	code[sizeof(code) - 1] = 0xc3;
	is_int(getter_value((struct bytes){ code, sizeof(code) }, 0, 0, &memory, &value),
	       -EOPNOTSUPP, "too many instructions");
	for (size_t i = 0; i < sizeof(code); i++)
		code[i] = 0x57; /* push */
	is_int(getter_value((struct bytes){ code, sizeof(code) }, 0, 0, &memory, &value),
	       -EOPNOTSUPP, "too many values pushed");
}

static void test_out_of_memory(void)
{
	const struct reader memory = { .read_at = read_memory, .size = UINT64_MAX };
	struct bytes code = { programs[0].code, programs[0].len };
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		uint64_t value = 0;
		int err;

		failing_alloc_start(n);
		err = getter_value(code, ADDRESS, OBJECT, &memory, &value);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_programs();
	test_length();
	test_out_of_memory();
	return tap_done();
}
