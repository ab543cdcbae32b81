// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What instructions do to registers, flags and the stack. */
#include "symbol/machine.h"

#include <errno.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* By the condition as encoded: o no b ae e ne be a s ns p np l ge le g. */
static const unsigned int jumps[] = { X86_INS_JO, X86_INS_JNO, X86_INS_JB,  X86_INS_JAE,
				      X86_INS_JE, X86_INS_JNE, X86_INS_JBE, X86_INS_JA,
				      X86_INS_JS, X86_INS_JNS, X86_INS_JP,  X86_INS_JNP,
				      X86_INS_JL, X86_INS_JGE, X86_INS_JLE, X86_INS_JG };
static const unsigned int sets[] = { X86_INS_SETO, X86_INS_SETNO, X86_INS_SETB,	 X86_INS_SETAE,
				     X86_INS_SETE, X86_INS_SETNE, X86_INS_SETBE, X86_INS_SETA,
				     X86_INS_SETS, X86_INS_SETNS, X86_INS_SETP,	 X86_INS_SETNP,
				     X86_INS_SETL, X86_INS_SETGE, X86_INS_SETLE, X86_INS_SETG };
static const unsigned int moves[] = {
	X86_INS_CMOVO, X86_INS_CMOVNO, X86_INS_CMOVB,  X86_INS_CMOVAE,
	X86_INS_CMOVE, X86_INS_CMOVNE, X86_INS_CMOVBE, X86_INS_CMOVA,
	X86_INS_CMOVS, X86_INS_CMOVNS, X86_INS_CMOVP,  X86_INS_CMOVNP,
	X86_INS_CMOVL, X86_INS_CMOVGE, X86_INS_CMOVLE, X86_INS_CMOVG
};

static int index_of(const unsigned int *ids, unsigned int id)
{
	for (size_t i = 0; i < COUNT(jumps); i++)
		if (ids[i] == id)
			return (int)i;
	return -1;
}

int machine_jump_condition(unsigned int id)
{
	return index_of(jumps, id);
}

int machine_set_condition(unsigned int id)
{
	return index_of(sets, id);
}

int machine_move_condition(unsigned int id)
{
	return index_of(moves, id);
}

static uint64_t sign_bit(unsigned int width)
{
	return 1ull << (8 * width - 1);
}

static uint64_t cut(uint64_t value, unsigned int width)
{
	return value & (sign_bit(width) | (sign_bit(width) - 1));
}

static uint64_t extended(uint64_t value, unsigned int width)
{
	return (value ^ sign_bit(width)) - sign_bit(width);
}

static void set_result(struct machine *m, uint64_t result, unsigned int width)
{
	m->zero = result == 0;
	m->sign = result & sign_bit(width);
	m->are_flags_known = true;
}

static uint64_t add(struct machine *m, uint64_t a, uint64_t b, unsigned int width)
{
	uint64_t sum = cut(a + b, width);

	m->carry = sum < a;
	m->is_carry_known = true;
	m->overflow = ~(a ^ b) & (a ^ sum) & sign_bit(width);
	set_result(m, sum, width);
	return sum;
}

static uint64_t subtract(struct machine *m, uint64_t a, uint64_t b, unsigned int width)
{
	uint64_t difference = cut(a - b, width);

	m->carry = a < b;
	m->is_carry_known = true;
	m->overflow = (a ^ b) & (a ^ difference) & sign_bit(width);
	set_result(m, difference, width);
	return difference;
}

static uint64_t of_bits(struct machine *m, uint64_t result, unsigned int width)
{
	m->carry = m->overflow = false;
	m->is_carry_known = true;
	set_result(m, result, width);
	return result;
}

/* Nobody asks for the flags of these. */
static uint64_t forget_flags(struct machine *m, uint64_t result)
{
	m->are_flags_known = m->is_carry_known = false;
	return result;
}

static uint64_t shift(struct machine *m, unsigned int id, uint64_t a, uint64_t b,
		      unsigned int width)
{
	unsigned int by = (unsigned int)b & (width == 8 ? 63 : 31);

	if (!by)
		return a;
	switch (id) {
	case X86_INS_SHL:
		a = cut(a << by, width);
		break;
	case X86_INS_SHR:
		a >>= by;
		break;
	default: /* sar; the compiler's division of signed numbers */
		a = cut((uint64_t)((int64_t)extended(a, width) >> by), width);
		break;
	}
	set_result(m, a, width); /* zero and sign are as of any result */
	m->is_carry_known = false;
	return a;
}

