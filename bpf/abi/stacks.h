/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* User stacks, interned by content: the map "stacks" from a 64-bit hash of process and frames. */
#ifndef ABI_STACKS_H
#define ABI_STACKS_H

#include "abi/base.h"

/*
 * Frames kept per stack. Chosen so that a map element (48 bytes of kernel header, 8 of key, 8 of
 * allocator, this value) fits the kernel's 1024-byte size class.
 */
#define STACK_DEPTH 118

struct stack {
	__u32 tgid;
	__u32 depth;		   /* frames that count; STACK_DEPTH may mean cut off */
	__u64 frames[STACK_DEPTH]; /* code addresses, leaf first; beyond depth: left-overs */
};
ABI_SIZE(struct stack, 8 + 8 * STACK_DEPTH);

/*
 * Map "code", by the target's slot: its executable memory lies in these two ranges, [first, end)
 * (the program, and the libraries far above it). All zero: not known, every address is taken for
 * code.
 */
struct code_ranges {
	__u64 first[2], end[2];
};
ABI_SIZE(struct code_ranges, 32);

#define STACK_NONE 0 /* id of "no stack": it could not be taken or stored */

#endif
