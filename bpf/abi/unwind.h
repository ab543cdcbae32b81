/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Unwind tables: how a frame's caller is found without a frame pointer. user/symbol/unwind_table.h
 * makes them from .eh_frame (System V ABI, DWARF 5 section 6.4), bpf/lib/unwind_walk.h follows
 * them.
 *
 * The executable segments of a file are cut into pages of 64 KiB. A page has its rows, ascending by
 * address; a row says which rule holds from its address on. The first row of a page is at its
 * start. Rules are few and shared. x86-64 only: the stack pointer, rbp and the return address are
 * followed.
 */
#ifndef ABI_UNWIND_H
#define ABI_UNWIND_H

#include "abi/base.h"

#define UNWIND_PAGE_BITS 16

struct unwind_row {
	__u16 addr; /* low bits of the file address */
	__u16 rule;
};
ABI_SIZE(struct unwind_row, 4);

/* Where the canonical frame address is: the stack pointer before the call that made the frame. */
enum unwind_cfa {
	UNWIND_CFA_NONE,	  /* no FDE covers the place */
	UNWIND_CFA_INEXPRESSIBLE, /* one does, with something that these rules cannot say */
	UNWIND_CFA_END,		  /* return address undefined: the first function of its thread */
	UNWIND_CFA_SIGNAL, /* a signal frame: the interrupted registers are above the stack pointer
			    */
	UNWIND_CFA_SP,	   /* rsp + cfa_offset */
	UNWIND_CFA_FP,	   /* rbp + cfa_offset */
	UNWIND_CFA_DEREF_SP, /* *(rsp + cfa_offset) + param */
	UNWIND_CFA_DEREF_FP, /* *(rbp + cfa_offset) + param */
	UNWIND_CFA_PLT,	     /* rsp + cfa_offset, and 8 more where (pc & 15) >= param */
	UNWIND_CFA_REGISTER, /* DWARF register param + cfa_offset: known in the top frame only */
};

/* Where the caller's rbp is. */
enum unwind_fp {
	UNWIND_FP_SAME,	 /* in rbp */
	UNWIND_FP_CFA,	 /* at CFA + fp_offset */
	UNWIND_FP_AT_FP, /* at rbp + fp_offset */
	UNWIND_FP_LOST,	 /* not to be had: a rule that needs it further up cannot be followed */
};

/* The caller's rsp is the CFA, its address the word below. */
struct unwind_rule {
	__u8 cfa; /* enum unwind_cfa */
	__u8 fp;  /* enum unwind_fp */
	__u8 param;
	__u8 pad;
	__s32 cfa_offset;
	__s32 fp_offset;
};
ABI_SIZE(struct unwind_rule, 12);

#endif
