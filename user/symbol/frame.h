/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One place in a program as people read it. Strings are clean (base/text.h) and borrowed. */
#ifndef SYMBOL_FRAME_H
#define SYMBOL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum frame_kind {
	FRAME_NATIVE,
	FRAME_KERNEL,
	FRAME_JIT, /* made at run time: JavaScript and others */
};

#define FRAME_KERNEL_MODULE "[kernel]" /* the kernel itself, not a module of it */

struct frame {
	const char *function; /* demangled and clean; "" when no name is known */
	const char *module;   /* base name of the mapped file, clean; "[jit]" anonymous executable
				 memory, "[vdso]", "" none */
	const char *file;     /* source file, clean; "" when unknown */
	uint32_t line;	      /* 0 when unknown */
	bool is_inlined;      /* it has no code of its own: it was inlined into the next frame */
	uint64_t offset;      /* of the address in the module (file address) */
	enum frame_kind kind;
	uint32_t column; /* of line, where the function begins; from 1, 0 unknown */
};

#endif
