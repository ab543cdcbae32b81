/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Functions of the running kernel, from /proc/kallsyms as it was when it was read: what is loaded
 * later (modules, BPF programs) has no name. Memory: symbol/kallsyms.h; while it reads, the text
 * too (some 10 MiB, at most 64).
 */
#ifndef HOST_KERNEL_SYMBOLS_H
#define HOST_KERNEL_SYMBOLS_H

#include "symbol/frame.h"

#include <stdint.h>

struct kernel_symbols;

/*
 * Reads them; takes a tenth of a second, so once per run. When the kernel hides the addresses or
 * the file cannot be read, that is said, with what to do, and every address is unknown: 0 too.
 * -ENOMEM.
 */
int kernel_symbols_open(struct kernel_symbols **ret_ks);
void kernel_symbols_free(struct kernel_symbols *ks);
void kernel_symbols_freep(struct kernel_symbols **ks);

/* The build id of the running kernel in lower-case hex, NULL: not known. Lives as long as @ks. */
const char *kernel_symbols_build_id(const struct kernel_symbols *ks);

/*
 * The place of @addr: kind FRAME_KERNEL, function, module "[kernel]" or "[nf_tables]", offset in
 * the function; no file, no line. Unknown: function "", module "[kernel]", offset @addr itself. The
 * texts are valid until kernel_symbols_free.
 */
void kernel_symbols_find(const struct kernel_symbols *ks, uint64_t addr, struct frame *ret_frame);

#endif
