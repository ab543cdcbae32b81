// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A handful of instructions, executed on sixteen registers and one flag. */
#include "symbol/getter.h"

#include "base/scope.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <string.h>

#define REGISTERS 16
#define STACK_MAX 4 /* values pushed at a time */
#define RDI	  7
#define RSP	  4
#define NO_REG	  REGISTERS
#define SIZES	  3

/* By number, 64, 32 and 8 bits wide. */
static const x86_reg names[REGISTERS][SIZES] = {
	{ X86_REG_RAX, X86_REG_EAX, X86_REG_AL },    { X86_REG_RCX, X86_REG_ECX, X86_REG_CL },
	{ X86_REG_RDX, X86_REG_EDX, X86_REG_DL },    { X86_REG_RBX, X86_REG_EBX, X86_REG_BL },
	{ X86_REG_RSP, X86_REG_ESP, X86_REG_SPL },   { X86_REG_RBP, X86_REG_EBP, X86_REG_BPL },
	{ X86_REG_RSI, X86_REG_ESI, X86_REG_SIL },   { X86_REG_RDI, X86_REG_EDI, X86_REG_DIL },
	{ X86_REG_R8, X86_REG_R8D, X86_REG_R8B },    { X86_REG_R9, X86_REG_R9D, X86_REG_R9B },
	{ X86_REG_R10, X86_REG_R10D, X86_REG_R10B }, { X86_REG_R11, X86_REG_R11D, X86_REG_R11B },
	{ X86_REG_R12, X86_REG_R12D, X86_REG_R12B }, { X86_REG_R13, X86_REG_R13D, X86_REG_R13B },
	{ X86_REG_R14, X86_REG_R14D, X86_REG_R14B }, { X86_REG_R15, X86_REG_R15D, X86_REG_R15B },
};
static const unsigned int widths[SIZES] = { 8, 4, 1 };

struct machine {
	csh handle;
	cs_insn *insn;
	const struct reader *memory;
	uint64_t registers[REGISTERS];
	uint32_t known; /* registers whose value is known, a bit each */
	uint64_t stack[STACK_MAX];
	bool is_pushed_known[STACK_MAX];
	size_t depth;
	bool carry, is_carry_known;
};

static void machine_done(struct machine *m)
{
	if (m->insn)
		cs_free(m->insn, 1);
	if (m->handle)
		(void)cs_close(&m->handle); /* fails only for a handle that is not ours */
}

