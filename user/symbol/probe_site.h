/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where in a function a uprobe costs least. The kernel emulates a few instructions (push of a
 * register, nop, jmp, jcc, call: arch/x86/kernel/uprobes.c, branch_setup_xol_ops and
 * push_setup_xol_ops) and must single-step the others, which costs about ten times as much.
 * Instructions are decoded by capstone.
 */
#ifndef SYMBOL_PROBE_SITE_H
#define SYMBOL_PROBE_SITE_H

#include "base/bytes.h"

#include <stdbool.h>

/* Only this many bytes from the start are considered. */
#define PROBE_SITE_WINDOW 64

struct probe_site {
	uint32_t offset;  /* from the function's first byte, bytes */
	bool is_emulated; /* false: single-stepped */
};

/* Argument registers (System V x86-64: rdi rsi rdx rcx r8 r9) as a set, a bit each. */
#define PROBE_SITE_ARGUMENTS   6
#define PROBE_SITE_ARGUMENT(n) (1u << (n))
#define PROBE_SITE_FIRST(n)    ((1u << (n)) - 1)

/*
 * @code: the function's bytes from its first instruction to its end (symbol size, at most 64 KiB
 * looked at).
 * @arguments: these registers must still hold the caller's values at the chosen place.
 * @needs_return: the stack pointer must still point at the return address there.
 *
 * Chosen is the first emulated instruction reached in a straight line from the entry with nothing
 * done before it that can be seen from outside (no memory written, no call, no branch) and that no
 * direct jump inside the function leads back to; else the entry, marked not emulated unless it is.
 * The kernel refuses an instruction with a lock prefix: where the entry has one, what follows it
 * counts as the entry, though memory was written.
 *
 * Returns 0; -EBADMSG when the entry is no instruction; -EOPNOTSUPP when the kernel would refuse
 * the entry and nothing after it will do; -ENOMEM.
 */
int probe_site_choose(struct bytes code, unsigned int arguments, bool needs_return,
		      struct probe_site *ret_site);

#endif
