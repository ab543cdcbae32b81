// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Registers, memory and code of the machine: what operands mean. */
#include "symbol/machine.h"

#include <errno.h>
#include <string.h>

#define NO_REG	 MACHINE_REGISTERS
#define SIZES	 3
#define INSN_MAX 15

/* By number, 64, 32 and 8 bits wide. */
static const x86_reg names[MACHINE_REGISTERS][SIZES] = {
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

void machine_done(struct machine *m)
{
	if (m->insn)
		cs_free(m->insn, 1);
	if (m->handle)
		(void)cs_close(&m->handle); /* fails only for a handle that is not ours */
}

int machine_open(struct machine *m, const struct reader *code, const struct reader *memory)
{
	cs_err err = cs_open(CS_ARCH_X86, CS_MODE_64, &m->handle);

	if (err != CS_ERR_OK) {
		m->handle = 0;
		return err == CS_ERR_MEM ? -ENOMEM : -EOPNOTSUPP;
	}
	if (cs_option(m->handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
		return -EOPNOTSUPP;
	m->insn = cs_malloc(m->handle);
	m->code = code;
	m->memory = memory;
	m->registers[MACHINE_RSP] = MACHINE_STACK_END;
	m->known = m->low_known = 1u << MACHINE_RSP;
	return m->insn ? 0 : -ENOMEM;
}

/* --- code ------------------------------------------------------------------------------------- */

/* The page of code at @address, read once; NULL with *ret_err when it cannot be. */
static const struct machine_page *page_at(struct machine *m, uint64_t address, int *ret_err)
{
	struct machine_page *p;

	for (size_t i = 0; i < MACHINE_PAGES; i++)
		if (m->pages[i].is_read && m->pages[i].address == address)
			return &m->pages[i];
	p = &m->pages[m->next_page];
	m->next_page = (m->next_page + 1) % MACHINE_PAGES;
	p->is_read = false;
	*ret_err = m->code->read_at(m->code, address, p->bytes, MACHINE_PAGE);
	if (*ret_err)
		return NULL;
	p->is_read = true;
	p->address = address;
	return p;
}

int machine_fetch(struct machine *m)
{
	uint64_t page = m->next & ~(MACHINE_PAGE - 1ull), address = m->next;
	size_t in_page = (size_t)(m->next - page), len = 0;
	uint8_t bytes[INSN_MAX];
	const uint8_t *at = bytes;
	int err = 0;

	while (len < INSN_MAX && page <= UINT64_MAX - MACHINE_PAGE) {
		const struct machine_page *p = page_at(m, page, &err);
		size_t part = MACHINE_PAGE - in_page;

		if (!p)
			break;
		if (part > INSN_MAX - len)
			part = INSN_MAX - len;
		memcpy(bytes + len, p->bytes + in_page, part);
		len += part;
		page += MACHINE_PAGE;
		in_page = 0;
	}
	if (!len)
		return err ? err : -EBADMSG;
	if (!cs_disasm_iter(m->handle, &at, &len, &address, m->insn))
		return -EBADMSG;
	m->next = address;
	return 0;
}

/* --- operands --------------------------------------------------------------------------------- */

static uint64_t masked(uint64_t value, unsigned int width)
{
	return width >= 8 ? value : value & ((1ull << (8 * width)) - 1);
}

/* Its number and width; NO_REG: not one of ours. */
static unsigned int number_of(x86_reg reg, unsigned int *ret_width)
{
	for (unsigned int r = 0; r < MACHINE_REGISTERS; r++)
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

	if (number == NO_REG || !((width == 1 ? m->low_known : m->known) & (1u << number)))
		return -EOPNOTSUPP;
	*ret = masked(m->registers[number], width);
	return 0;
}

static int set_register(struct machine *m, x86_reg reg, uint64_t value)
{
	unsigned int width = 0, number = number_of(reg, &width);

	if (number == NO_REG)
		return -EOPNOTSUPP;
	if (width == 1) { /* the rest of it stays */
		value = (m->registers[number] & ~0xffull) | (value & 0xff);
	} else {
		value = masked(value, width);
		m->known |= 1u << number;
	}
	m->registers[number] = value;
	m->low_known |= 1u << number;
	return 0;
}

void machine_forget(struct machine *m, x86_reg reg)
{
	unsigned int width = 0, number = number_of(reg, &width);

	if (number == NO_REG)
		return;
	m->known &= ~(1u << number);
	m->low_known &= ~(1u << number);
}

int machine_address(const struct machine *m, const cs_x86_op *op, uint64_t *ret)
{
	uint64_t base = 0, index = 0;
	int err = 0;

	if (op->type != X86_OP_MEM || op->mem.segment != X86_REG_INVALID)
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

static bool is_stack(uint64_t address, unsigned int size)
{
	return address >= MACHINE_STACK && address <= MACHINE_STACK_END - size;
}

static int load(const struct machine *m, uint64_t address, unsigned int size, uint64_t *ret)
{
	uint64_t value = 0;
	int err;

	if (size != 1 && size != 4 && size != 8)
		return -EOPNOTSUPP;
	if (is_stack(address, size)) {
		size_t at = (size_t)(address - MACHINE_STACK);

		if (!m->is_stack_known[at / 8] || at % 8 + size > 8)
			return -EOPNOTSUPP;
		*ret = masked(m->stack[at / 8] >> (8 * (at % 8)), size);
		return 0;
	}
	err = m->memory->read_at(m->memory, address, &value, size);
	if (!err)
		*ret = value;
	return err;
}

/* To our own stack; the program's memory is not ours. */
static int store(struct machine *m, uint64_t address, unsigned int size, uint64_t value)
{
	size_t at = (size_t)(address - MACHINE_STACK), shift = 8 * (at % 8);

	if ((size != 1 && size != 4 && size != 8) || !is_stack(address, size) || at % 8 + size > 8)
		return -EOPNOTSUPP;
	if (size == 8)
		m->stack[at / 8] = value;
	else
		m->stack[at / 8] = (m->stack[at / 8] & ~(masked(UINT64_MAX, size) << shift)) |
				   masked(value, size) << shift;
	m->is_stack_known[at / 8] = true;
	return 0;
}

int machine_get(const struct machine *m, const cs_x86_op *op, uint64_t *ret)
{
	uint64_t address = 0;
	int err;

	switch (op->type) {
	case X86_OP_REG:
		return get_register(m, op->reg, ret);
	case X86_OP_IMM:
		*ret = (uint64_t)op->imm;
		return 0;
	case X86_OP_MEM:
		err = machine_address(m, op, &address);
		return err ? err : load(m, address, op->size, ret);
	default:
		return -EOPNOTSUPP;
	}
}

int machine_set(struct machine *m, const cs_x86_op *op, uint64_t value)
{
	uint64_t address = 0;
	int err;

	if (op->type == X86_OP_REG)
		return set_register(m, op->reg, value);
	err = machine_address(m, op, &address);
	return err ? err : store(m, address, op->size, value);
}

bool machine_is_unset(const struct machine *m, const cs_x86_op *op)
{
	unsigned int width = 0, number;
	uint64_t address = 0;

	if (op->type == X86_OP_REG) {
		number = number_of(op->reg, &width);
		return number != NO_REG && width == 8 && !(m->known & (1u << number));
	}
	return op->type == X86_OP_MEM && op->size == 8 && machine_address(m, op, &address) == 0 &&
	       is_stack(address, 8) && address % 8 == 0 &&
	       !m->is_stack_known[(address - MACHINE_STACK) / 8];
}

int machine_move_unset(struct machine *m, const cs_x86_op *to)
{
	uint64_t address = 0;
	int err = machine_set(m, to, 0);

	if (err)
		return err;
	if (to->type == X86_OP_REG)
		machine_forget(m, to->reg);
	else if (machine_address(m, to, &address) == 0)
		m->is_stack_known[(address - MACHINE_STACK) / 8] = false;
	return 0;
}

int machine_push(struct machine *m, uint64_t value, bool is_known)
{
	uint64_t to = m->registers[MACHINE_RSP] - 8;
	int err = to % 8 ? -EOPNOTSUPP : store(m, to, 8, value);

	if (err)
		return err;
	m->is_stack_known[(to - MACHINE_STACK) / 8] = is_known;
	m->registers[MACHINE_RSP] = to;
	return 0;
}

int machine_pop(struct machine *m, uint64_t *ret, bool *ret_known)
{
	uint64_t from = m->registers[MACHINE_RSP];

	if (from % 8 || !is_stack(from, 8))
		return -EBADMSG;
	*ret = m->stack[(from - MACHINE_STACK) / 8];
	*ret_known = m->is_stack_known[(from - MACHINE_STACK) / 8];
	m->registers[MACHINE_RSP] = from + 8;
	return 0;
}

int machine_condition(const struct machine *m, unsigned int condition, bool *ret)
{
	bool holds;

	if (!m->are_flags_known || !m->is_carry_known)
		return -EOPNOTSUPP;
	switch (condition / 2) {
	case 0:
		holds = m->overflow;
		break;
	case 1:
		holds = m->carry;
		break;
	case 2:
		holds = m->zero;
		break;
	case 3:
		holds = m->carry || m->zero;
		break;
	case 4:
		holds = m->sign;
		break;
	case 6:
		holds = m->sign != m->overflow;
		break;
	case 7:
		holds = m->zero || m->sign != m->overflow;
		break;
	default: /* parity: nobody asks for it */
		return -EOPNOTSUPP;
	}
	*ret = holds != (condition % 2 != 0);
	return 0;
}
