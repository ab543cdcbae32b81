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

/*
 * Looks at the instructions of a function of @len bytes, one after the other, without executing
 * them. The displacement of the first memory operand that the first argument is subtracted from, in
 * one step ("lock sub [rdi+8], rsi"). 0, -ENODATA, -ENOMEM, -EOPNOTSUPP or what reading gave.
 */
int getter_counter(const struct reader *code, uint64_t address, size_t len, uint64_t *ret_offset);

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
