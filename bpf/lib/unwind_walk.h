/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk up a user stack, frame by frame, by the tables of abi/unwind.h. Plain C: the kernel side
 * (unwind.bpf.h) and the unit tests and the fuzzer compile this same text. x86-64.
 *
 * The includer defines, before the include:
 *	static int unwind_read(const struct unwind_walk *w, void *buf, __u32 bytes, __u64 addr);
 *	static const struct unwind_page *unwind_page_at(const struct unwind_walk *w, __u32 index);
 *	static const struct unwind_row *unwind_rows_of(const struct unwind_walk *w, __u32 block);
 *	static const struct unwind_rule *unwind_rule_at(const struct unwind_walk *w, __u32 index);
 *	static int unwind_register(const struct unwind_walk *w, __u32 number, __u64 *ret_value);
 *	static __u64 unwind_hijacked(const struct unwind_walk *w, __u64 slot);
 * The first reads memory of the process, 0 when it could. rows_of: UNWIND_BLOCK_ROWS of them, or
 * NULL. register: the value of a DWARF register in the top frame. hijacked: the return address that
 * a tracer took from the stack at @slot, 0 when it is not known.
 */
#ifndef LIB_UNWIND_WALK_H
#define LIB_UNWIND_WALK_H

#include "abi/stacks.h"
#include "abi/unwind.h"

/* Not an end: the walk goes on. */
#define UNWIND_GOES_ON STACK_ENDS

/* A frame by frame pointer that is larger than this is none. */
#define UNWIND_MAX_FP_FRAME_BYTES (8u << 20)

/* A return address, or a saved register, below this is none. */
#define UNWIND_MIN_ADDRESS 4096

/* System V ABI and struct rt_sigframe, ucontext of Linux: where rbp, rsp and rip of the interrupted
 * code are above the stack pointer, when the handler has returned to its restorer. */
#define UNWIND_SIGNAL_FP 120
#define UNWIND_SIGNAL_SP 160
#define UNWIND_SIGNAL_PC 168
/* mov $15 (rt_sigreturn), %rax; the first byte of syscall: what gdb and libgcc look for too. */
#define UNWIND_SIGRETURN_CODE 0x0f0000000fc0c748ull

/*
 * A walk and what it found. In BPF this is map memory: what a program keeps on its stack would be
 * followed value by value by the verifier, from frame to frame.
 */
struct unwind_walk {
	const void *env; /* the includer's */
	__u64 pc, sp, fp;
	__u64 hash[STACK_PARTS];
	__u32 mapping;	    /* index of the last one that matched */
	__u32 part, depth;  /* where the next frame goes */
	__u32 end;	    /* enum stack_end, or UNWIND_GOES_ON */
	__u32 is_taken;	    /* of the kernel side */
	__u8 is_return;	    /* pc is a return address, the call is before it */
	__u8 is_top;	    /* nothing was unwound: all registers are known */
	__u8 is_fp_lost;    /* fp is not the caller's */
	__u8 is_by_fp;	    /* some frame was found by its frame pointer */
	__u8 is_last_by_fp; /* pc was: it may be none */
	__u8 is_unmapped;   /* the walk ended at an address in no known mapping */
	__u8 may_use_fp;    /* where there is no table */
	__u8 is_new;	    /* the stack was not known before */

	struct unwind_js js; /* of the process; all zero: no V8 that can be read */
	/* of the last frames: mostly those of the next */
	__u64 js_map, js_function, js_word, js_script, js_script_id;
	__u64 js_words[8]; /* of an object */

	struct stack parts[STACK_PARTS];
};

/* Ready for the first step but for pc, sp, fp. */
static __always_inline void unwind_begin(struct unwind_walk *w, __u32 tgid, bool is_return,
					 bool may_use_fp)
{
	w->mapping = 0;
	w->part = 0;
	w->depth = 0;
	w->end = UNWIND_GOES_ON;
	w->is_return = is_return;
	w->is_top = 1;
	w->is_fp_lost = 0;
	w->is_by_fp = 0;
	w->is_last_by_fp = 0;
	w->is_unmapped = 0;
	w->may_use_fp = may_use_fp;
	w->is_new = 0;
	w->js.shared = 0;
	w->js_map = 0;
	w->js_function = 0;
	w->js_script = 0;
	w->js_script_id = 0;
	for (int i = 0; i < STACK_PARTS; i++)
		w->hash[i] = tgid;
}

/* An address inside the instruction that the frame stands for. */
static __always_inline __u64 unwind_place(const struct unwind_walk *w)
{
	return w->pc - w->is_return;
}

