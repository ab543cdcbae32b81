// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Call frame instructions: each of them, each expression, and what is malformed. */
#include "symbol/cfi.h"
#include "symbol/cfi_expression.h"

#include "eh_frame_image.h"
#include "tap.h"

#define SIZE	 0x100
#define MAX_ROWS 12

struct row {
	unsigned int offset;
	struct unwind_rule rule;
};

#define SP(n)                                                                                      \
	{                                                                                          \
		UNWIND_CFA_SP, UNWIND_FP_SAME, 0, 0, (n), 0                                        \
	}
#define FP(n)                                                                                      \
	{                                                                                          \
		UNWIND_CFA_FP, UNWIND_FP_SAME, 0, 0, (n), 0                                        \
	}
#define SP_FP(n)                                                                                   \
	{                                                                                          \
		UNWIND_CFA_SP, UNWIND_FP_CFA, 0, 0, 16, (n)                                        \
	}
#define SP_LOST                                                                                    \
	{                                                                                          \
		UNWIND_CFA_SP, UNWIND_FP_LOST, 0, 0, 8, 0                                          \
	}
#define LOST                                                                                       \
	{                                                                                          \
		UNWIND_CFA_INEXPRESSIBLE, 0, 0, 0, 0, 0                                            \
	}
#define BARE(c)                                                                                    \
	{                                                                                          \
		(c), 0, 0, 0, 0, 0                                                                 \
	}

