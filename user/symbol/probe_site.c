// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The choice of a cheap place for a uprobe, by decoding the function with capstone. */
#include "symbol/probe_site.h"

#include "base/scope.h"

#include <capstone/capstone.h>
#include <errno.h>

#define CODE_MAX 65536

/* Written alone or by a part of it, a register no longer holds what the caller put there. */
static const x86_reg argument_registers[PROBE_SITE_ARGUMENTS][4] = {
	{ X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL },
	{ X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL },
	{ X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL },
	{ X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL },
	{ X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B },
	{ X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B },
};
static const x86_reg high_bytes[PROBE_SITE_ARGUMENTS] = { [2] = X86_REG_DH, [3] = X86_REG_CH };
static const x86_reg stack_registers[4] = { X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL };

/*
 * What may run before the probe: instructions whose whole effect is a register, the flags, or
 * nothing. A list, not all but the known bad ones: what is missing here costs time, not truth.
 */
static const x86_insn harmless[] = {
	X86_INS_NOP,	X86_INS_ENDBR64, X86_INS_MOV,	X86_INS_MOVABS, X86_INS_MOVZX,
	X86_INS_MOVSX,	X86_INS_MOVSXD,	 X86_INS_LEA,	X86_INS_TEST,	X86_INS_CMP,
	X86_INS_XOR,	X86_INS_AND,	 X86_INS_OR,	X86_INS_ADD,	X86_INS_SUB,
	X86_INS_INC,	X86_INS_DEC,	 X86_INS_NEG,	X86_INS_NOT,	X86_INS_SHL,
	X86_INS_SHR,	X86_INS_SAR,	 X86_INS_BSR,	X86_INS_BSF,	X86_INS_IMUL,
	X86_INS_CMOVE,	X86_INS_CMOVNE,	 X86_INS_CMOVA, X86_INS_CMOVAE, X86_INS_CMOVB,
	X86_INS_CMOVBE, X86_INS_SETE,	 X86_INS_SETNE, X86_INS_LZCNT,	X86_INS_TZCNT,
};

struct decoder {
	csh handle;
	cs_insn *insn;
	unsigned int arguments;
	bool needs_return;
};

static void decoder_done(struct decoder *d)
{
	if (d->insn)
		cs_free(d->insn, 1);
	if (d->handle)
		(void)cs_close(&d->handle); /* fails only for a handle that is not ours */
}