/* The first operand takes the result. */
static int combine(struct machine *m, const cs_x86 *x, unsigned int id)
{
	uint64_t a = 0, b = 0;
	unsigned int width = x->operands[0].size;
	const cs_x86_op *to = &x->operands[0];
	int err = machine_get(m, to, &a);

	if (!err)
		err = machine_get(m, &x->operands[1], &b);
	if (err)
		return err;
	b = cut(b, width);
	switch (id) {
	case X86_INS_CMP:
		(void)subtract(m, a, b, width);
		return 0;
	case X86_INS_TEST:
		(void)of_bits(m, a & b, width);
		return 0;
	case X86_INS_ADC:
		if (!m->is_carry_known)
			return -EOPNOTSUPP;
		return machine_set(m, to, forget_flags(m, cut(a + b + m->carry, width)));
	case X86_INS_ADD:
		return machine_set(m, to, add(m, a, b, width));
	case X86_INS_SUB:
		return machine_set(m, to, subtract(m, a, b, width));
	case X86_INS_XOR:
		return machine_set(m, to, of_bits(m, a ^ b, width));
	case X86_INS_AND:
		return machine_set(m, to, of_bits(m, a & b, width));
	case X86_INS_OR:
		return machine_set(m, to, of_bits(m, a | b, width));
	case X86_INS_IMUL:
		return machine_set(m, to, forget_flags(m, cut(a * b, width)));
	default:
		return machine_set(m, to, shift(m, id, a, b, width));
	}
}

/* xor and sub of a register with itself make it 0, whatever it was. */
static bool is_zeroing(const cs_x86 *x, unsigned int id)
{
	return (id == X86_INS_XOR || id == X86_INS_SUB) && x->operands[0].type == X86_OP_REG &&
	       x->operands[1].type == X86_OP_REG && x->operands[0].reg == x->operands[1].reg;
}

static int combine_two(struct machine *m, const cs_x86 *x, unsigned int id)
{
	if (x->op_count != 2)
		return -EOPNOTSUPP;
	if (is_zeroing(x, id)) {
		(void)of_bits(m, 0, 8);
		return machine_set(m, &x->operands[0], 0);
	}
	return combine(m, x, id);
}

/* Of one operand: what stays of the flags is the carry. */
static int step(struct machine *m, const cs_x86 *x, uint64_t by)
{
	bool carry = m->carry, is_known = m->is_carry_known;
	uint64_t value = 0;
	int err = x->op_count == 1 ? machine_get(m, &x->operands[0], &value) : -EOPNOTSUPP;

	if (err)
		return err;
	value = add(m, value, cut(by, x->operands[0].size), x->operands[0].size);
	m->carry = carry;
	m->is_carry_known = is_known;
	return machine_set(m, &x->operands[0], value);
}

static int invert(struct machine *m, const cs_x86 *x, bool is_negation)
{
	uint64_t value = 0;
	int err = x->op_count == 1 ? machine_get(m, &x->operands[0], &value) : -EOPNOTSUPP;

	if (err)
		return err;
	value = is_negation ? subtract(m, 0, value, x->operands[0].size)
			    : cut(~value, x->operands[0].size);
	return machine_set(m, &x->operands[0], value);
}

/* imul with three operands: the second times the third. */
static int multiply(struct machine *m, const cs_x86 *x)
{
	uint64_t a = 0, b = 0;
	int err;

	if (x->op_count == 2)
		return combine(m, x, X86_INS_IMUL);
	err = x->op_count == 3 ? machine_get(m, &x->operands[1], &a) : -EOPNOTSUPP;
	if (!err)
		err = machine_get(m, &x->operands[2], &b);
	if (err)
		return err;
	return machine_set(m, &x->operands[0], forget_flags(m, cut(a * b, x->operands[0].size)));
}

static int move(struct machine *m, const cs_x86 *x, unsigned int id)
{
	uint64_t value = 0;
	int err;

	if (x->op_count != 2)
		return -EOPNOTSUPP;
	if (id == X86_INS_MOV && machine_is_unset(m, &x->operands[1]))
		return machine_move_unset(m, &x->operands[0]);
	if (id == X86_INS_LEA)
		err = machine_address(m, &x->operands[1], &value);
	else
		err = machine_get(m, &x->operands[1], &value);
	if (err)
		return err;
	if (id == X86_INS_MOVSXD || id == X86_INS_MOVSX)
		value = cut(extended(value, x->operands[1].size), x->operands[0].size);
	return machine_set(m, &x->operands[0], value);
}

