// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The interpreter of call frame instructions. */
#include "symbol/cfi.h"

#include "symbol/cfi_expression.h"

#define REG_FP 6
#define REG_SP 7
#define REG_RA 16

/* The return address is the word below the CFA. */
#define RA_OFFSET (-8)

/* An offset that no rule can hold. */
#define OFFSET_LOST INT64_MAX

enum { /* the upper two bits of an instruction's first byte, and the whole byte without them */
       CFA_ADVANCE_LOC = 0x40,
       CFA_OFFSET = 0x80,
       CFA_RESTORE = 0xc0,
       CFA_NOP = 0x00,
       CFA_SET_LOC = 0x01,
       CFA_ADVANCE_LOC1 = 0x02,
       CFA_ADVANCE_LOC2 = 0x03,
       CFA_ADVANCE_LOC4 = 0x04,
       CFA_OFFSET_EXTENDED = 0x05,
       CFA_RESTORE_EXTENDED = 0x06,
       CFA_UNDEFINED = 0x07,
       CFA_SAME_VALUE = 0x08,
       CFA_REGISTER = 0x09,
       CFA_REMEMBER_STATE = 0x0a,
       CFA_RESTORE_STATE = 0x0b,
       CFA_DEF_CFA = 0x0c,
       CFA_DEF_CFA_REGISTER = 0x0d,
       CFA_DEF_CFA_OFFSET = 0x0e,
       CFA_DEF_CFA_EXPRESSION = 0x0f,
       CFA_EXPRESSION = 0x10,
       CFA_OFFSET_EXTENDED_SF = 0x11,
       CFA_DEF_CFA_SF = 0x12,
       CFA_DEF_CFA_OFFSET_SF = 0x13,
       CFA_VAL_OFFSET = 0x14,
       CFA_VAL_OFFSET_SF = 0x15,
       CFA_VAL_EXPRESSION = 0x16,
       CFA_GNU_ARGS_SIZE = 0x2e,
       CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

static int64_t factored(const struct cfi *c, int64_t n)
{
	int64_t offset;

	return __builtin_mul_overflow(n, c->cie->cie.data_align, &offset) ? OFFSET_LOST : offset;
}

/* An unsigned operand as a signed one. */
static int64_t cursor_offset(struct dwarf_cursor *c)
{
	uint64_t n = cursor_uleb(c);

	return n > INT64_MAX ? OFFSET_LOST : (int64_t)n;
}

static void set_cfa_register(struct cfi_state *s, uint64_t reg)
{
	s->param = 0;
	if (reg == REG_SP) {
		s->cfa = UNWIND_CFA_SP;
	} else if (reg == REG_FP) {
		s->cfa = UNWIND_CFA_FP;
	} else if (reg < REG_RA) {
		s->cfa = UNWIND_CFA_REGISTER;
		s->param = (uint8_t)reg;
	} else {
		s->cfa = UNWIND_CFA_INEXPRESSIBLE;
	}
}

/* Offset and register can be changed alone only where the CFA is a register and an offset. */
static bool is_cfa_register(const struct cfi_state *s)
{
	return s->cfa == UNWIND_CFA_SP || s->cfa == UNWIND_CFA_FP || s->cfa == UNWIND_CFA_REGISTER;
}

static void set_cfa_offset(struct cfi_state *s, int64_t offset)
{
	s->cfa_offset = offset;
	if (!is_cfa_register(s))
		s->cfa = UNWIND_CFA_INEXPRESSIBLE;
}

static void set_saved(struct cfi_state *s, uint64_t reg, int64_t offset)
{
	if (reg == REG_FP) {
		s->fp = offset == OFFSET_LOST ? UNWIND_FP_LOST : UNWIND_FP_CFA;
		s->fp_offset = offset;
	} else if (reg == REG_RA) {
		s->ra = offset == RA_OFFSET ? CFI_RA_BELOW_CFA : CFI_RA_ELSEWHERE;
	} else if (reg == REG_SP) {
		s->is_sp_elsewhere = true;
	}
}

/* The register is in another, or is the value of something. */
static void set_elsewhere(struct cfi_state *s, uint64_t reg)
{
	if (reg == REG_FP)
		s->fp = UNWIND_FP_LOST;
	else if (reg == REG_RA)
		s->ra = CFI_RA_ELSEWHERE;
	else if (reg == REG_SP)
		s->is_sp_elsewhere = true;
}

/* Undefined, or the caller's own value still. Unwinders take rsp for the CFA with both. */
static void set_untouched(struct cfi_state *s, uint64_t reg, bool is_undefined)
{
	if (reg == REG_FP)
		s->fp = UNWIND_FP_SAME;
	else if (reg == REG_RA)
		s->ra = is_undefined ? CFI_RA_UNDEFINED : CFI_RA_ELSEWHERE;
	else if (reg == REG_SP)
		s->is_sp_elsewhere = false;
}

static void restore(struct cfi *c, uint64_t reg)
{
	const struct cfi_state *first = &c->cie->state;
	struct cfi_state *s = &c->state;

	if (reg == REG_FP) {
		s->fp = first->fp;
		s->fp_offset = first->fp_offset;
	} else if (reg == REG_RA) {
		s->ra = first->ra;
	} else if (reg == REG_SP) {
		s->is_sp_elsewhere = first->is_sp_elsewhere;
	}
}

static void set_expression(struct cfi *c, uint64_t reg)
{
	struct bytes code = cursor_bytes(&c->at, cursor_uleb(&c->at));
	int64_t offset;

	set_elsewhere(&c->state, reg);
	if (reg == REG_FP && cfi_expression_fp(code, &offset)) {
		c->state.fp = UNWIND_FP_AT_FP;
		c->state.fp_offset = offset;
	}
}

static void set_cfa_expression(struct cfi *c)
{
	struct bytes code = cursor_bytes(&c->at, cursor_uleb(&c->at));
	struct unwind_rule rule;

	c->state.cfa = UNWIND_CFA_INEXPRESSIBLE;
	if (!cfi_expression_cfa(code, &rule))
		return;
	c->state.cfa = rule.cfa;
	c->state.param = rule.param;
	c->state.cfa_offset = rule.cfa_offset;
}

static void run_cfa(struct cfi *c, uint8_t op)
{
	struct cfi_state *s = &c->state;
	uint64_t reg;

	switch (op) {
	case CFA_DEF_CFA:
		set_cfa_register(s, cursor_uleb(&c->at));
		s->cfa_offset = cursor_offset(&c->at);
		break;
	case CFA_DEF_CFA_SF:
		set_cfa_register(s, cursor_uleb(&c->at));
		s->cfa_offset = factored(c, cursor_sleb(&c->at));
		break;
	case CFA_DEF_CFA_REGISTER:
		reg = cursor_uleb(&c->at);
		set_cfa_register(s, is_cfa_register(s) ? reg : REG_RA);
		break;
	case CFA_DEF_CFA_OFFSET:
		set_cfa_offset(s, cursor_offset(&c->at));
		break;
	case CFA_DEF_CFA_OFFSET_SF:
		set_cfa_offset(s, factored(c, cursor_sleb(&c->at)));
		break;
	default: /* CFA_DEF_CFA_EXPRESSION */
		set_cfa_expression(c);
		break;
	}
}

static int64_t negative(int64_t offset)
{
	return offset == OFFSET_LOST || offset == INT64_MIN ? OFFSET_LOST : -offset;
}

/* The instructions that name a register and how it is found. */
static void run_register(struct cfi *c, uint8_t op)
{
	struct cfi_state *s = &c->state;
	uint64_t reg = cursor_uleb(&c->at);

	switch (op) {
	case CFA_OFFSET_EXTENDED:
		set_saved(s, reg, factored(c, cursor_offset(&c->at)));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set_saved(s, reg, factored(c, cursor_sleb(&c->at)));
		break;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		set_saved(s, reg, negative(factored(c, cursor_offset(&c->at))));
		break;
	case CFA_RESTORE_EXTENDED:
		restore(c, reg);
		break;
	case CFA_UNDEFINED:
	case CFA_SAME_VALUE:
		set_untouched(s, reg, op == CFA_UNDEFINED);
		break;
	case CFA_VAL_OFFSET:
	case CFA_VAL_OFFSET_SF:
	case CFA_REGISTER:
		set_elsewhere(s, reg);
		/* The caller's rsp is the CFA: said in other words what holds anyway. */
		if (cursor_uleb(&c->at) == 0 && op != CFA_REGISTER && reg == REG_SP)
			s->is_sp_elsewhere = false;
		break;
	default: /* CFA_EXPRESSION, CFA_VAL_EXPRESSION */
		if (op == CFA_EXPRESSION) {
			set_expression(c, reg);
			break;
		}
		(void)cursor_bytes(&c->at, cursor_uleb(&c->at));
		set_elsewhere(s, reg);
		break;
	}
}

static void run_stack(struct cfi *c, uint8_t op)
{
	if (op == CFA_REMEMBER_STATE && c->remembered_count < CFI_MAX_REMEMBERED)
		c->remembered[c->remembered_count++] = c->state;
	else if (op == CFA_RESTORE_STATE && c->remembered_count > 0)
		c->state = c->remembered[--c->remembered_count];
	else
		cursor_break(&c->at);
}

/* Any instruction but those that advance. */
static void run_other(struct cfi *c, uint8_t op)
{
	uint8_t reg = op & 0x3f;

	if ((op & 0xc0) == CFA_OFFSET)
		set_saved(&c->state, reg, factored(c, cursor_offset(&c->at)));
	else if ((op & 0xc0) == CFA_RESTORE)
		restore(c, reg);
	else if ((op >= CFA_DEF_CFA && op <= CFA_DEF_CFA_EXPRESSION) || op == CFA_DEF_CFA_SF ||
		 op == CFA_DEF_CFA_OFFSET_SF)
		run_cfa(c, op);
	else if (op == CFA_REMEMBER_STATE || op == CFA_RESTORE_STATE)
		run_stack(c, op);
	else if ((op >= CFA_OFFSET_EXTENDED && op <= CFA_VAL_EXPRESSION) ||
		 op == CFA_GNU_NEGATIVE_OFFSET_EXTENDED)
		run_register(c, op);
	else if (op == CFA_GNU_ARGS_SIZE)
		(void)cursor_uleb(&c->at);
	else if (op != CFA_NOP)
		cursor_break(&c->at);
}

/* How far an instruction advances: false when it is none of those that do. */
static bool run_advance(struct cfi *c, uint8_t op, uint64_t *ret_offset)
{
	uint64_t delta, to;

	if ((op & 0xc0) == CFA_ADVANCE_LOC)
		delta = op & 0x3f;
	else if (op == CFA_ADVANCE_LOC1 || op == CFA_ADVANCE_LOC2 || op == CFA_ADVANCE_LOC4)
		delta = cursor_fixed(&c->at, 1u << (op - CFA_ADVANCE_LOC1));
	else if (op == CFA_SET_LOC)
		delta = 0;
	else
		return false;
	if (op == CFA_SET_LOC) {
		to = cursor_pointer(&c->at, c->cie->cie.pointer_encoding) - c->start;
		if (to < c->offset || to > c->size) /* back, or out of the function */
			cursor_break(&c->at);
	} else if (__builtin_mul_overflow(delta, c->cie->cie.code_align, &to) ||
		   __builtin_add_overflow(to, c->offset, &to)) {
		to = c->size;
	}
	*ret_offset = to;
	return true;
}

void cfi_cie_init(struct cfi_cie *c, const struct eh_cie *cie)
{
	struct cfi run = { .cie = c, .at = cie->instructions };
	uint64_t offset;

	*c = (struct cfi_cie){ .cie = *cie };
	run.state.cfa = UNWIND_CFA_INEXPRESSIBLE;
	while (cursor_left(&run.at) && !run.at.is_broken) {
		uint8_t op = (uint8_t)cursor_fixed(&run.at, 1);

		/* There is nowhere to advance to yet, and nothing to restore. */
		if (run_advance(&run, op, &offset))
			cursor_break(&run.at);
		else
			run_other(&run, op);
	}
	c->state = run.state;
	c->is_lost = run.at.is_broken || cie->return_register != REG_RA;
}

void cfi_init(struct cfi *c, const struct cfi_cie *cie, const struct eh_fde *fde)
{
	c->cie = cie;
	c->at = fde->instructions;
	c->state = cie->state;
	c->remembered_count = 0;
	c->start = fde->start;
	c->size = fde->size;
	c->offset = 0;
	c->is_lost = false;
	c->is_done = !fde->size;
	/* Where registers are in a signal frame is the kernel's business, not that of the rules. */
	if (cie->is_lost && !cie->cie.is_signal)
		c->is_lost = true;
	if (cie->is_lost || cie->cie.is_signal)
		c->at.at = c->at.end;
}

static bool is_offset(int64_t n)
{
	return n >= INT32_MIN && n <= INT32_MAX;
}

static struct unwind_rule rule_of(const struct cfi *c)
{
	const struct cfi_state *s = &c->state;
	struct unwind_rule rule = { .cfa = UNWIND_CFA_INEXPRESSIBLE };