static int decoder_open(struct decoder *d)
{
	cs_err err = cs_open(CS_ARCH_X86, CS_MODE_64, &d->handle);

	if (err != CS_ERR_OK) {
		d->handle = 0;
		return err == CS_ERR_MEM ? -ENOMEM : -EOPNOTSUPP;
	}
	if (cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
		return -EOPNOTSUPP;
	d->insn = cs_malloc(d->handle);
	return d->insn ? 0 : -ENOMEM;
}

/* The instruction at @offset is in d->insn (its address is the offset); false when there is none.
 */
static bool decode(struct decoder *d, struct bytes code, uint64_t offset)
{
	const uint8_t *at = code.at + offset;
	size_t left = code.len - offset;

	return left && cs_disasm_iter(d->handle, &at, &left, &offset, d->insn);
}

/*
 * As the kernel's branch_setup_xol_ops and push_setup_xol_ops have it, without any prefix but the
 * 0x41 of push %r8-%r15: nop, jmp, call and jcc with a relative target, push of a register.
 */
static bool is_emulated(const cs_insn *insn)
{
	const uint8_t *b = insn->bytes;

	switch (b[0]) {
	case 0x90:
	case 0xe8:
	case 0xe9:
	case 0xeb:
	case 0x50 ... 0x57:
	case 0x70 ... 0x7f:
		return true;
	case 0x0f:
		return b[1] >= 0x80 && b[1] <= 0x8f;
	case 0x41:
		return b[1] >= 0x50 && b[1] <= 0x57;
	default:
		return false;
	}
}

static bool holds(const x86_reg *regs, size_t count, x86_reg reg)
{
	for (size_t i = 0; i < count; i++) {
		if (regs[i] == reg)
			return true;
	}
	return false;
}

/* Is the caller's value of @reg needed at the probe? */
static bool is_needed(const struct decoder *d, x86_reg reg)
{
	if (d->needs_return && holds(stack_registers, 4, reg))
		return true;
	for (unsigned int i = 0; i < PROBE_SITE_ARGUMENTS; i++) {
		if ((d->arguments & PROBE_SITE_ARGUMENT(i)) &&
		    (reg == high_bytes[i] || holds(argument_registers[i], 4, reg)))
			return true;
	}
	return false;
}

static bool writes_needed(const struct decoder *d)
{
	cs_regs read, written;
	uint8_t read_count, written_count;

	if (cs_regs_access(d->handle, d->insn, read, &read_count, written, &written_count) !=
	    CS_ERR_OK)
		return true;
	for (uint8_t i = 0; i < written_count; i++) {
		if (is_needed(d, (x86_reg)written[i]))
			return true;
	}
	return false;
}

static bool writes_memory(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if (insn->id == X86_INS_CMP || insn->id == X86_INS_TEST || insn->id == X86_INS_NOP)
		return false;
	/* Of the harmless ones all others write their first operand, and only that. */
	return x86->op_count && x86->operands[0].type == X86_OP_MEM;
}

static bool may_run_before(const struct decoder *d)
{
	const cs_insn *insn = d->insn;
	bool is_harmless = false;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		is_harmless = is_harmless || insn->id == (unsigned int)harmless[i];
	return is_harmless && !writes_memory(insn) && !writes_needed(d);
}

static bool is_refused(const cs_insn *insn)
{
	return insn->detail->x86.prefix[0] == X86_PREFIX_LOCK;
}

/* The target of a direct jump or call; false for all other instructions. */
static bool target_of(const struct decoder *d, uint64_t *ret_target)
{
	const cs_x86 *x86 = &d->insn->detail->x86;

	if (!cs_insn_group(d->handle, d->insn, CS_GRP_BRANCH_RELATIVE) &&
	    !cs_insn_group(d->handle, d->insn, CS_GRP_JUMP))
		return false;
	if (!x86->op_count || x86->operands[0].type != X86_OP_IMM)
		return false;
	*ret_target = (uint64_t)x86->operands[0].imm;
	return true;
}

/*
 * The first place after the entry that a jump inside the function leads to, at most the window's
 * end: from there on the straight line may be run more than once per call. 1 when the function
 * cannot be decoded to its end, and so cannot be known.
 */
static uint64_t first_jump_target(struct decoder *d, struct bytes code)
{
	uint64_t first = PROBE_SITE_WINDOW;
	uint64_t target;

	for (uint64_t at = 0; at < code.len; at += d->insn->size) {
		if (!decode(d, code, at))
			return 1;
		if (target_of(d, &target) && target > 0 && target < first)
			first = target;
	}
	return first;
}

/* Past what the kernel refuses at the entry: *ret_at. */
static int skip_refused(struct decoder *d, struct bytes code, uint64_t *ret_at)
{
	uint64_t at = 0;

	if (!decode(d, code, at))
		return -EBADMSG;
	while (is_refused(d->insn)) {
		if (writes_needed(d))
			return -EOPNOTSUPP;
		at += d->insn->size;
		if (!decode(d, code, at))
			return -EOPNOTSUPP;
	}
	*ret_at = at;
	return 0;
}

int probe_site_choose(struct bytes code, unsigned int arguments, bool needs_return,
		      struct probe_site *ret_site)
{
	_release_(decoder_done) struct decoder d = { .arguments = arguments,
						     .needs_return = needs_return };
	struct probe_site site = { 0 };
	uint64_t entry, end;
	int err;

	if (code.len > CODE_MAX)
		code.len = CODE_MAX;
	err = decoder_open(&d);
	if (!err)
		err = skip_refused(&d, code, &entry);
	if (err)
		return err;
	end = first_jump_target(&d, code);
	if (entry && entry >= end)
		return -EOPNOTSUPP;
	site.offset = (uint32_t)entry;
	for (uint64_t at = entry; at < end && decode(&d, code, at); at += d.insn->size) {
		if (is_emulated(d.insn)) {
			site = (struct probe_site){ .offset = (uint32_t)at, .is_emulated = true };
			break;
		}
		if (!may_run_before(&d))
			break;
	}
	*ret_site = site;
	return 0;
}
