// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Expressions, recognised by their operations. */
#include "symbol/cfi_expression.h"

#include "symbol/dwarf_cursor.h"

#include <string.h>

enum {
	OP_DEREF = 0x06,
	OP_AND = 0x1a,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_LIT3 = 0x33,
	OP_LIT15 = 0x3f,
	OP_LIT31 = 0x4f,
	OP_BREG_FP = 0x76,
	OP_BREG_SP = 0x77,
	OP_BREG_PC = 0x80,
};

static struct dwarf_cursor cursor_of(struct bytes code)
{
	return (struct dwarf_cursor){ .at = code.at, .end = code.at + code.len };
}

static uint8_t next_op(struct dwarf_cursor *c)
{
	return (uint8_t)cursor_fixed(c, 1);
}

static bool is_at_end(const struct dwarf_cursor *c)
{
	return !c->is_broken && c->at == c->end;
}

/* The rest of *(register + n) + m, m is 0 or small. */
static bool read_deref(struct dwarf_cursor c, uint64_t *ret_more)
{
	uint64_t more = 0;
	uint8_t op;

	if (next_op(&c) != OP_DEREF)
		return false;
	if (cursor_left(&c)) {
		op = next_op(&c);
		if (op == OP_PLUS_UCONST)
			more = cursor_uleb(&c);
		else if (op >= OP_LIT0 && op <= OP_LIT31 && next_op(&c) == OP_PLUS)
			more = op - OP_LIT0;
		else
			return false;
	}
	*ret_more = more;
	return is_at_end(&c) && more <= UINT8_MAX;
}

/*
 * The rest of rsp + n + ((pc & 15) >= k) * 8: a slot of the table has 16 bytes, and its push ends
 * at byte k.
 */
static bool read_plt(const struct dwarf_cursor *c, uint64_t *ret_k)
{
	static const uint8_t before[] = { OP_BREG_PC, 0, OP_LIT15, OP_AND };
	static const uint8_t after[] = { OP_GE, OP_LIT3, OP_SHL, OP_PLUS };
	uint8_t k;

	if (cursor_left(c) != sizeof(before) + 1 + sizeof(after) ||
	    memcmp(c->at, before, sizeof(before)) != 0 ||
	    memcmp(c->at + sizeof(before) + 1, after, sizeof(after)) != 0)
		return false;
	k = c->at[sizeof(before)];
	if (k < OP_LIT0 || k > OP_LIT31)
		return false;
	*ret_k = k - OP_LIT0;
	return true;
}

bool cfi_expression_cfa(struct bytes code, struct unwind_rule *ret_rule)
{
	struct dwarf_cursor c = cursor_of(code);
	uint8_t op = next_op(&c);
	struct unwind_rule rule;
	int64_t offset;
	uint64_t param;

	if (op != OP_BREG_SP && op != OP_BREG_FP)
		return false;
	offset = cursor_sleb(&c);
	if (offset < INT32_MIN || offset > INT32_MAX)
		return false;
	rule = (struct unwind_rule){ .cfa_offset = (int32_t)offset };
	if (read_deref(c, &param))
		rule.cfa = op == OP_BREG_SP ? UNWIND_CFA_DEREF_SP : UNWIND_CFA_DEREF_FP;
	else if (op == OP_BREG_SP && read_plt(&c, &param))
		rule.cfa = UNWIND_CFA_PLT;
	else
		return false;
	rule.param = (uint8_t)param;
	*ret_rule = rule;
	return true;
}

bool cfi_expression_fp(struct bytes code, int64_t *ret_offset)
{
	struct dwarf_cursor c = cursor_of(code);
	int64_t offset;

	if (next_op(&c) != OP_BREG_FP)
		return false;
	offset = cursor_sleb(&c);
	if (!is_at_end(&c))
		return false;
	*ret_offset = offset;
	return true;
}
