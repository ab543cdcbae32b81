/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * /proc/kallsyms, parsed: the functions of the kernel and its modules. Source: kernel/kallsyms.c of
 * Linux (s_show): "ADDRESS TYPE NAME", and behind a tab "[MODULE]".
 *
 * Memory: 16 bytes and the name for each function, and up to as much again because the tables grow
 * by doubling: some 12 MiB for 200,000 functions.
 */
#ifndef SYMBOL_KALLSYMS_H
#define SYMBOL_KALLSYMS_H

#include "base/bytes.h"

#include <stdbool.h>

#define KALLSYMS_MAX_FUNCTIONS 2000000
/*
 * The file tells no sizes. A function goes on to the next one, but at most this far: behind the
 * last one of the kernel or a module there is no code of theirs.
 */
#define KALLSYMS_MAX_FUNCTION_BYTES (256u << 10)

struct kallsym {
	uint64_t start;
	uint32_t name, module; /* in the names */
};

struct kallsyms {
	struct kallsym *at; /* ascending by start, each start once: the first name in the file */
	size_t len, cap;
	struct { /* one after the other, each with its NUL */
		char *at;
		size_t len, cap;
	} names;
};

struct kallsyms_function {
	const char *name;   /* clean */
	const char *module; /* clean: "[nf_tables]", "[bpf]"; "[kernel]" for the kernel itself */
	uint64_t start;
};

void kallsyms_done(struct kallsyms *ks);

/*
 * Symbols of code only (types t T w W). 0; -EBADMSG with *ret_offset of the bad line; -EPERM all
 * addresses are 0, so hidden from this process (kernel.kptr_restrict, no CAP_SYSLOG); -ENODATA no
 * code in it; -E2BIG; -ENOMEM. @ret_ks is untouched on failure.
 */
int kallsyms_parse(struct bytes text, struct kallsyms *ret_ks, uint64_t *ret_offset);

/* The function that holds @addr; its texts are valid until kallsyms_done. False: none is known. */
bool kallsyms_find(const struct kallsyms *ks, uint64_t addr, struct kallsyms_function *ret);

#endif
