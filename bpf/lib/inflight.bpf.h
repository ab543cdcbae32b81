/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which return belongs to which entry, decided by the stack pointer alone (x86-64, System V): a
 * call entered at stack pointer S returns at S + 8. The outermost call is the one that counts:
 *
 * - entered deeper on the same stack while a call is open: nested, ignored;
 * - entered at or above the open call's S: that one never returned (exception, longjmp), or it
 *   tail-called this one (same S), which then answers for both.
 */
#ifndef LIB_INFLIGHT_BPF_H
#define LIB_INFLIGHT_BPF_H

#include <linux/types.h>

/*
 * An allocator call deeper than this below the open one is on another stack (a coroutine that was
 * switched to while the open call unwound): allocators are not that deep.
 */
#define INFLIGHT_REACH_BYTES (128 * 1024)

#if defined(__TARGET_ARCH_x86)
#define RETURN_ADDRESS_BYTES 8 /* popped by ret */
#else
#define RETURN_ADDRESS_BYTES 0
#endif

/*
 * More calls than this inside one are not an allocator at work: the open call was left by an
 * exception and the stack has grown past its place again.
 */
#define INFLIGHT_NESTED_MAX 64

struct inflight {
	__u64 sp;      /* at entry of the outermost call; 0: no call was ever seen */
	__u32 is_open; /* 1 between its entry and its return */
	__u32 nested;  /* entries inside it */
};

static __always_inline bool inflight_is_nested(const struct inflight *f, __u64 sp)
{
	return f->is_open && sp < f->sp && f->sp - sp < INFLIGHT_REACH_BYTES;
}

/* True when this entry counts. *ret_is_lost: a call before it never returned. */
static __always_inline bool inflight_enter(struct inflight *f, __u64 sp, bool *ret_is_lost)
{
	*ret_is_lost = false;
	if (inflight_is_nested(f, sp) && f->nested++ < INFLIGHT_NESTED_MAX)
		return false;
	*ret_is_lost = f->is_open && sp != f->sp;
	f->sp = sp;
	f->is_open = 1;
	f->nested = 0;
	return true;
}

/* True when this return closes the open call. *ret_is_lost: the open call never returned. */
static __always_inline bool inflight_leave(struct inflight *f, __u64 sp, bool *ret_is_lost)
{
	__u64 entry_sp = sp - RETURN_ADDRESS_BYTES;

	*ret_is_lost = false;
	if (!f->is_open || inflight_is_nested(f, entry_sp))
		return false;
	f->is_open = 0;
	*ret_is_lost = entry_sp != f->sp;
	return entry_sp == f->sp;
}

#endif
