/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to symbol/getter.c and machine*.c: registers, flags and a stack of our own. */
#ifndef SYMBOL_MACHINE_H
#define SYMBOL_MACHINE_H

#include "base/bytes.h"

#include <capstone/capstone.h>
#include <stdbool.h>

#define MACHINE_REGISTERS   16
#define MACHINE_STACK_WORDS 256
#define MACHINE_PAGE	    4096
#define MACHINE_PAGES	    4

enum machine_register {
	MACHINE_RAX,
	MACHINE_RCX,
	MACHINE_RDX,
	MACHINE_RBX,
	MACHINE_RSP,
	MACHINE_RBP,
	MACHINE_RSI,
	MACHINE_RDI,
};

/* Where our stack lies: at addresses that no program can have. */
#define MACHINE_STACK	  0x8000000000000000ull
#define MACHINE_STACK_END (MACHINE_STACK + MACHINE_STACK_WORDS * 8ull)
/* What the function returns to. */
#define MACHINE_RETURN 0x8fffffffffffffffull

struct machine {
	csh handle;
	cs_insn *insn;
	const struct reader *code, *memory;
	uint64_t next; /* address of the next instruction */
	uint64_t registers[MACHINE_REGISTERS];
	uint32_t known;	    /* registers whose value is known, a bit each */
	uint32_t low_known; /* those of which at least the lowest byte is */
	uint64_t stack[MACHINE_STACK_WORDS];
	bool is_stack_known[MACHINE_STACK_WORDS];
	bool carry, zero, sign, overflow;
	bool are_flags_known; /* all but carry */
	bool is_carry_known;
	struct machine_page {
		uint64_t address;
		bool is_read;
		uint8_t bytes[MACHINE_PAGE];
	} pages[MACHINE_PAGES]; /* of code */
	unsigned int next_page;
};

/* @code and @memory: borrowed. 0, -ENOMEM, -EOPNOTSUPP. */
int machine_open(struct machine *m, const struct reader *code, const struct reader *memory);
void machine_done(struct machine *m);

/* The instruction at m->next becomes m->insn, and m->next the one behind it. */
int machine_fetch(struct machine *m);

/* Executes m->insn, which is no call, jump or return. */
int machine_execute(struct machine *m);

/* Values by operand; *ret is of its width, zeroes above, but an immediate one is sign-extended. */
int machine_get(const struct machine *m, const cs_x86_op *op, uint64_t *ret);
int machine_set(struct machine *m, const cs_x86_op *op, uint64_t value);
/* Is @op a register or a word of our stack that nobody has set, or only its caller? */
bool machine_is_unset(const struct machine *m, const cs_x86_op *op);
/* Moves that: what a function saves for its caller. */
int machine_move_unset(struct machine *m, const cs_x86_op *to);

/* Its value is not known any more. */
void machine_forget(struct machine *m, x86_reg reg);
int machine_push(struct machine *m, uint64_t value, bool is_known);
int machine_pop(struct machine *m, uint64_t *ret, bool *ret_known);

/* Does the condition of a jcc, setcc or cmovcc hold? @condition: 0 to 15, as encoded. */
int machine_condition(const struct machine *m, unsigned int condition, bool *ret);

/* The condition that instruction @id tests; -1: it is none of these. */
int machine_jump_condition(unsigned int id);
int machine_set_condition(unsigned int id);
int machine_move_condition(unsigned int id);

/* The address that operand @op of m->insn means. */
int machine_address(const struct machine *m, const cs_x86_op *op, uint64_t *ret);

#endif