static int push(struct machine *m, const cs_x86 *x)
{
	uint64_t value = 0;
	int err;

	if (x->op_count != 1 || x->operands[0].size != 8)
		return -EOPNOTSUPP;
	err = machine_get(m, &x->operands[0], &value);
	if (err && x->operands[0].type != X86_OP_REG)
		return err;
	return machine_push(m, value, !err); /* one that the caller wants back */
}

static int pop(struct machine *m, const cs_x86 *x)
{
	bool is_known = false;
	uint64_t value = 0;
	int err = x->op_count == 1 && x->operands[0].type == X86_OP_REG &&
				  x->operands[0].size == 8 && x->operands[0].reg != X86_REG_RSP
			  ? machine_pop(m, &value, &is_known)
			  : -EOPNOTSUPP;

	if (!err)
		err = machine_set(m, &x->operands[0], value);
	if (!err && !is_known)
		machine_forget(m, x->operands[0].reg);
	return err;
}

static int leave(struct machine *m)
{
	bool is_known = false;
	uint64_t value = 0;
	int err;

	if (!(m->known & (1u << MACHINE_RBP)))
		return -EOPNOTSUPP;
	m->registers[MACHINE_RSP] = m->registers[MACHINE_RBP];
	err = machine_pop(m, &value, &is_known);
	m->registers[MACHINE_RBP] = value;
	if (!is_known)
		machine_forget(m, X86_REG_RBP);
	return err;
}

static int by_condition(struct machine *m, const cs_x86 *x, unsigned int id)
{
	int condition = machine_set_condition(id);
	bool is_move = condition < 0, holds = false;
	uint64_t value = 0;
	int err;

	if (is_move)
		condition = machine_move_condition(id);
	if (condition < 0)
		return -EOPNOTSUPP;
	err = machine_condition(m, (unsigned int)condition, &holds);
	if (err)
		return err;
	if (!is_move)
		return machine_set(m, &x->operands[0], holds);
	err = machine_get(m, &x->operands[holds ? 1 : 0], &value);
	return err ? err : machine_set(m, &x->operands[0], value);
}

/* rax from eax */
static int widen(struct machine *m)
{
	if (!(m->known & (1u << MACHINE_RAX)))
		return -EOPNOTSUPP;
	m->registers[MACHINE_RAX] = extended(m->registers[MACHINE_RAX] & UINT32_MAX, 4);
	return 0;
}

static int execute_one(struct machine *m, const cs_x86 *x, unsigned int id)
{
	switch (id) {
	case X86_INS_PUSH:
		return push(m, x);
	case X86_INS_POP:
		return pop(m, x);
	case X86_INS_LEAVE:
		return leave(m);
	case X86_INS_CDQE:
		return widen(m);
	case X86_INS_INC:
		return step(m, x, 1);
	case X86_INS_DEC:
		return step(m, x, UINT64_MAX);
	case X86_INS_NEG:
		return invert(m, x, true);
	case X86_INS_NOT:
		return invert(m, x, false);
	case X86_INS_IMUL:
		return multiply(m, x);
	default:
		return by_condition(m, x, id);
	}
}

int machine_execute(struct machine *m)
{
	const cs_x86 *x = &m->insn->detail->x86;
	unsigned int id = m->insn->id;

	switch (id) {
	case X86_INS_NOP:
	case X86_INS_ENDBR64:
		return 0;
	case X86_INS_MOV:
	case X86_INS_MOVABS:
	case X86_INS_MOVZX:
	case X86_INS_MOVSX:
	case X86_INS_MOVSXD:
	case X86_INS_LEA:
		return x->prefix[0] ? -EOPNOTSUPP : move(m, x, id);
	case X86_INS_CMP:
	case X86_INS_TEST:
	case X86_INS_ADC:
	case X86_INS_ADD:
	case X86_INS_SUB:
	case X86_INS_XOR:
	case X86_INS_AND:
	case X86_INS_OR:
	case X86_INS_SHL:
	case X86_INS_SHR:
	case X86_INS_SAR:
		return x->prefix[0] ? -EOPNOTSUPP : combine_two(m, x, id);
	default:
		return execute_one(m, x, id);
	}
}
