/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * User stacks, interned by content: the map "stacks" from a 64-bit hash of process, frames and end.
 * A stack of more than STACK_PART_FRAMES frames is several elements, linked from the leaf to the
 * root.
 */
#ifndef ABI_STACKS_H
#define ABI_STACKS_H

#include "abi/base.h"

/*
 * Frames kept in one element. Chosen so that it (48 bytes of kernel header, 8 of key, 8 of
 * allocator, this value) fits the kernel's 1024-byte size class.
 */
#define STACK_PART_FRAMES 117
#define STACK_PARTS	  4
#define STACK_MAX_FRAMES  (STACK_PARTS * STACK_PART_FRAMES)

/* How a walk ended. */
enum stack_end {
	STACK_COMPLETE,	  /* at the first function of the thread */
	STACK_NO_TABLE,	  /* in code of which nothing is known, and no frame pointer leads on */
	STACK_UNREADABLE, /* the stack's memory could not be read */
	STACK_EXPRESSION, /* at a rule that a table cannot express */
	STACK_TOO_DEEP,	  /* after STACK_MAX_FRAMES frames */
	STACK_CORRUPT,	  /* where the caller would lie below its callee, or is no code */
	STACK_UNTOLD,	  /* walked by the kernel, by frame pointers: it cannot tell */
	STACK_ENDS,
};

struct stack {
	__u32 tgid;
	__u16 depth;   /* frames of this element that count */
	__u8 end;      /* enum stack_end, of the whole stack */
	__u8 is_by_fp; /* code without a table was crossed by its frame pointer */
	__u64 next;    /* id of the part nearer to the root, STACK_NONE */
	/*
	 * Code addresses, leaf first, each inside the instruction that it stands for: the call of a
	 * caller (its return address less one), the interrupted instruction itself. A word with
	 * STACK_JS says of the one before it whose frame it is. Beyond depth: left-overs.
	 */
	__u64 frames[STACK_PART_FRAMES];
};
ABI_SIZE(struct stack, 16 + 8 * STACK_PART_FRAMES);

/*
 * A frame of a JavaScript function is two words: the address, and its SharedFunctionInfo (a tagged
 * pointer of V8's, below 2^48; 0: it could not be read) with STACK_JS above it. No address of code
 * has these two highest bits. Between them are some bits of what is in that object: V8 throws
 * functions away and puts others in their place, which are then not taken for them.
 */
#define STACK_JS	   (1ull << 63)
#define STACK_JS_MASK	   (3ull << 62)
#define STACK_JS_SHARED(w) ((w) & ((1ull << 48) - 1))
#define STACK_IS_JS(w)	   (((w)&STACK_JS_MASK) == STACK_JS)

/*
 * The word. @name, @script: those fields of the object; @script_id: that of the script. V8 gives
 * each script a number of its own, whatever place it has.
 */
static inline __u64 stack_js_word(__u64 shared, __u64 name, __u64 script, __u64 script_id)
{
	__u64 mix = (name ^ (script << 23)) * 0x9e3779b97f4a7c15ull;

	mix = (mix ^ (mix >> 29) ^ script_id) * 0x9e3779b97f4a7c15ull;
	return STACK_JS | (mix >> 50 << 48) | STACK_JS_SHARED(shared);
}

/*
 * Map "code", by the target's slot: its executable memory lies in these two ranges, [first, end)
 * (the program, and the libraries far above it). All zero: not known, every address is taken for
 * code. For walks by the kernel only.
 */
struct code_ranges {
	__u64 first[2], end[2];
};
ABI_SIZE(struct code_ranges, 32);

#define STACK_NONE 0 /* id of "no stack": it could not be taken or stored */

#endif
