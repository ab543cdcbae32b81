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

/* Map "unwind_pages": rows first .. first + last of a block, at least one. */
struct unwind_page {
	__u32 first;
	__u16 block;
	__u16 last;
};
ABI_SIZE(struct unwind_page, 8);

/* Map "unwind_blocks", filled one after the other; a page's rows lie in one block. */
#define UNWIND_BLOCK_ROWS (1u << 18)
#define UNWIND_BLOCKS	  64

struct unwind_block {
	struct unwind_row rows[UNWIND_BLOCK_ROWS];
};
ABI_SIZE(struct unwind_block, 1 << 20);

#define UNWIND_PAGES 32768 /* 2 GiB of code */
#define UNWIND_RULES 16384 /* of all files together; [0] is UNWIND_CFA_NONE */

enum unwind_mapping_kind {
	UNWIND_BY_TABLE,
	UNWIND_BY_FP, /* a file without a table (Go): the frame pointer leads on */
	UNWIND_JIT,   /* code made at run time: the same */
	/*
	 * The kernel's [uprobes] page: a return that some tracer waits for. It begins one byte
	 * early: a return address there is its first byte.
	 */
	UNWIND_TRAMPOLINE,
	UNWIND_BY_NOTHING,
};

/* An executable mapping. */
struct unwind_mapping {
	__u64 start, end; /* [start, end) */
	__u64 bias;	  /* address - bias = file address */
	__s32 page_delta; /* file address >> UNWIND_PAGE_BITS + page_delta = index of its page */
	__u32 kind;	  /* enum unwind_mapping_kind */
};
ABI_SIZE(struct unwind_mapping, 32);

/* Chosen so that a hash element with this value fits the kernel's 8192-byte size class. */
#define UNWIND_MAPPINGS 252

/* Map "unwind_processes", from tgid. */
struct unwind_process {
	__u32 count;
	__u32 ask_shift; /* of the kernel side, as the next; 0 when the mappings have changed */
	__u64 asked_ns;	 /* when a walk last asked user space to read the mappings again */
	struct unwind_mapping at[UNWIND_MAPPINGS]; /* ascending, not overlapping, below 2^63 */
};
ABI_SIZE(struct unwind_process, 16 + 32 * UNWIND_MAPPINGS);

/*
 * Map "unwind_js", from tgid, of processes that run V8: how the function of a frame is read. The
 * word at rbp - 8 is a tagged Context and that at rbp - 16 a tagged JSFunction in frames of
 * JavaScript functions (V8's x86-64 frames: src/execution/frame-constants.h); a tagged pointer ends
 * in binary 01, and points one byte into its object, which begins with its Map. Offsets are from
 * the object's start, multiples of 8 but for instance_type.
 */
struct unwind_js {
	__u16 shared;			  /* in a JSFunction, at most 32; 0: not known */
	__u16 instance_type;		  /* in a Map, 16 bits */
	__u16 function_min, function_max; /* instance types of JSFunctions */
	__u16 name, script;		  /* in a SharedFunctionInfo, at most 40 */
	__u16 script_id;		  /* in a Script */
	__u16 pad;
};
ABI_SIZE(struct unwind_js, 16);

#endif
