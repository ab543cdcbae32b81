/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a small function without branches would return, worked out by decoding it (capstone): a
 * getter that adds up members of its object and flags of the program. So a private member is read
 * where no table says at which offset it lies. x86-64, System V.
 */
#ifndef SYMBOL_GETTER_H
#define SYMBOL_GETTER_H

#include "base/bytes.h"

#define GETTER_MAX_INSTRUCTIONS 32

/*
 * @code: the function, which lies at @address. @object: its first argument. @memory: the target's,
 * an offset is an address. 0; -EOPNOTSUPP: an instruction that is not understood, or too many;
 * -EBADMSG: no return; -ENOMEM; or what reading memory gave.
 */
int getter_value(struct bytes code, uint64_t address, uint64_t object, const struct reader *memory,
		 uint64_t *ret_value);

#endif
