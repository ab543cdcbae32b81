/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a function of a program that only reads would return, worked out by executing its
 * instructions (capstone) on a copy of nothing: registers and a small stack of our own, everything
 * else read from where the program keeps it. So private members are read, and summed up as the
 * program itself does, where no table says at which offset they lie. Branches, calls and virtual
 * functions are followed. What would write to the program's memory ends it. x86-64, System V.
 */
#ifndef SYMBOL_GETTER_H
#define SYMBOL_GETTER_H

#include "base/bytes.h"

#define GETTER_MAX_INSTRUCTIONS 20000

/* An offset in any of them is an address. */
struct getter {
	const struct reader *code;
	const struct reader *memory;
};

/*
 * @address: of the function. @object: its first argument. 0; -EOPNOTSUPP: an instruction that is
 * not understood, a value that nobody has set, or too many instructions; -EBADMSG: no instruction,
 * or an unbalanced stack; -ENOMEM; or what reading gave.
 */
int getter_value(const struct getter *g, uint64_t address, uint64_t object, uint64_t *ret_value);

/* First arguments of calls; those of more than GETTER_CALLS_MAX are not kept, only counted. */
#define GETTER_CALLS_MAX 32
struct getter_calls {
	uint64_t callee; /* asked for */
	uint64_t arguments[GETTER_CALLS_MAX];
	size_t count;
};

/*
 * Executes a function, but for the calls of @c->callee, which are noted and taken as done. As
 * above; what the function returns does not matter.
 */
int getter_calls(const struct getter *g, uint64_t address, uint64_t object, struct getter_calls *c);

/* What a function does with a member of its first argument. */
enum getter_use {
	GETTER_LOADS,	  /* "mov rax, [rdi+8]" */
	GETTER_SUBTRACTS, /* "lock sub [rdi+8], rsi" */
};

/*
 * Looks at the instructions of a function of @len bytes, one after the other, without executing
 * them: the offset of the first member that is used so. 0, -ENODATA, -ENOMEM, -EOPNOTSUPP or what
 * reading gave.
 */
int getter_own_member(const struct reader *code, uint64_t address, size_t len, enum getter_use use,
		      uint64_t *ret_offset);

/* Where a function takes a member that it stores: see getter_stored_member. */
struct getter_member {
	uint64_t base;	 /* what the first "lea" adds to the first argument */
	uint64_t offset; /* of the member from there */
};

/*
 * The same, for a function that fills in a structure: the member whose value is stored at @field of
 * the structure is the one loaded last before that. As above.
 */
int getter_stored_member(const struct reader *code, uint64_t address, size_t len, uint64_t field,
			 struct getter_member *ret);

#endif