	if (c->is_lost)
		return rule;
	if (c->cie->cie.is_signal)
		rule.cfa = UNWIND_CFA_SIGNAL;
	else if (s->ra == CFI_RA_UNDEFINED)
		rule.cfa = UNWIND_CFA_END;
	else if (s->ra == CFI_RA_BELOW_CFA && !s->is_sp_elsewhere && is_offset(s->cfa_offset))
		rule.cfa = s->cfa;
	if (rule.cfa < UNWIND_CFA_SP)
		return rule;
	rule.param = s->param;
	rule.cfa_offset = (int32_t)s->cfa_offset;
	rule.fp = s->fp;
	if ((s->fp == UNWIND_FP_CFA || s->fp == UNWIND_FP_AT_FP) && !is_offset(s->fp_offset))
		rule.fp = UNWIND_FP_LOST;
	if (rule.fp == UNWIND_FP_CFA || rule.fp == UNWIND_FP_AT_FP)
		rule.fp_offset = (int32_t)s->fp_offset;
	return rule;
}

bool cfi_next(struct cfi *c, struct cfi_row *ret_row)
{
	uint64_t to = c->size;
	bool is_advance = false;

	if (c->is_done)
		return false;
	while (!is_advance && cursor_left(&c->at)) {
		uint8_t op = (uint8_t)cursor_fixed(&c->at, 1);

		is_advance = run_advance(c, op, &to);
		if (!is_advance)
			run_other(c, op);
	}
	/* What was wrong may have been about this row, or about where it ends. */
	if (c->at.is_broken)
		c->is_lost = true;
	*ret_row = (struct cfi_row){ c->offset, rule_of(c) };
	c->is_done = c->is_lost || !is_advance || to >= c->size;
	c->offset = to;
	return true;
}