/* --- the tables --------------------------------------------------------------------------------
 */

/*
 * All ones when @a <= @b, both below 2^63, else 0. A search that chooses without a branch is one
 * path to the verifier, not 2^rounds; the compiler must not see what it is.
 */
static __always_inline __u64 unwind_mask_not_above(__u64 a, __u64 b)
{
	__u64 mask = (b - a) >> 63;

	__asm__("" : "+r"(mask));
	return mask - 1;
}

/* Searches end with one element left; each round halves 2^8 and 2^16 of them. */
#define UNWIND_MAPPING_ROUNDS 8
#define UNWIND_ROW_ROUNDS     16

static __always_inline const struct unwind_mapping *
unwind_mapping_at(const struct unwind_process *p, __u32 index, __u64 addr)
{
	const struct unwind_mapping *m;

	if (index >= UNWIND_MAPPINGS)
		return NULL;
	m = &p->at[index];
	return addr >= m->start && addr < m->end ? m : NULL;
}

/* The mapping of the current frame, or NULL. Mostly it is that of the frame before. */
static __always_inline const struct unwind_mapping *
unwind_mapping_find(struct unwind_walk *w, const struct unwind_process *p)
{
	const struct unwind_mapping *m = unwind_mapping_at(p, w->mapping, unwind_place(w));
	__u32 low = 0, count = p->count;

	if (m)
		return m;
	for (__u32 i = 0; i < UNWIND_MAPPING_ROUNDS; i++) {
		__u32 half = count / 2, middle = low + half;

		if (middle >= UNWIND_MAPPINGS)
			return NULL;
		low += half & (__u32)unwind_mask_not_above(p->at[middle].start, unwind_place(w));
		count -= half;
	}
	w->mapping = low;
	return unwind_mapping_at(p, low, unwind_place(w));
}

/* The last row at or below @addr (low bits) of a page; its first row is at the page's start. */
static __always_inline __u32 unwind_row_find(const struct unwind_row *rows,
					     const struct unwind_page *page, __u32 addr)
{
	__u32 low = page->first, count = (__u32)page->last + 1;

	for (__u32 i = 0; i < UNWIND_ROW_ROUNDS; i++) {
		__u32 half = count / 2, middle = (low + half) & (UNWIND_BLOCK_ROWS - 1);

		low += half & (__u32)unwind_mask_not_above(rows[middle].addr, addr);
		count -= half;
	}
	return rows[low & (UNWIND_BLOCK_ROWS - 1)].rule;
}

/* The rule for the current frame, NULL: none. */
static __always_inline const struct unwind_rule *unwind_rule_find(const struct unwind_walk *w,
								  const struct unwind_mapping *m)
{
	__u64 vaddr = unwind_place(w) - m->bias;
	const struct unwind_page *page;
	const struct unwind_row *rows;

	page = unwind_page_at(w, (__u32)(vaddr >> UNWIND_PAGE_BITS) + (__u32)m->page_delta);
	if (!page)
		return NULL;
	rows = unwind_rows_of(w, page->block);
	if (!rows)
		return NULL;
	return unwind_rule_at(w,
			      unwind_row_find(rows, page, vaddr & ((1u << UNWIND_PAGE_BITS) - 1)));
}

/* --- one frame ---------------------------------------------------------------------------------
 */

/* The hash of a stack, one more frame told. */
static __always_inline __u64 stack_hash_step(__u64 hash, __u64 place)
{
	hash = (hash ^ place) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 29);
}

/* Adds a word to the stack. False: it is full. */
static __always_inline bool unwind_keep(struct unwind_walk *w, __u64 word)
{
	if (w->depth >= STACK_PART_FRAMES) {
		if (w->part + 1 >= STACK_PARTS)
			return false;
		w->part++;
		w->depth = 0;
	}
	if (w->part >= STACK_PARTS || w->depth >= STACK_PART_FRAMES) /* for the verifier */
		return false;
	w->parts[w->part].frames[w->depth] = word;
	w->hash[w->part] = stack_hash_step(w->hash[w->part], word);
	w->depth++;
	return true;
}

/* The caller's registers: its pc came from @slot, its stack pointer is just above. */
static __always_inline enum stack_end unwind_go_up(struct unwind_walk *w, __u64 slot, __u64 pc,
						   __u64 fp)
{
	if (pc == 0) /* nobody called */
		return STACK_COMPLETE;
	w->pc = pc;
	w->sp = slot + 8;
	w->fp = fp;
	w->is_return = 1;
	w->is_top = 0;
	return UNWIND_GOES_ON;
}

