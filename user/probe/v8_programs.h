/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which processes run V8, and how its frames are read: found in the files they map by the symbols
 * that V8 exports for debuggers, so under any name, and in a libnode.so too. Each file is read
 * once, however many processes map it; files are told apart by device and inode.
 */
#ifndef PROBE_V8_PROGRAMS_H
#define PROBE_V8_PROGRAMS_H

#include "abi/unwind.h"
#include "host/target.h"
#include "symbol/v8_layout.h"

#define V8_PROGRAM_MAPPINGS 8 /* of the file that has V8; its builtins may be mapped twice */

/* V8 in one process. */
struct v8_program {
	bool has_v8;
	const struct v8_layout *layout; /* NULL: it cannot be read. Lasts as the programs do */
	const struct elf *elf;		/* of the file; its reader is gone */
	uint64_t device, inode;
	struct {
		uint64_t start, end, offset;
	} at[V8_PROGRAM_MAPPINGS];
	size_t count;
};

struct v8_programs;

/* @js_fd: map "unwind_js", borrowed. NULL when out of memory. */
struct v8_programs *v8_programs_new(int js_fd);
void v8_programs_free(struct v8_programs *v);

/*
 * What the mappings of @t say, and tells the kernel side of it. A V8 that cannot be read is said
 * once for each file. 0, -ENOMEM, or what the kernel said.
 */
int v8_programs_look(struct v8_programs *v, const struct target *t, const struct procmaps *maps,
		     struct v8_program *ret);

/* What the kernel side is told of a V8 that can be read. */
void v8_programs_js(const struct v8_layout *layout, struct unwind_js *ret_js);

/* The process has ended, or executed another program: its frames are read no more. */
void v8_programs_forget(const struct v8_programs *v, pid_t pid);

/* Where @addr lies in the file that has V8; 0: not in it. */
uint64_t v8_program_vaddr(const struct v8_program *p, uint64_t addr);

#endif