/* Instructions of a function of 256 bytes; the CIE says CFA = rsp + 8, return address at CFA-8. */
static const struct {
	const char *what;
	const char *code;
	size_t len;
	struct row rows[4];
	size_t count;
} cases[] = {
	{ "nothing", CODE(""), { { 0, SP(8) } }, 1 },
	{ "nops", CODE("\0\0\0"), { { 0, SP(8) } }, 1 },
	{ "push rbp; mov rsp, rbp",
	  CODE("\x41\x0e\x10\x86\x02\x43\x0d\x06"),
	  { { 0, SP(8) },
	    { 1, SP_FP(-16) },
	    { 4, { UNWIND_CFA_FP, UNWIND_FP_CFA, 0, 0, 16, -16 } } },
	  3 },
	{ "advance_loc1", CODE("\x02\x80\x0e\x10"), { { 0, SP(8) }, { 128, SP(16) } }, 2 },
	{ "advance_loc2", CODE("\x03\x80\x00\x0e\x10"), { { 0, SP(8) }, { 128, SP(16) } }, 2 },
	{ "advance_loc4",
	  CODE("\x04\x80\x00\x00\x00\x0e\x10"),
	  { { 0, SP(8) }, { 128, SP(16) } },
	  2 },
	{ "set_loc",
	  CODE("\x01\x80\x10\x00\x00\x00\x00\x00\x00\x0e\x10"),
	  { { 0, SP(8) }, { 128, SP(16) } },
	  2 },
	{ "set_loc to the end",
	  CODE("\x01\x00\x11\x00\x00\x00\x00\x00\x00\x0e\x10"),
	  { { 0, SP(8) } },
	  1 },
	{ "set_loc past the end",
	  CODE("\x01\x01\x11\x00\x00\x00\x00\x00\x00\x0e\x10"),
	  { { 0, LOST } },
	  1 },
	{ "set_loc back",
	  CODE("\x44\x0e\x10\x01\x02\x10\x00\x00\x00\x00\x00\x00"),
	  { { 0, SP(8) }, { 4, LOST } },
	  2 },
	{ "no advance",
	  CODE("\x40\x0e\x10\x40\x0e\x18"),
	  { { 0, SP(8) }, { 0, SP(16) }, { 0, SP(24) } },
	  3 },
	{ "past the end",
	  CODE("\x44\x0e\x10\x03\xff\xff\x0e\x18\x41\x0e\x20"),
	  { { 0, SP(8) }, { 4, SP(16) } },
	  2 },
	{ "def_cfa", CODE("\x0c\x06\x20"), { { 0, FP(32) } }, 1 },
	{ "def_cfa of another register",
	  CODE("\x0c\x0a\x00"),
	  { { 0, { UNWIND_CFA_REGISTER, UNWIND_FP_SAME, 10, 0, 0, 0 } } },
	  1 },
	{ "def_cfa of the return address", CODE("\x0c\x10\x08"), { { 0, LOST } }, 1 },
	{ "def_cfa of no register", CODE("\x0c\xff\xff\x03\x08"), { { 0, LOST } }, 1 },
	{ "def_cfa_sf", CODE("\x12\x06\x7e"), { { 0, FP(16) } }, 1 },
	{ "def_cfa_register", CODE("\x0d\x06"), { { 0, FP(8) } }, 1 },
	{ "def_cfa_register after an expression",
	  CODE("\x0f\x03\x77\x08\x06\x0d\x06"),
	  { { 0, LOST } },
	  1 },
	{ "def_cfa_offset", CODE("\x0e\x80\x01"), { { 0, SP(128) } }, 1 },
	{ "def_cfa_offset after an expression",
	  CODE("\x0f\x03\x77\x08\x06\x0e\x10"),
	  { { 0, LOST } },
	  1 },
	{ "def_cfa_offset_sf", CODE("\x13\x7e"), { { 0, SP(16) } }, 1 },
	{ "def_cfa after an expression",
	  CODE("\x0f\x03\x77\x08\x06\x0c\x07\x10"),
	  { { 0, SP(16) } },
	  1 },
	{ "the largest offset", CODE("\x0e\xff\xff\xff\xff\x07"), { { 0, SP(INT32_MAX) } }, 1 },
	{ "a larger offset", CODE("\x0e\x80\x80\x80\x80\x08"), { { 0, LOST } }, 1 },
	{ "the lowest offset", CODE("\x13\x80\x80\x80\x80\x01"), { { 0, SP(INT32_MIN) } }, 1 },
	{ "a lower offset", CODE("\x13\x81\x80\x80\x80\x01"), { { 0, LOST } }, 1 },
	{ "an offset of 64 bits",
	  CODE("\x0e\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  { { 0, LOST } },
	  1 },
	{ "a factored offset of 64 bits",
	  CODE("\x13\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"),
	  { { 0, LOST } },
	  1 },
	{ "rbp: offset", CODE("\x0e\x10\x86\x02"), { { 0, SP_FP(-16) } }, 1 },
	{ "rbp: offset_extended", CODE("\x0e\x10\x05\x06\x02"), { { 0, SP_FP(-16) } }, 1 },
	{ "rbp: offset_extended_sf", CODE("\x0e\x10\x11\x06\x02"), { { 0, SP_FP(-16) } }, 1 },
	{ "rbp: offset_extended_sf above", CODE("\x0e\x10\x11\x06\x7e"), { { 0, SP_FP(16) } }, 1 },
	{ "rbp: GNU_negative_offset_extended",
	  CODE("\x0e\x10\x2f\x06\x02"),
	  { { 0, SP_FP(16) } },
	  1 },
	{ "rbp: too far", CODE("\x86\xff\xff\xff\xff\x7f"), { { 0, SP_LOST } }, 1 },
	{ "rbp: farther",
	  CODE("\x86\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  { { 0, SP_LOST } },
	  1 },
	{ "rbp: as far the other way",
	  CODE("\x2f\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  { { 0, SP_LOST } },
	  1 },
	{ "rbp: in a register", CODE("\x09\x06\x03"), { { 0, SP_LOST } }, 1 },
	{ "rbp: val_offset", CODE("\x14\x06\x02"), { { 0, SP_LOST } }, 1 },
	{ "rbp: val_offset_sf", CODE("\x15\x06\x02"), { { 0, SP_LOST } }, 1 },
	{ "rbp: val_expression", CODE("\x16\x06\x02\x76\x00"), { { 0, SP_LOST } }, 1 },
	{ "rbp: another expression", CODE("\x10\x06\x02\x77\x08"), { { 0, SP_LOST } }, 1 },
	{ "rbp: undefined", CODE("\x86\x02\x07\x06"), { { 0, SP(8) } }, 1 },
	{ "rbp: same_value", CODE("\x86\x02\x08\x06"), { { 0, SP(8) } }, 1 },
	{ "rbp: restore", CODE("\x86\x02\xc6"), { { 0, SP(8) } }, 1 },
	{ "rbp: restore_extended", CODE("\x86\x02\x06\x06"), { { 0, SP(8) } }, 1 },
	{ "other registers",
	  CODE("\x83\x02\xc3\x05\x0f\x03\x07\x03\x08\x03\x09\x03\x04\x10\x03\x01\x96"
	       "\x14\x03\x01\x16\x03\x01\x96\x06\x03"),
	  { { 0, SP(8) } },
	  1 },
	{ "return address: undefined", CODE("\x07\x10"), { { 0, BARE(UNWIND_CFA_END) } }, 1 },
	{ "return address: same_value", CODE("\x08\x10"), { { 0, LOST } }, 1 },
	{ "return address: elsewhere", CODE("\x90\x02"), { { 0, LOST } }, 1 },
	{ "return address: in a register", CODE("\x09\x10\x05"), { { 0, LOST } }, 1 },
	{ "return address: an expression", CODE("\x10\x10\x02\x77\x00"), { { 0, LOST } }, 1 },
	{ "return address: val_expression", CODE("\x16\x10\x02\x77\x00"), { { 0, LOST } }, 1 },
	{ "return address: restored",
	  CODE("\x09\x10\x05\x41\xd0"),
	  { { 0, LOST }, { 1, SP(8) } },
	  2 },
	{ "rsp: in a register", CODE("\x09\x07\x08"), { { 0, LOST } }, 1 },
	{ "rsp: saved", CODE("\x87\x03"), { { 0, LOST } }, 1 },
	{ "rsp: another value", CODE("\x14\x07\x01"), { { 0, LOST } }, 1 },
	{ "rsp: the CFA", CODE("\x14\x07\x00"), { { 0, SP(8) } }, 1 },
	{ "rsp: an expression", CODE("\x10\x07\x02\x77\x00"), { { 0, LOST } }, 1 },
	{ "rsp: restored", CODE("\x87\x03\x41\xc7"), { { 0, LOST }, { 1, SP(8) } }, 2 },
	{ "rsp: same", CODE("\x87\x03\x41\x08\x07"), { { 0, LOST }, { 1, SP(8) } }, 2 },
	{ "remember, restore",
	  CODE("\x0e\x10\x86\x02\x0a\x41\x0e\x08\xc6\x41\x0b"),
	  { { 0, SP_FP(-16) }, { 1, SP(8) }, { 2, SP_FP(-16) } },
	  3 },
	{ "eight remembered",
	  CODE("\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x41\x0e\x10\x41\x0b"),
	  { { 0, SP(8) }, { 1, SP(16) }, { 2, SP(8) } },
	  3 },
	{ "nine remembered",
	  CODE("\x41\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x41\x0e\x10"),
	  { { 0, SP(8) }, { 1, LOST } },
	  2 },
	{ "nothing remembered",
	  CODE("\x41\x0e\x10\x41\x0b\x41\x0e\x08"),
	  { { 0, SP(8) }, { 1, SP(16) }, { 2, LOST } },
	  3 },
	{ "GNU_args_size", CODE("\x2e\x80\x01\x0e\x10"), { { 0, SP(16) } }, 1 },
	{ "unknown",
	  CODE("\x41\x0e\x10\x41\x3f\x41\x0e\x08"),
	  { { 0, SP(8) }, { 1, SP(16) }, { 2, LOST } },
	  3 },
	{ "GNU_window_save", CODE("\x2d"), { { 0, LOST } }, 1 },
	{ "advance cut short", CODE("\x0e\x10\x03\x01"), { { 0, LOST } }, 1 },
	{ "operand cut short", CODE("\x41\x0e\x80"), { { 0, SP(8) }, { 1, LOST } }, 2 },
	{ "expression cut short", CODE("\x0f\x04\x77\x08\x06"), { { 0, LOST } }, 1 },
	{ "CFA: procedure linkage table",
	  CODE("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22"),
	  { { 0, { UNWIND_CFA_PLT, UNWIND_FP_SAME, 11, 0, 8, 0 } } },
	  1 },
	{ "CFA: the same with endbr64",
	  CODE("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3a\x2a\x33\x24\x22"),
	  { { 0, { UNWIND_CFA_PLT, UNWIND_FP_SAME, 10, 0, 8, 0 } } },
	  1 },
	{ "CFA: realigned, rbp at rbp",
	  CODE("\x10\x06\x02\x76\x00\x41\x0f\x03\x76\x58\x06"),
	  { { 0, { UNWIND_CFA_SP, UNWIND_FP_AT_FP, 0, 0, 8, 0 } },
	    { 1, { UNWIND_CFA_DEREF_FP, UNWIND_FP_AT_FP, 0, 0, -40, 0 } } },
	  2 },
	{ "CFA: stack pointer saved on the stack",
	  CODE("\x0f\x06\x77\x98\x01\x06\x23\x08"),
	  { { 0, { UNWIND_CFA_DEREF_SP, UNWIND_FP_SAME, 8, 0, 152, 0 } } },
	  1 },
	{ "CFA: an expression of something else",
	  CODE("\x0f\x03\x73\x08\x06\x41\x0c\x07\x08"),
	  { { 0, LOST }, { 1, SP(8) } },
	  2 },
};

/* absptr, so that set_loc is easy to write */
#define CFI_CIE "\x01zR\0\x01\x78\x10\x01\x00\x0c\x07\x08\x90\x01"

static struct cfi_cie cie_of(const char *bytes, size_t len)
{
	static uint8_t copy[64];
	struct eh_record record = { .kind = EH_CIE };
	struct cfi_cie cie;
	struct eh_cie head;

	must(len <= sizeof(copy));
	memcpy(copy, bytes, len);
	record.body = (struct dwarf_cursor){ .at = copy, .end = copy + len };
	must(eh_cie_read(&record, &head));
	cfi_cie_init(&cie, &head);
	return cie;
}

static size_t run(const struct cfi_cie *cie, const char *code, size_t len,
		  struct cfi_row rows[MAX_ROWS])
{
	const uint8_t *at = (const uint8_t *)code;
	struct eh_fde fde = { 0x1000, SIZE, { .at = at, .end = at + len } };
	struct cfi cfi;
	size_t count = 0;

	cfi_init(&cfi, cie, &fde);
	while (count < MAX_ROWS && cfi_next(&cfi, &rows[count]))
		count++;
	return count;
}

static void test_cases(void)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct cfi_cie cie = cie_of(CODE(CFI_CIE));
		struct cfi_row rows[MAX_ROWS] = { 0 };
		size_t count = run(&cie, cases[i].code, cases[i].len, rows);
		bool is_same = count == cases[i].count;

		for (size_t k = 0; k < count && is_same; k++)
			is_same = rows[k].offset == cases[i].rows[k].offset &&
				  memcmp(&rows[k].rule, &cases[i].rows[k].rule,
					 sizeof(rows[k].rule)) == 0;
		ok(is_same, "%s", cases[i].what);
		for (size_t k = 0; k < count && !is_same; k++)
			printf("# +%llu: %d%+d(%d) %d%+d\n", (unsigned long long)rows[k].offset,
			       rows[k].rule.cfa, rows[k].rule.cfa_offset, rows[k].rule.param,
			       rows[k].rule.fp, rows[k].rule.fp_offset);
	}
}

/* Another CIE, for a function with or without instructions of its own. */
static const struct {
	const char *what;
	const char *cie;
	size_t len;
	struct row row;
} cies[] = {
	{ "return address never told", CODE("\x01\0\x01\x78\x10\x0c\x07\x08"), { 0, LOST } },
	{ "CFA never told", CODE("\x01\0\x01\x78\x10\x90\x01"), { 0, LOST } },
	{ "another return register", CODE("\x01\0\x01\x78\x03\x0c\x07\x08\x90\x01"), { 0, LOST } },
	{ "advances", CODE("\x01\0\x01\x78\x10\x0c\x07\x08\x90\x01\x41"), { 0, LOST } },
	{ "instructions cut short", CODE("\x01\0\x01\x78\x10\x0c\x07\x08\x90"), { 0, LOST } },
	{ "a signal frame", CODE("\x01zS\0\x01\x78\x10\x00"), { 0, BARE(UNWIND_CFA_SIGNAL) } },
	{ "a signal frame of unknown instructions",
	  CODE("\x01zS\0\x01\x78\x10\x00\x3f"),
	  { 0, BARE(UNWIND_CFA_SIGNAL) } },
	{ "data alignment of 64 bits",
	  CODE("\x01\0\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f\x10\x0c\x07\x08\x90\x01\x86\x7f"),
	  { 0, LOST } },
};

static void test_cies(void)
{
	struct cfi_row rows[MAX_ROWS];

	for (size_t i = 0; i < COUNT(cies); i++) {
		const struct cfi_cie cie = cie_of(cies[i].cie, cies[i].len);
		size_t count = run(&cie, CODE(""), rows);

		ok(count == 1 && rows[0].offset == 0 &&
			   memcmp(&rows[0].rule, &cies[i].row.rule, sizeof(rows[0].rule)) == 0,
		   "CIE: %s", cies[i].what);
	}
	const struct cfi_cie wide = cie_of(CODE("\x01\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x78"
						"\x10\x0c\x07\x08\x90\x01"));

	is_int(run(&wide, CODE("\x42\x0e\x10"), rows), 1,
	       "code alignment of 64 bits: past the end");
	const struct cfi_cie four = cie_of(CODE("\x01\0\x04\x78\x10\x0c\x07\x08\x90\x01"));

	ok(run(&four, CODE("\x42\x0e\x10"), rows) == 2 && rows[1].offset == 8,
	   "code alignment is a factor");
}

static void test_no_code(void)
{
	const struct cfi_cie cie = cie_of(CODE(CFI_CIE));
	struct eh_fde fde = { .start = 0x1000 };
	struct cfi_row row;
	struct cfi cfi;

	cfi_init(&cfi, &cie, &fde);
	ok(!cfi_next(&cfi, &row), "a function of no bytes has no rows");
}

static const struct {
	const char *what;
	const char *code;
	size_t len;
	struct unwind_rule rule; /* cfa NONE: not recognised */
} expressions[] = {
	{ "deref", CODE("\x77\x10\x06"), { .cfa = UNWIND_CFA_DEREF_SP, .cfa_offset = 16 } },
	{ "deref of rbp, plus",
	  CODE("\x76\x98\x01\x06\x23\x08"),
	  { .cfa = UNWIND_CFA_DEREF_FP, .param = 8, .cfa_offset = 152 } },
	{ "deref, literal, plus",
	  CODE("\x77\x10\x06\x38\x22"),
	  { .cfa = UNWIND_CFA_DEREF_SP, .param = 8, .cfa_offset = 16 } },
	{ "plus 255",
	  CODE("\x77\x10\x06\x23\xff\x01"),
	  { .cfa = UNWIND_CFA_DEREF_SP, .param = 255, .cfa_offset = 16 } },
	{ "plus 256", CODE("\x77\x10\x06\x23\x80\x02"), { 0 } },
	{ "too far", CODE("\x77\x80\x80\x80\x80\x08\x06"), { 0 } },
	{ "no deref", CODE("\x77\x10"), { 0 } },
	{ "deref twice", CODE("\x77\x10\x06\x06"), { 0 } },
	{ "something after", CODE("\x77\x10\x06\x23\x08\x06"), { 0 } },
	{ "literal, minus", CODE("\x77\x10\x06\x38\x1c"), { 0 } },
	{ "another register", CODE("\x73\x10\x06"), { 0 } },
	{ "nothing", CODE(""), { 0 } },
	{ "table with another base",
	  CODE("\x77\x10\x80\x00\x3f\x1a\x35\x2a\x33\x24\x22"),
	  { .cfa = UNWIND_CFA_PLT, .param = 5, .cfa_offset = 16 } },
	{ "table by rbp", CODE("\x76\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22"), { 0 } },
	{ "table, another place", CODE("\x77\x08\x80\x01\x3f\x1a\x3b\x2a\x33\x24\x22"), { 0 } },
	{ "table, another slot", CODE("\x77\x08\x80\x00\x3e\x1a\x3b\x2a\x33\x24\x22"), { 0 } },
	{ "table, no literal", CODE("\x77\x08\x80\x00\x3f\x1a\x20\x2a\x33\x24\x22"), { 0 } },
	{ "table, another comparison",
	  CODE("\x77\x08\x80\x00\x3f\x1a\x3b\x2b\x33\x24\x22"),
	  { 0 } },
	{ "table, another word", CODE("\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x32\x24\x22"), { 0 } },
	{ "table and more", CODE("\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22\x06"), { 0 } },
};

static void test_expressions(void)
{
	int64_t offset = 99;

	for (size_t i = 0; i < COUNT(expressions); i++) {
		struct bytes code = { (const uint8_t *)expressions[i].code, expressions[i].len };
		struct unwind_rule rule = { 0 };
		bool is_known = cfi_expression_cfa(code, &rule);

		ok(is_known == (expressions[i].rule.cfa != UNWIND_CFA_NONE) &&
			   memcmp(&rule, &expressions[i].rule, sizeof(rule)) == 0,
		   "expression: %s", expressions[i].what);
		for (size_t len = 0; len < code.len; len++)
			(void)cfi_expression_cfa((struct bytes){ code.at, len }, &rule);
	}
	ok(!cfi_expression_fp((struct bytes){ (const uint8_t *)"\x76\x08\x06", 3 }, &offset) &&
		   !cfi_expression_fp((struct bytes){ (const uint8_t *)"\x76", 1 }, &offset) &&
		   offset == 99,
	   "rbp: other expressions");
	ok(cfi_expression_fp((struct bytes){ (const uint8_t *)"\x76\x78", 2 }, &offset) &&
		   offset == -8,
	   "rbp: at rbp and an offset");
}

int main(void)
{
	test_cases();
	test_cies();
	test_no_code();
	test_expressions();
	return tap_done();
}