/*
 * The interrupted code: its registers lie where the kernel saved them, on whatever stack. The
 * restorer that stands in between was called by nobody: its frame is its first byte.
 */
static __always_inline enum stack_end unwind_signal(struct unwind_walk *w)
{
	__u64 saved[(UNWIND_SIGNAL_PC - UNWIND_SIGNAL_FP) / 8 + 1];
	__u32 last = w->depth - 1, part = w->part;

	if (part < STACK_PARTS && last < STACK_PART_FRAMES)
		w->parts[part].frames[last] = w->pc;

	if (unwind_read(w, saved, sizeof(saved), w->sp + UNWIND_SIGNAL_FP))
		return STACK_UNREADABLE;
	w->fp = saved[0];
	w->sp = saved[(UNWIND_SIGNAL_SP - UNWIND_SIGNAL_FP) / 8];
	w->pc = saved[(UNWIND_SIGNAL_PC - UNWIND_SIGNAL_FP) / 8];
	w->is_return = 0;
	w->is_top = 0;
	w->is_fp_lost = 0;
	return UNWIND_GOES_ON;
}

#include "lib/unwind_js.h"

/*
 * Code without a table that was interrupted before it had made its frame, or after it had taken it
 * down: where the return address is, 0 when the frame stands.
 */
static __always_inline __u64 unwind_bare_slot(const struct unwind_walk *w, __u32 kind)
{
	__u8 code[5]; /* the byte before the instruction, and it */

	if (!w->is_top || w->is_return || unwind_read(w, code, sizeof(code), w->pc - 1))
		return 0;
	if (code[1] == 0x55 /* push %rbp */ || code[1] == 0xc3 /* ret */)
		return w->sp;
	if (code[0] == 0x55 && code[1] == 0x48 && code[2] == 0x89 && code[3] == 0xe5)
		return w->sp + 8; /* mov %rsp, %rbp is next */
	return kind == UNWIND_JIT && w->js.shared && unwind_js_is_bare(w) ? w->sp : 0;
}

/* By the frame pointer: code without a table. */
static __always_inline enum stack_end unwind_by_fp(struct unwind_walk *w, __u32 kind)
{
	__u64 frame[4]; /* the last two: the caller's rbp, the return address */
	__u64 bare = unwind_bare_slot(w, kind);
	__u64 code;

	if (kind != UNWIND_JIT && unwind_read(w, &code, sizeof(code), w->pc) == 0 &&
	    code == UNWIND_SIGRETURN_CODE)
		return unwind_signal(w);
	if (!w->may_use_fp || w->is_fp_lost)
		return STACK_NO_TABLE;
	w->is_by_fp = 1;
	w->is_last_by_fp = 1;
	if (bare) {
		if (unwind_read(w, &frame[3], sizeof(frame[3]), bare))
			return STACK_UNREADABLE;
		return unwind_go_up(w, bare, frame[3], w->fp);
	}
	if (w->fp == 0) /* psABI 3.4.1: marks the outermost frame */
		return STACK_COMPLETE;
	if (w->fp < w->sp || (w->fp & 7) || w->fp - w->sp > UNWIND_MAX_FP_FRAME_BYTES)
		return STACK_NO_TABLE;
	if (unwind_js_read_frame(w, frame))
		return STACK_UNREADABLE;
	if (!unwind_js_keep(w, frame[0], frame[1]))
		return STACK_TOO_DEEP;
	return unwind_go_up(w, w->fp + 8, frame[3], frame[2]);
}

/* Where the frame begins: *ret_cfa. */
static __always_inline enum stack_end unwind_cfa(const struct unwind_walk *w,
						 const struct unwind_rule *rule, __u64 *ret_cfa)
{
	bool is_of_fp = rule->cfa == UNWIND_CFA_FP || rule->cfa == UNWIND_CFA_DEREF_FP;
	__u64 base = is_of_fp ? w->fp : w->sp;

	if (rule->cfa == UNWIND_CFA_REGISTER) {
		if (!w->is_top || unwind_register(w, rule->param, &base))
			return STACK_EXPRESSION;
	} else if (is_of_fp && w->is_fp_lost) {
		return STACK_EXPRESSION;
	}
	base += (__u64)(__s64)rule->cfa_offset;
	if (rule->cfa == UNWIND_CFA_DEREF_SP || rule->cfa == UNWIND_CFA_DEREF_FP) {
		if (unwind_read(w, &base, sizeof(base), base))
			return STACK_UNREADABLE;
		base += rule->param;
	}
	if (rule->cfa == UNWIND_CFA_PLT && (unwind_place(w) & 15) >= rule->param)
		base += 8;
	*ret_cfa = base;
	return UNWIND_GOES_ON;
}