static int machine_open(struct machine *m)
{
	cs_err err = cs_open(CS_ARCH_X86, CS_MODE_64, &m->handle);

	if (err != CS_ERR_OK) {
		m->handle = 0;
		return err == CS_ERR_MEM ? -ENOMEM : -EOPNOTSUPP;
	}
	if (cs_option(m->handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
		return -EOPNOTSUPP;
	m->insn = cs_malloc(m->handle);
	return m->insn ? 0 : -ENOMEM;
}

static uint64_t masked(uint64_t value, unsigned int width)
{
	return width >= 8 ? value : value & ((1ull << (8 * width)) - 1);
}

/* Its number and width; NO_REG: not one of ours. */
static unsigned int number_of(x86_reg reg, unsigned int *ret_width)
{
	for (unsigned int r = 0; r < REGISTERS; r++)
		for (unsigned int s = 0; s < SIZES; s++)
			if (names[r][s] == reg) {
				*ret_width = widths[s];
				return r;
			}
	return NO_REG;
}

static int get_register(const struct machine *m, x86_reg reg, uint64_t *ret)
{
	unsigned int width = 0, number = number_of(reg, &width);

	if (number == NO_REG || !(m->known & (1u << number)))
		return -EOPNOTSUPP;
	*ret = masked(m->registers[number], width);
	return 0;
}

static int set_register(struct machine *m, x86_reg reg, uint64_t value)
{
	unsigned int width = 0, number = number_of(reg, &width);

	if (number == NO_REG || number == RSP)
		return -EOPNOTSUPP;
	if (width == 1) { /* the rest of it stays */
		if (!(m->known & (1u << number)))
			return -EOPNOTSUPP;
		value = (m->registers[number] & ~0xffull) | (value & 0xff);
	} else {
		value = masked(value, width);
	}
	m->registers[number] = value;
	m->known |= 1u << number;
	return 0;
}

static int effective_address(const struct machine *m, const cs_x86_op *op, uint64_t *ret)
{
	uint64_t base = 0, index = 0;
	int err = 0;

	if (op->mem.segment != X86_REG_INVALID)
		return -EOPNOTSUPP;
	if (op->mem.base == X86_REG_RIP)
		base = m->insn->address + m->insn->size;
	else if (op->mem.base != X86_REG_INVALID)
		err = get_register(m, op->mem.base, &base);
	if (!err && op->mem.index != X86_REG_INVALID)
		err = get_register(m, op->mem.index, &index);
	*ret = base + index * (uint64_t)op->mem.scale + (uint64_t)op->mem.disp;
	return err;
}

static int load(const struct machine *m, const cs_x86_op *op, uint64_t *ret)
{
	uint64_t addr = 0, value = 0;
	int err = effective_address(m, op, &addr);

	if (err)
		return err;
	if (op->size != 1 && op->size != 4 && op->size != 8)
		return -EOPNOTSUPP;
	err = m->memory->read_at(m->memory, addr, &value, op->size);
	if (!err)
		*ret = value;
	return err;
}

static int get(const struct machine *m, const cs_x86_op *op, uint64_t *ret)
{
	switch (op->type) {
	case X86_OP_REG:
		return get_register(m, op->reg, ret);
	case X86_OP_IMM:
		*ret = masked((uint64_t)op->imm, op->size);
		return 0;
	case X86_OP_MEM:
		return load(m, op, ret);
	default:
		return -EOPNOTSUPP;
	}
}

static int push(struct machine *m, const cs_x86_op *op)
{
	unsigned int width = 0, number;

	if (op->type != X86_OP_REG || m->depth == STACK_MAX)
		return -EOPNOTSUPP;
	number = number_of(op->reg, &width);
	if (number == NO_REG || width != 8)
		return -EOPNOTSUPP;
	m->is_pushed_known[m->depth] = m->known & (1u << number);
	m->stack[m->depth++] = m->registers[number];
	return 0;
}

static int pop(struct machine *m, const cs_x86_op *op)
{
	unsigned int width = 0, number;

	if (op->type != X86_OP_REG || !m->depth)
		return -EOPNOTSUPP;
	number = number_of(op->reg, &width);
	if (number == NO_REG || number == RSP || width != 8)
		return -EOPNOTSUPP;
	m->registers[number] = m->stack[--m->depth];
	m->known &= ~(1u << number);
	if (m->is_pushed_known[m->depth])
		m->known |= 1u << number;
	return 0;
}

/* mov of the stack pointer makes a frame: nobody reads the value. */
static bool is_frame(const cs_x86 *x)
{
	return x->op_count == 2 && x->operands[0].type == X86_OP_REG &&
	       x->operands[0].reg == X86_REG_RBP && x->operands[1].type == X86_OP_REG &&
	       x->operands[1].reg == X86_REG_RSP;
}

static int move(struct machine *m, const cs_x86 *x, bool is_address)
{
	uint64_t value = 0;
	int err;

	if (x->op_count != 2 || x->operands[0].type != X86_OP_REG)
		return -EOPNOTSUPP;
	if (is_frame(x)) {
		m->known &= ~(1u << 5);
		return 0;
	}
	err = is_address ? effective_address(m, &x->operands[1], &value)
			 : get(m, &x->operands[1], &value);
	return err ? err : set_register(m, x->operands[0].reg, value);
}

/* An operation of two values; the first operand is a register and takes the result. */
static int combine(struct machine *m, const cs_x86 *x, unsigned int id)
{
	uint64_t a = 0, b = 0;
	int err;

	if (x->op_count != 2 || x->operands[0].type != X86_OP_REG)
		return -EOPNOTSUPP;
	if (id == X86_INS_XOR && x->operands[1].type == X86_OP_REG &&
	    x->operands[0].reg == x->operands[1].reg)
		return set_register(m, x->operands[0].reg, 0);
	err = get(m, &x->operands[0], &a);
	if (!err)
		err = get(m, &x->operands[1], &b);
	if (err)
		return err;
	switch (id) {
	case X86_INS_ADC:
		if (!m->is_carry_known)
			return -EOPNOTSUPP;
		a += m->carry + b;
		break;
	case X86_INS_ADD:
		a += b;
		break;
	case X86_INS_SUB:
		a -= b;
		break;
	case X86_INS_XOR:
		a ^= b;
		break;
	case X86_INS_AND:
		a &= b;
		break;
	case X86_INS_IMUL:
		a *= b;
		break;
	case X86_INS_SHL:
		a <<= b & 63;
		break;
	default:
		return -EOPNOTSUPP;
	}
	m->is_carry_known = false;
	return set_register(m, x->operands[0].reg, a);
}

static int compare(struct machine *m, const cs_x86 *x)
{
	uint64_t a = 0, b = 0;
	int err = x->op_count == 2 ? get(m, &x->operands[0], &a) : -EOPNOTSUPP;

	if (!err)
		err = get(m, &x->operands[1], &b);
	if (err)
		return err;
	m->carry = a < masked(b, x->operands[0].size);
	m->is_carry_known = true;
	return 0;
}

static int execute(struct machine *m)
{
	const cs_x86 *x = &m->insn->detail->x86;

	switch (m->insn->id) {
	case X86_INS_NOP:
	case X86_INS_ENDBR64:
		return 0;
	case X86_INS_MOV:
	case X86_INS_MOVABS:
	case X86_INS_MOVZX:
		return move(m, x, false);
	case X86_INS_LEA:
		return move(m, x, true);
	case X86_INS_CMP:
		return compare(m, x);
	case X86_INS_PUSH:
		return x->op_count == 1 ? push(m, &x->operands[0]) : -EOPNOTSUPP;
	case X86_INS_POP:
		return x->op_count == 1 ? pop(m, &x->operands[0]) : -EOPNOTSUPP;
	default:
		return combine(m, x, m->insn->id);
	}
}

int getter_value(struct bytes code, uint64_t address, uint64_t object, const struct reader *memory,
		 uint64_t *ret_value)
{
	_release_(machine_done) struct machine m = { .memory = memory };
	const uint8_t *at = code.at;
	size_t left = code.len;
	int err = machine_open(&m);

	m.registers[RDI] = object;
	m.known = 1u << RDI;
	for (int i = 0; i < GETTER_MAX_INSTRUCTIONS && !err; i++) {
		if (!left || !cs_disasm_iter(m.handle, &at, &left, &address, m.insn))
			return -EBADMSG;
		if (m.insn->id == X86_INS_RET)
			return m.depth ? -EBADMSG : get_register(&m, X86_REG_RAX, ret_value);
		err = execute(&m);
	}
	return err ? err : -EOPNOTSUPP;
}