/* The caller's rbp, saved at @addr or not at all, when the word below the CFA was read already. */
static __always_inline enum stack_end
unwind_saved_fp(struct unwind_walk *w, const struct unwind_rule *rule, __u64 cfa, __u64 *ret_fp)
{
	__u64 addr = rule->fp == UNWIND_FP_CFA ? cfa : w->fp;

	*ret_fp = w->fp;
	if (rule->fp == UNWIND_FP_SAME)
		return UNWIND_GOES_ON;
	if (rule->fp == UNWIND_FP_LOST || (rule->fp == UNWIND_FP_AT_FP && w->is_fp_lost)) {
		w->is_fp_lost = 1;
		return UNWIND_GOES_ON;
	}
	if (unwind_read(w, ret_fp, sizeof(*ret_fp), addr + (__u64)(__s64)rule->fp_offset))
		return STACK_UNREADABLE;
	w->is_fp_lost = 0;
	return UNWIND_GOES_ON;
}

static __always_inline enum stack_end unwind_by_rule(struct unwind_walk *w,
						     const struct unwind_rule *rule)
{
	__u64 pair[2]; /* mostly the caller's rbp and its address lie side by side */
	enum stack_end end;
	__u64 cfa = 0;

	end = unwind_cfa(w, rule, &cfa);
	if (end != UNWIND_GOES_ON)
		return end;
	if (cfa < w->sp + 8 || (cfa & 7))
		return STACK_CORRUPT;
	if (rule->fp == UNWIND_FP_CFA && rule->fp_offset == -16) {
		if (unwind_read(w, pair, sizeof(pair), cfa - 16))
			return STACK_UNREADABLE;
		w->is_fp_lost = 0;
	} else {
		if (unwind_read(w, &pair[1], sizeof(pair[1]), cfa - 8))
			return STACK_UNREADABLE;
		end = unwind_saved_fp(w, rule, cfa, &pair[0]);
		if (end != UNWIND_GOES_ON)
			return end;
	}
	w->is_last_by_fp = 0;
	return unwind_go_up(w, cfa - 8, pair[1], pair[0]);
}

/* A return address that a tracer has replaced by its own: the real one. */
static __always_inline enum stack_end unwind_by_tracer(struct unwind_walk *w)
{
	__u64 pc = w->is_return ? unwind_hijacked(w, w->sp - 8) : 0;

	if (!pc)
		return STACK_NO_TABLE;
	w->pc = pc;
	return UNWIND_GOES_ON;
}

static __always_inline enum stack_end unwind_from(struct unwind_walk *w,
						  const struct unwind_mapping *m)
{
	const struct unwind_rule *rule = NULL;

	if (m->kind == UNWIND_BY_NOTHING)
		return STACK_NO_TABLE;
	if (m->kind == UNWIND_BY_TABLE)
		rule = unwind_rule_find(w, m);
	if (!rule || rule->cfa == UNWIND_CFA_NONE)
		return unwind_by_fp(w, m->kind);
	if (rule->cfa == UNWIND_CFA_INEXPRESSIBLE)
		return STACK_EXPRESSION;
	if (rule->cfa == UNWIND_CFA_END)
		return STACK_COMPLETE;
	if (rule->cfa == UNWIND_CFA_SIGNAL)
		return unwind_signal(w);
	return unwind_by_rule(w, rule);
}

/* Keeps the current frame and goes to its caller; w->end says whether there is one. */
static __always_inline void unwind_step(struct unwind_walk *w, const struct unwind_process *p)
{
	const struct unwind_mapping *m = unwind_mapping_find(w, p);

	if (m && m->kind == UNWIND_TRAMPOLINE) {
		w->end = unwind_by_tracer(w);
		return;
	}
	if (!m && (w->is_last_by_fp || w->pc < UNWIND_MIN_ADDRESS)) {
		w->end = w->is_last_by_fp ? STACK_NO_TABLE : STACK_CORRUPT;
		return;
	}
	if (!unwind_keep(w, unwind_place(w))) {
		w->end = STACK_TOO_DEEP;
		return;
	}
	w->is_unmapped = !m;
	w->end = m ? unwind_from(w, m) : STACK_NO_TABLE;
}

#endif
